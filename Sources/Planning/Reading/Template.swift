import Base

/// A string split at its references to variables, `${name}`.
struct Template {
    /// A literal text, or a reference to a variable.
    enum Piece: Equatable {
        case text(String)
        /// The name of a variable.
        case variable(String)
        /// A text that begins with `${` but is not a valid reference.
        case malformed(String)
    }

    let pieces: [Piece]

    /// Splits a string, or returns `nil` if it does not contain `${`.
    init?(_ text: String) {
        guard text.utf8.contains(UInt8(ascii: "$")), text.contains("${") else { return nil }
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                if !literal.isEmpty { pieces.append(.text(literal)) }
                literal = ""
                pieces.append(Self.takeReference(from: &rest))
            } else {
                literal += "$"
                rest = rest.dropFirst()
            }
        }
        literal += rest
        if !literal.isEmpty || pieces.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
    }

    /// The name of the variable if the string is a single reference, or `nil` if it is not.
    var onlyVariable: String? {
        guard pieces.count == 1, case .variable(let name) = pieces[0] else { return nil }
        return name
    }

    var names: [String] {
        pieces.compactMap { if case .variable(let name) = $0 { name } else { nil } }
    }

    private static func takeReference(from rest: inout Substring) -> Piece {
        let body = rest.dropFirst(2)
        guard let end = body.firstIndex(of: "}") else {
            let all = String(rest.prefix { !$0.isNewline })
            rest = rest[rest.endIndex...]
            return .malformed(all)
        }
        let name = String(body[..<end])
        defer { rest = body[body.index(after: end)...] }
        return isVariableName(name) ? .variable(name) : .malformed("${\(name)}")
    }
}

/// Returns whether a string is a variable name: a letter or `_`, then up to 127 letters, digits, `_`, `-` and dots.
func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first.isLetter || first == UInt8(ascii: "_") else { return false }
    return name.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_-.".utf8.contains($0) } && name.utf8.count <= 128
}

extension ProblemCollector {
    /// Returns whether a file can set a variable of this name, after reporting the problem if it cannot.
    func checkVariableName(_ name: String, at location: SourceLocation) -> Bool {
        if !isVariableName(name) {
            let message = "\(quoted(name)) cannot be the name of a variable"
            add(location, message, hint: "write a letter, then letters, digits, '_', '-' or '.'")
        } else if name.hasPrefix("node.") || name.hasPrefix("cluster.") {
            let hint = "write \(name.replacing(".", with: "_"))"
            add(location, "names such as '\(name)' are built in", hint: hint)
        } else {
            return true
        }
        return false
    }
}

extension UInt8 {
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    var isLowercaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
