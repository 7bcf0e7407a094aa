/// A pipeline of a shell script of which the shell only sees whether the last program succeeds.
struct Pipeline: Hashable {
    /// The number of the line with the first `|`, from 1.
    var line: Int
    /// The first program.
    var program: String

    /// Finds the last pipeline of a script that does not set `pipefail`.
    ///
    /// - Parameter script: The text of the script.
    /// - Returns: The pipeline, `nil` if there is none, or the script sets the option.
    static func unwatched(in script: String) -> Pipeline? {
        guard !script.contains("pipefail") else { return nil }
        var reader = PipelineReader(script)
        return reader.all().last
    }
}

/// Reads the pipelines of a script, without texts in quotes, comments, here-documents and the patterns of `case`.
private struct PipelineReader {
    /// A list of commands, in parentheses or the whole script.
    private struct List {
        /// The text of the command that is being read.
        var command = ""
        /// Whether a `|` preceded the command.
        var isInPipeline = false
    }

    private let characters: [Character]
    private var index = 0
    private var line = 1
    private var lists = [List()]
    private var list: List {
        get { lists[lists.count - 1] }
        set { lists[lists.count - 1] = newValue }
    }
    /// The lines at which the here-documents that begin after this line end.
    private var documentEnds: [String] = []
    private var found: [Pipeline] = []

    init(_ script: String) { characters = Array(script) }

    mutating func all() -> [Pipeline] {
        while let character = next() {
            switch character {
            case "\\": list.command += next().map { $0 == "\n" ? " " : String($0) } ?? ""
            case "'", "\"", "`": readQuoted(until: character)
            case "#" where list.command.last.map(\.isWhitespace) ?? true:
                while let following = peek, following != "\n" { index += 1 }
            case "|", "&", ";": readOperator(character)
            case "<" where peek == "<": readDocumentStart()
            case "(": lists.append(List())
            case ")" where lists.count > 1:
                lists.removeLast()
                list.command += "()"
            case ")": list = List()
            case "\n": readLineEnd()
            default: list.command.append(character)
            }
        }
        return found
    }

    private var peek: Character? { index < characters.count ? characters[index] : nil }

    private mutating func next() -> Character? {
        guard let character = peek else { return nil }
        index += 1
        if character == "\n" { line += 1 }
        return character
    }

    private mutating func readQuoted(until end: Character) {
        list.command.append(end)
        while let character = next(), character != end {
            list.command.append(character)
            if character == "\\", end != "'" { list.command += next().map(String.init) ?? "" }
        }
        list.command.append(end)
    }

    private mutating func readOperator(_ character: Character) {
        // The operators `>|`, `>&` and `&>` redirect.
        if character != ";", list.command.last == ">" || character == "&" && peek == ">" {
            list.command.append(character)
            return
        }
        guard character == "|", peek != "|" else {
            if peek == character { index += 1 }
            list = List()
            return
        }
        if !list.isInPipeline, !isPattern, let program = firstWord {
            found.append(Pipeline(line: line, program: program))
        }
        if peek == "&" { index += 1 }
        list = List(isInPipeline: true)
    }

    private mutating func readLineEnd() {
        // A pipeline continues after a line that ends with `|`.
        if list.command.contains(where: { !$0.isWhitespace }) { list = List() }
        for end in documentEnds {
            while index < characters.count {
                var text = ""
                while let character = next(), character != "\n" { text.append(character) }
                if text.drop(while: { $0 == "\t" }) == end { break }
            }
        }
        documentEnds = []
    }

    private mutating func readDocumentStart() {
        index += 1
        // The operator `<<<` is followed by a text in place of a here-document.
        if peek == "<" {
            index += 1
            return
        }
        if peek == "-" { index += 1 }
        var word = ""
        while let character = peek, character != "\n", !"|&;()<>".contains(character) {
            if character.isWhitespace, !word.isEmpty { break }
            if !character.isWhitespace, !"'\"\\".contains(character) { word.append(character) }
            index += 1
        }
        if !word.isEmpty { documentEnds.append(word) }
    }

    /// Whether the `|` before this place separates patterns of `case`, by the text after it.
    private var isPattern: Bool {
        guard lists.count == 1, let end = characters[index...].firstIndex(where: { "()\n;&<>$`".contains($0) })
        else { return false }
        return characters[end] == ")"
    }

    /// The program that the command starts, after words of the shell and assignments.
    private var firstWord: String? {
        let words = list.command.split(whereSeparator: \.isWhitespace).map(String.init)
        let start = words.lastIndex { ["{", "do", "then", "else"].contains($0) }.map { $0 + 1 } ?? 0
        let ofShell: Set = ["if", "while", "until", "elif", "!", "time", "exec", "sudo"]
        return words.dropFirst(start).first { word in
            !ofShell.contains(word) && !word.hasPrefix("-")
                && word.firstMatch(of: /^[A-Za-z_][A-Za-z0-9_]*=/) == nil
        }
    }
}
