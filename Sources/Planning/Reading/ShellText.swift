/// A part of a path that a shell replaces, and no other program.
struct ShellText {
    /// The part, such as `$HOME` or `~`.
    let text: String

    /// The path without it, `nil` if it depends on the user or the node.
    let path: String?

    /// Finds the first such part, or returns `nil` if there is none.
    init?(in path: String) {
        if path.utf8.first == UInt8(ascii: "~") {
            let name = path.prefix { !$0.isSlash }
            text = String(name)
            let isRoot = name == "~" || name == "~root"
            self.path = isRoot ? "/root" + path.dropFirst(name.count) : nil
            return
        }
        guard let dollar = path.utf8.indices.first(where: { path.utf8[$0] == UInt8(ascii: "$") }) else {
            guard let quote = path.firstIndex(of: "`"), let end = path[quote...].dropFirst().firstIndex(of: "`") else {
                return nil
            }
            text = String(path[quote...end])
            self.path = nil
            return
        }
        let name = path[dollar...].dropFirst().prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        guard let first = name.first, first.isUppercase, name.count > 1 else { return nil }
        text = "$\(name)"
        let isHome = name == "HOME" && dollar == path.startIndex
        self.path = isHome ? "/root" + path.dropFirst(text.count) : nil
    }
}

extension Character {
    fileprivate var isSlash: Bool { self == "/" }
}

/// The end of a path that is a comment of another language, or a separator of JSON or a programming language.
struct ForeignEnd {
    /// The mistake, without the key.
    let message: String
    /// The path without it.
    let rest: String

    /// Finds the end, or returns `nil` if there is none.
    init?(of path: String) {
        // Every mark begins with a space, which few paths contain.
        for mark in path.utf8.contains(UInt8(ascii: " ")) ? [" // ", " /* ", " ; ", " -- ", " //", " /*"] : [] {
            guard let start = path.firstRange(of: mark) else { continue }
            let comment = path[start.lowerBound...].drop { $0 == " " }
            message = "contains \(quoted(comment)), and a comment begins with '#' in YAML"
            rest = "\(path[..<start.lowerBound]) # \(Self.words(comment))"
            return
        }
        guard let last = path.last, last == "," || last == ";", path.count > 1 else { return nil }
        message = "ends with '\(last)', which would be a part of it"
        rest = String(path.dropLast())
    }

    /// Returns a comment without the characters around it.
    private static func words(_ comment: Substring) -> String {
        var words = comment.drop { "/*;- ".contains($0) }
        while let last = words.last, "*/ ".contains(last) { words.removeLast() }
        return String(words)
    }
}
