import Base
import YAML

/// A name of a CustomResourceDefinition that another definition of the same group has.
///
/// The server reports one such name at a time, in the message of condition `NamesAccepted`.
struct TakenName {
    /// The name.
    let name: String
    /// The key of `spec.names` that has the name, `nil` if none has it.
    let key: String?
    /// Whether the condition is older than the names, which do not have the name any more.
    let isOutdated: Bool

    /// The keys of `spec.names` whose values must be unique in the group of the definition.
    static let keys = ["plural", "singular", "kind", "listKind", "shortNames"]

    /// Reads the name, `nil` if the message contains none.
    ///
    /// - Parameters:
    ///   - message: The message of the condition, such as `"OrderList" is already in use`.
    ///   - names: The value of `spec.names` of the object on the server, in which no key is missing.
    init?(in message: String, names: Node?) {
        guard let match = message.firstMatch(of: /"([^"]+)" is already in use/) else { return nil }
        name = String(match.1)
        key = Self.key(of: name, in: names)
        isOutdated = names != nil && key == nil
    }

    /// Returns whether a definition has the name, from its `status.acceptedNames`.
    func isName(in accepted: Node?) -> Bool { Self.key(of: name, in: accepted) != nil }

    /// Returns the keys of names that another definition has.
    ///
    /// - Parameters:
    ///   - names: The `spec.names` of the definition.
    ///   - accepted: The `status.acceptedNames` of the other definition, `nil` if it is not known.
    ///   - reported: The name that the server has reported.
    /// - Returns: At least one key, in the order of ``keys``.
    static func keys(of names: Node?, takenBy accepted: Node?, _ reported: TakenName) -> [String] {
        let taken = keys.filter { key in
            let values = names?[key].map { $0.sequence ?? [$0] } ?? []
            return values.compactMap(\.string).contains { Self.key(of: $0, in: accepted) != nil }
        }
        return taken.isEmpty ? [key(of: reported.name, in: names) ?? "kind"] : taken
    }

    private static func key(of name: String, in names: Node?) -> String? {
        keys.first { key in
            names?[key]?.string == name || names?[key]?.sequence?.contains { $0.string == name } == true
        }
    }
}
