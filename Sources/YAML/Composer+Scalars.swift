/// What scalars stand for, their tags considered.
extension Composer {
    /// Finds the value of a scalar, as kubectl does.
    ///
    /// Tags that are not among YAML's own make a string of any text.
    mutating func resolve(_ scalar: ScalarEvent, at place: Place) -> ResolvedScalar {
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
            problems.append(Diagnostic(place, "'\(scalar.text)' is not what its tag '!!\(tag)' says"))
        case ("binary", _):
            resolved.text = decodeBinary(scalar.text, at: place)
        default: break
        }
        return resolved
    }

    private mutating func decodeBinary(_ text: String, at place: Place) -> String {
        guard let bytes = decodeBase64(text) else {
            problems.append(Diagnostic(place, "the value of a '!!binary' is not base64"))
            return ""
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            problems.append(
                Diagnostic(place, "the value of a '!!binary' is not UTF-8 text, and JSON can hold nothing else"),
            )
            return ""
        }
        return decoded
    }

    /// Makes a key of a scalar.
    mutating func key(of scalar: ResolvedScalar, at place: Place) -> ComposerFrame.Key {
        if scalar.isMerge { return .merge(place) }
        switch scalar.value {
        case .string: return .text(scalar.text, place)
        case .boolean(let value): return .text(value ? "true" : "false", place)
        case .integer(let number): return .text(number.json, place)
        case .float(let number): return .text(KeyText.float(number), place)
        case .notFinite(let spelling): return .text(spelling, place)
        case .null:
            problems.append(Diagnostic(place, "key is null", hint: "put it in quotes: '\(scalar.text)'"))
            return .invalid
        }
    }

    /// Makes a key of what an alias stands for, or of a collection.
    mutating func key(of node: Node, at place: Place) -> ComposerFrame.Key {
        switch node.content {
        case .string(let text): return .text(text, place)
        case .boolean(let value): return .text(value ? "true" : "false", place)
        case .number(let number):
            if case .float = ScalarValue(number.text) { return .text(KeyText.float(number), place) }
            return .text(number.json, place)
        case .null, .sequence, .mapping:
            problems.append(
                Diagnostic(place, "\(node.kindName) cannot be a key", hint: "if it is text, put it in quotes")
            )
            return .invalid
        }
    }
}

/// A scalar whose value is known.
struct ResolvedScalar {
    var value = ScalarValue.string
    /// The characters, decoded if they were base64.
    var text: String
    let style: Node.Style
    /// Whether this is `<<` where it stands for a key.
    let isMerge: Bool

    init(_ scalar: ScalarEvent) {
        text = scalar.text
        style = scalar.style
        // A single `!` makes a string of every other scalar, but not of this one.
        let isUntagged = scalar.style == .plain && (scalar.tag == nil || scalar.tag == "!")
        isMerge = scalar.text == "<<" && (isUntagged || scalar.standardTag == "merge")
    }

    /// The scalar as a value.
    func node(at place: Place) -> Node {
        switch value {
        case .null: Node(.null, place: place, style: style)
        case .boolean(let value): Node(.boolean(value), place: place, style: style)
        case .integer(let number), .float(let number): Node(.number(number), place: place, style: style)
        case .string, .notFinite: Node(.string(text), place: place, style: style)
        }
    }

    /// Why this may not be a value, if it may not.
    func problemAsValue(at place: Place) -> Diagnostic? {
        guard case .notFinite = value else { return nil }
        return Diagnostic(place, "'\(text)' is a number that JSON does not have", hint: "put it in quotes: '\(text)'")
    }
}

extension ScalarEvent {
    /// The tag's name if it is one of YAML's own: `int` for `!!int`.
    var standardTag: String? {
        let prefix = "tag:yaml.org,2002:"
        guard let tag, tag.hasPrefix(prefix) else { return nil }
        return String(tag.dropFirst(prefix.count))
    }

    /// Whether there is nothing at all, not even quotes.
    var isAbsent: Bool {
        text.isEmpty && style == .plain && tag == nil && anchor == nil
    }
}
