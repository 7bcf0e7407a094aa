import Base

/// The source of a manual page, in mdoc macros.
///
/// The macros are described in mdoc(7): https://mandoc.bsd.lv/man/mdoc.7.html
struct ManualText {
    private(set) var lines: [String] = []

    /// Begins a page.
    ///
    /// - Parameters:
    ///   - title: The title of the page.
    ///   - section: The section of the manual, such as 8.
    ///   - date: The date as `November 20, 2026`.
    ///   - summary: The subject of the page, in a few words.
    init(_ title: String, _ section: Int, date: String, _ summary: String) {
        let escapedTitle = escaped(title)
        lines = [
            ".Dd \(date)", ".Dt \(escapedTitle.uppercased()) \(section)", ".Os",
            ".Sh NAME", ".Nm \(escapedTitle)", ".Nd \(escaped(summary))",
        ]
    }

    /// The complete source.
    var text: String { lines.map { $0 + "\n" }.joined() }

    mutating func add(_ macros: String...) { lines += macros }

    /// Begins a section.
    mutating func section(_ title: String) { lines.append(".Sh \(title)") }

    /// Begins a subsection.
    mutating func subsection(_ title: String) { lines.append(".Ss \(escaped(title))") }

    /// Adds paragraphs of text, separated by macros.
    mutating func paragraphs(_ texts: [String]) {
        for (index, text) in texts.enumerated() {
            if index > 0 { lines.append(".Pp") }
            paragraph(text)
        }
    }

    /// Adds a text, and begins a new line of the source with every sentence.
    mutating func paragraph(_ text: String) {
        for sentence in sentences(text) { lines += escaped(sentence).wrapped(to: 76).map(guarded) }
    }

    /// Adds a list of terms with texts.
    ///
    /// - Parameters:
    ///   - width: A sample text whose width is the indentation of the texts.
    ///   - isCompact: Whether to leave no space between the items.
    ///   - items: The terms as macros or text, and their texts.
    mutating func list(width: String = "Ds", isCompact: Bool = false, _ items: [(term: String, texts: [String])]) {
        guard !items.isEmpty else { return }
        lines.append(".Bl -tag -width \(width)\(isCompact ? " -compact" : "")")
        for item in items {
            lines.append(".It \(item.term)")
            paragraphs(item.texts)
        }
        lines.append(".El")
    }

    /// Adds lines in literal form.
    mutating func display(_ texts: [String]) {
        lines.append(".Bd -literal -offset indent")
        lines += texts.map { guarded(escaped($0)) }
        lines.append(".Ed")
    }
}

/// Escapes a text for roff.
func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("`", with: "").replacing("’", with: "'")
}

/// Escapes a term of a list, so that roff does not interpret words of the term as macros.
func term(_ text: String) -> String {
    escaped(text).split(separator: " ").map { $0.count <= 3 || $0.hasPrefix("\"") ? "\\&\($0)" : String($0) }
        .joined(separator: " ")
}

/// Protects a line from being interpreted as a macro.
private func guarded(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&\(line)" : line
}

private func sentences(_ text: String) -> [String] {
    var result: [String] = [""]
    for word in text.split(separator: " ") {
        if !result[result.count - 1].isEmpty { result[result.count - 1] += " " }
        result[result.count - 1] += word
        if word.hasSuffix(".") || word.hasSuffix("?") { result.append("") }
    }
    return result.filter { !$0.isEmpty }
}
