import Base

/// The values of scalars, according to their tags.
extension Composer {
    /// Resolves a scalar, as kubectl does.
    ///
    /// A scalar with a custom tag is a string.
    mutating func resolve(_ scalar: ScalarEvent, at location: SourceLocation) -> ResolvedScalar {
        var resolved = ResolvedScalar(scalar)
        guard let tag = scalar.standardTag else {
            let isPlain = scalar.style == .plain && scalar.tag == nil
            resolved.value = isPlain ? ScalarValue(scalar.text) : .string
            return resolved
        }
        let value = ScalarValue(scalar.text)
        switch (tag, value) {
        case ("int", .integer), ("float", .integer), ("float", .float), ("float", .notFinite), ("bool", .boolean),
            ("null", .null):
            resolved.value = value
        case ("int", _), ("float", _), ("bool", _), ("null", _):
            problems.append(Problem("'\(scalar.text)' does not match its tag '!!\(tag)'", at: location))
        case ("binary", _):
            resolved.text = decodeBinary(scalar.text, at: location)
        default: break
        }
        return resolved
    }

    private mutating func decodeBinary(_ text: String, at location: SourceLocation) -> String {
        guard let bytes = try? Base64.decode(text) else {
            problems.append(Problem("the value of a '!!binary' is not base64", at: location))
            return ""
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            problems.append(
                Problem("the value of a '!!binary' is not UTF-8 text, which JSON requires", at: location),
            )
            return ""
        }
        return decoded
    }

    /// Converts a scalar to a key.
    mutating func key(of scalar: ResolvedScalar, at location: SourceLocation) -> ComposerFrame.Key {
        if scalar.isMerge { return .merge(location) }
        switch scalar.value {
        case .string: return .text(scalar.text, location)
        case .boolean(let value):
            let word = value ? "true" : "false"
            // kubectl renames such a key without a word.
            if scalar.text.lowercased() != word {
                problems.append(
                    Problem(
                        "key '\(scalar.text)' is the boolean \(word) in YAML 1.1, so it would become '\(word)'",
                        at: location,
                        hint: "put it in quotes: '\(scalar.text)'"
                    )
                )
                return .invalid
            }
            return .text(word, location)
        case .integer(let number): return .text(number.json, location)
        case .float(let number): return .text(KeyText.float(number), location)
        case .notFinite(let spelling): return .text(spelling, location)
        case .null:
            problems.append(Problem("key is null", at: location, hint: "put it in quotes: '\(scalar.text)'"))
            return .invalid
        }
    }

    /// Converts the value of an alias, or a collection, to a key.
    mutating func key(of node: Node, at location: SourceLocation) -> ComposerFrame.Key {
        switch node.content {
        case .string(let text): return .text(text, location)
        case .boolean(let value): return .text(value ? "true" : "false", location)
        case .number(let number):
            if case .float = ScalarValue(number.text) { return .text(KeyText.float(number), location) }
            return .text(number.json, location)
        case .null, .sequence, .mapping:
            problems.append(
                Problem("\(node.kindName) cannot be a key", at: location, hint: "if it is text, put it in quotes")
            )
            return .invalid
        }
    }
}

/// A scalar with its value.
struct ResolvedScalar {
    var value = ScalarValue.string
    /// The characters, decoded if they were base64.
    var text: String
    let style: Node.Style
    /// Whether this is `<<`, which as a key merges mappings.
    let isMerge: Bool

    init(_ scalar: ScalarEvent) {
        text = scalar.text
        style = scalar.style
        // A single `!` makes every scalar a string, except this one.
        let isUntagged = scalar.style == .plain && (scalar.tag == nil || scalar.tag == "!")
        isMerge = scalar.text == "<<" && (isUntagged || scalar.standardTag == "merge")
    }

    /// The scalar as a value.
    func node(at location: SourceLocation) -> Node {
        switch value {
        case .null: Node(.null, location: location, style: style)
        case .boolean(let value): Node(.boolean(value), location: location, style: style)
        case .integer(let number), .float(let number): Node(.number(number), location: location, style: style)
        case .string, .notFinite: Node(.string(text), location: location, style: style)
        }
    }

    /// The problem of a scalar that cannot be a value.
    func problemAsValue(at location: SourceLocation) -> Problem? {
        guard case .notFinite = value else { return nil }
        return Problem(
            "'\(text)' is a number that JSON cannot represent",
            at: location,
            hint: "put it in quotes: '\(text)'"
        )
    }
}

extension ScalarEvent {
    /// The name of a standard tag: `int` for `!!int`.
    var standardTag: String? {
        let prefix = "tag:yaml.org,2002:"
        guard let tag, tag.hasPrefix(prefix) else { return nil }
        return String(tag.dropFirst(prefix.count))
    }

    /// Whether the scalar is empty and has no quotes.
    var isAbsent: Bool {
        text.isEmpty && style == .plain && tag == nil && anchor == nil
    }
}
