public import Execution
import YAML

/// How many objects of a task came to what.
public struct ObjectCounts: Sendable, Hashable {
    /// The objects that did not exist.
    public var created = 0

    /// The objects that were not as described.
    public var configured = 0

    /// The objects that were as described.
    public var unchanged = 0

    /// The objects that could not be applied.
    public var failed = 0

    /// Creates counts.
    public init(created: Int = 0, configured: Int = 0, unchanged: Int = 0, failed: Int = 0) {
        self.created = created
        self.configured = configured
        self.unchanged = unchanged
        self.failed = failed
    }

    /// Counts one more object.
    public mutating func count(_ change: Event.ObjectResult.Change) {
        switch change {
        case .created: created += 1
        case .configured: configured += 1
        case .unchanged: unchanged += 1
        }
    }

    /// The counts that are not zero, such as `20 created, 3 unchanged`; empty if there is no object.
    public var text: String { text(isDryRun: false) }

    func text(isDryRun: Bool) -> String {
        let wish = isDryRun ? "would be " : ""
        let named = [
            (created, "\(wish)created"),
            (configured, "\(wish)configured"),
            (unchanged, "unchanged"),
            (failed, "failed"),
        ]
        return named.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// The counts for JSON, or `nil` if there is no object.
    var node: Node? {
        guard self != ObjectCounts() else { return nil }
        return .mapping([
            "created": .number(created), "configured": .number(configured), "unchanged": .number(unchanged),
            "failed": .number(failed),
        ])
    }
}
