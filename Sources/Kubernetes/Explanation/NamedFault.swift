/// A schema violation of an object, as reported by the server.
struct NamedFault {
    var path: FieldPath
    var message: String

    /// The beginning of a message about items with the same keys.
    static let repetition = "duplicate entries for key"

    /// Whether two items of a list have the same keys.
    var isRepetition: Bool { message.hasPrefix(Self.repetition) }

    /// Whether the kind has no such field.
    var isUnknownField: Bool { message.hasPrefix("field not declared in schema") }

    /// The key that an item of an associative list omits and for which the server has no default.
    ///
    /// Of several keys that are omitted it is the first. Servers from 1.34 on list all.
    var omittedKey: String? {
        message.firstMatch(of: /omits (?:key field |all key fields \[)"([^"]*)"/).map { String($0.1) }
    }

    /// Finds the faults in a refusal's message.
    ///
    /// Server-side apply reports them as `.spec.foo: field not declared in schema`, one per line after the
    /// introduction; strict decoding reports them as `unknown field "spec.foo", unknown field "spec.bar"`.
    static func all(in message: String) -> [NamedFault] {
        // A colon in quoted text does not end a path. Old servers repeat the value in Go syntax; the value is left out,
        // because it may be secret.
        let named = /(?:^| )(\.(?:"(?:[^"\\]|\\.)*"|[^"])*?): (.*?)(?:, got &.*)?$/
        let faults = message.split(whereSeparator: \.isNewline).compactMap { line in
            line.firstMatch(of: named).map { NamedFault(path: FieldPath(String($0.1)), message: String($0.2)) }
        }
        guard faults.isEmpty else { return faults }
        return message.matches(of: /unknown field "([^"]*)"/).map { match in
            NamedFault(path: FieldPath(String(match.1)), message: "field not declared in schema")
        }
    }
}
