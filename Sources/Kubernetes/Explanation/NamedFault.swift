/// A fault of an object as the server names it when the object does not match its kind's schema.
struct NamedFault {
    var path: FieldPath
    /// The problem.
    var message: String

    /// How a message about items with the same keys begins.
    static let repetition = "duplicate entries for key"

    /// Whether two items of a list have the same keys.
    var isRepetition: Bool { message.hasPrefix(Self.repetition) }

    /// Whether the kind has no such field.
    var isUnknownField: Bool { message.hasPrefix("field not declared in schema") }

    /// The key that an item of an associative list leaves out and that the server has no default for.
    var omittedKey: String? {
        message.firstMatch(of: /omits key field "([^"]*)"/).map { String($0.1) }
    }

    /// Finds the faults in a refusal's message.
    ///
    /// Server-side apply names them `.spec.foo: field not declared in schema`, one a line after the introduction; strict
    /// decoding names them `unknown field "spec.foo", unknown field "spec.bar"`.
    static func all(in message: String) -> [NamedFault] {
        // A colon in quoted text does not end a path. Old servers repeat the value in Go's syntax, which is left out
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
