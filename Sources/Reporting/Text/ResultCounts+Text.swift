import Execution
import YAML

extension ResultCounts {
    /// The counts that are not zero, such as `20 created, 3 unchanged`; empty if nothing was counted.
    var text: String {
        let named = [
            (created, "created"), (changed, "configured"), (deleted, "deleted"), (unchanged, "unchanged"),
            (failed, "failed"),
        ]
        return named.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// The counts that are not zero, with the word for objects, such as `20 objects created, 3 unchanged`.
    var objectText: String {
        let text = text
        guard let space = text.firstIndex(of: " ") else { return text }
        return "\(text[..<space]) \(text.hasPrefix("1 ") ? "object" : "objects")\(text[space...])"
    }

    /// The result of a dry run, such as `2 objects would be created, 1 changed`; `nil` if no object would change.
    var plan: String? {
        let named = [(created, "created"), (changed, "changed"), (deleted, "deleted")].filter { $0.0 > 0 }
        guard let (count, word) = named.first else { return nil }
        let first = "\(count) \(count == 1 ? "object" : "objects") would be \(word)"
        return ([first] + named.dropFirst().map { "\($0.0) \($0.1)" }).joined(separator: ", ")
    }

    /// The counts as a JSON object, or `nil` if nothing was counted.
    var node: Node? {
        guard !isEmpty else { return nil }
        return .mapping([
            "created": .number(created), "configured": .number(changed), "deleted": .number(deleted),
            "unchanged": .number(unchanged), "failed": .number(failed),
        ])
    }
}
