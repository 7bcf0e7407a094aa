/// A part of a text that a program for templates replaces, or that a person should have replaced.
public struct TextPlaceholder: Sendable, Hashable {
    /// The places in which a placeholder is looked for.
    public enum Place: Sendable {
        /// Names, paths and addresses, which contain no such characters on purpose.
        case name
        /// Other values: only what hardly anything else than a placeholder looks like.
        case value
        /// Names, paths and addresses of a task file, in which `${NAME}` was replaced, and `$${NAME}` left it on purpose.
        case taskFile
    }

    /// The placeholder as written.
    public let text: Substring

    /// The name inside.
    public let name: String

    /// The program that replaces it, `nil` if a person does.
    public let tool: String?

    /// Finds the first placeholder of a text, or returns `nil` if there is none.
    public init?(in text: String, at place: Place = .name) {
        guard text.utf8.count <= Self.limit else { return nil }
        guard text.utf8.contains(where: \.isMark) || place != .value && Self.mayHaveRequest(text) else { return nil }
        var best: (range: Range<String.Index>, name: Substring, tool: String?)?
        for row in Self.brackets where row.places.contains(place) {
            guard let found = row.range(in: text) else { continue }
            if best.map({ found.range.lowerBound < $0.range.lowerBound }) ?? true {
                best = (found.range, found.name, row.tool)
            }
        }
        if best == nil, place == .name, let variable = Self.variable(in: text) {
            best = (variable, text[variable].dropFirst(), "envsubst or a shell")
        }
        if best == nil, place != .value, Self.mayHaveRequest(text), let words = Self.request(in: text) {
            best = (words, text[words], nil)
        }
        guard let best else { return nil }
        self.text = text[best.range]
        name = best.name.filter { !$0.isWhitespace && $0 != "-" && $0 != "=" }
        tool = best.tool
    }

    /// The longest text in which a placeholder is looked for, in bytes; names and addresses are shorter.
    private static let limit = 4096

    /// Returns a variable without braces, such as `$TAG`.
    private static func variable(in text: String) -> Range<String.Index>? {
        guard let dollar = text.firstIndex(of: "$") else { return nil }
        let name = text[dollar...].dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return name.first?.isLetter == true ? dollar..<name.endIndex : nil
    }

    /// Whether a text has enough capital letters for a request.
    private static func mayHaveRequest(_ text: String) -> Bool {
        text.utf8.count { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } >= "YOUR".count
    }

    /// Returns the words in capitals that ask the reader to write something else, such as `CHANGE_ME`.
    private static func request(in text: String) -> Range<String.Index>? {
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        let word = words.first { word in
            let plain = word.filter { $0 != "_" && $0 != "-" }
            return word.uppercased() == word
                && (["CHANGEME", "REPLACEME"].contains(plain) || plain.hasPrefix("YOUR") && plain.count > 4)
        }
        return word.map { $0.startIndex..<$0.endIndex }
    }

    /// The characters around a placeholder.
    private struct Brackets: Sendable {
        let open: String
        let close: String
        let tool: String?
        let places: Set<Place>
        /// Whether letters and digits beside the placeholder show that it is not one, as in `user@host@x`.
        var isWord = false
        /// Returns whether a text between the characters is that of a placeholder.
        let isName: @Sendable (Substring) -> Bool

        /// Returns whether no letters or digits are beside a part of a text.
        private static func isWord(_ part: Range<String.Index>, in text: String) -> Bool {
            let before = text.utf8[..<part.lowerBound].last
            let behind = text.utf8[part.upperBound...].first
            return ![before, behind].contains { $0.map(\.isWordByte) ?? false }
        }

        func range(in text: String) -> (range: Range<String.Index>, name: Substring)? {
            var rest = text[...]
            while let start = rest.firstRange(of: open) {
                let inner = text[start.upperBound...]
                guard let end = inner.firstRange(of: close) else { return nil }
                let name = inner[..<end.lowerBound]
                let found = start.lowerBound..<end.upperBound
                if isName(name), !isWord || Self.isWord(found, in: text) { return (found, name) }
                rest = inner
            }
            return nil
        }
    }

    private static let brackets: [Brackets] = {
        let all: Set<Place> = [.name, .value, .taskFile]
        let manifests: Set<Place> = [.name, .value]
        let names: Set<Place> = [.name, .taskFile]
        return [
            Brackets(open: "{{", close: "}}", tool: "a template engine such as Helm or Jinja", places: all) { _ in true
            },
            Brackets(open: "{%", close: "%}", tool: "a template engine such as Jinja", places: all) { _ in true },
            Brackets(open: "<%", close: "%>", tool: "a template engine such as ERB", places: all) { _ in true },
            Brackets(open: "${", close: "}", tool: "envsubst or a shell", places: manifests, isName: isReference),
            Brackets(open: "$(", close: ")", tool: "a shell", places: all, isName: isReference),
            Brackets(open: "@@", close: "@@", tool: "a build script", places: all, isName: isWord),
            Brackets(open: "%%", close: "%%", tool: "a build script", places: all, isName: isWord),
            Brackets(open: "%{", close: "}", tool: "a template engine", places: names, isName: isWord),
            Brackets(open: "%(", close: ")s", tool: "a Python program", places: all, isName: isWord),
            Brackets(open: "((", close: "))", tool: "a pipeline", places: all, isName: isWord),
            Brackets(open: "#{", close: "}#", tool: "a pipeline", places: all, isName: isWord),
            Brackets(open: "#{", close: "}", tool: "a template engine", places: names, isName: isWord),
            Brackets(open: "__", close: "__", tool: "a build script", places: names, isWord: true, isName: isCapital),
            Brackets(open: "@", close: "@", tool: "a build script", places: names, isWord: true, isName: isWord),
            Brackets(open: "%", close: "%", tool: "a Windows shell", places: names, isWord: true, isName: isCapital),
            Brackets(open: "<", close: ">", tool: nil, places: all, isName: isRequest),
            Brackets(open: "[[", close: "]]", tool: "a template engine", places: all, isName: isRequest),
        ]
    }()

    @Sendable private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isWordByte || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Whether a text is a name in capitals.
    @Sendable private static func isCapital(_ text: Substring) -> Bool {
        text.utf8.count > 1 && isWord(text) && text.first?.isUppercase == true && text.uppercased() == text
    }

    /// Whether a text is the name of a variable, perhaps with a default, or a short command.
    @Sendable private static func isReference(_ text: Substring) -> Bool {
        guard let first = text.utf8.first else { return false }
        return first.isWordByte && text.utf8.count <= 80 && !text.contains { "\"'\n{}()".contains($0) }
    }

    /// Whether a text describes what to write, such as `your-domain`.
    @Sendable private static func isRequest(_ text: Substring) -> Bool {
        guard let first = text.drop(while: { $0 == " " }).utf8.first else { return false }
        return first.isWordByte && text.utf8.count <= 60
            && text.utf8.allSatisfy { $0.isWordByte || " .-/:".utf8.contains($0) }
    }
}

extension UInt8 {
    /// Whether this is one of the bytes of which every placeholder in brackets, and every variable, has one.
    fileprivate var isMark: Bool {
        switch self {
        case UInt8(ascii: "{"), UInt8(ascii: "<"), UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "$"),
            UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: "_"), UInt8(ascii: "#"):
            true
        default: false
        }
    }

    /// Whether this is an ASCII letter, a digit or `_`.
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
