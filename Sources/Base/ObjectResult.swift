/// The result for an object.
public struct ObjectResult: Sendable, Hashable {
    /// A change that was made, or in a dry run would be.
    public enum Change: String, Sendable, Hashable {
        case created, configured, deleted, unchanged
    }
    /// The change.
    public var change: Change
    /// The paths of the first fields that changed; with a dry run all of them, each as `path: old -> new`.
    public var fields: [String]
    /// How the object would change, with a dry run: lines of a unified diff.
    public var diff: [String]
    /// Whether no field changes, and only who manages them.
    public var changesOnlyManagers: Bool

    public init(
        _ change: Change,
        fields: [String] = [],
        diff: [String] = [],
        changesOnlyManagers: Bool = false,
    ) {
        self.change = change
        self.fields = fields
        self.diff = diff
        self.changesOnlyManagers = changesOnlyManagers
    }
}
