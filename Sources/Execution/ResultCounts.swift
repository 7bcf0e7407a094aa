/// How many objects had each result.
public struct ResultCounts: Sendable, Hashable {
    /// Those that did not exist.
    public var created = 0

    /// Those that were not as described.
    public var changed = 0

    /// Those that were deleted.
    public var deleted = 0

    /// Those that were as described.
    public var unchanged = 0

    /// Those that could not be applied or deleted.
    public var failed = 0

    public init(created: Int = 0, changed: Int = 0, deleted: Int = 0, unchanged: Int = 0, failed: Int = 0) {
        self.created = created
        self.changed = changed
        self.deleted = deleted
        self.unchanged = unchanged
        self.failed = failed
    }

    /// Whether nothing was counted.
    public var isEmpty: Bool { self == ResultCounts() }

    /// Counts one more object.
    public mutating func count(_ change: Event.ObjectResult.Change) {
        switch change {
        case .created: created += 1
        case .configured: changed += 1
        case .deleted: deleted += 1
        case .unchanged: unchanged += 1
        }
    }
}
