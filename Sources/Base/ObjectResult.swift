/// The treatment of a field that another manager has set to another value.
public enum ConflictTreatment: String, Sendable, Hashable, CaseIterable {
    /// The object is refused.
    case report
    /// The field gets the value of the manifest.
    case force
    /// The field keeps its value, and the rest of the object is applied.
    case keep
}

/// The result of applying or deleting an object.
public struct ObjectResult: Sendable, Hashable {
    /// A change that was made, or that a dry run predicts.
    public enum Change: String, Sendable, Hashable {
        case created, configured, deleted, unchanged
        /// The object was deleted and created again.
        case replaced
    }
    public var change: Change
    /// The paths of the first changed fields; in a dry run all changed fields, each as `path: old -> new`.
    public var fields: [String]
    /// The lines of a unified diff of the object, in a dry run.
    public var diff: [String]
    /// Whether the change affects only the managers of fields, and no value of a field.
    public var changesOnlyManagers: Bool
    /// Remarks about parts of the object that were not changed, and why.
    public var notes: [String]

    public init(
        _ change: Change,
        fields: [String] = [],
        diff: [String] = [],
        changesOnlyManagers: Bool = false,
        notes: [String] = [],
    ) {
        self.change = change
        self.fields = fields
        self.diff = diff
        self.changesOnlyManagers = changesOnlyManagers
        self.notes = notes
    }
}
