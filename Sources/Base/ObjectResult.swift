/// The treatment of a field that another manager has set to a different value.
public enum ConflictTreatment: String, Sendable, Hashable, CaseIterable {
    /// The conflict is reported, and the object is not applied.
    case report
    /// The field is set to the manifest's value.
    case force
    /// The field keeps its value, and the rest of the object is applied.
    case keep
}

/// The result of applying or deleting an object.
public struct ObjectResult: Sendable, Hashable {
    /// The effect of the operation on the object, or the effect that a dry run predicts.
    public enum Change: String, Sendable, Hashable {
        case created, configured, deleted, unchanged
        /// The object was deleted and created again.
        case replaced
    }
    public var change: Change
    /// The paths of the first changed fields and the number of others; in a dry run, each field as `path: old -> new`.
    public var fields: [String]
    /// The lines of the object's unified diff; empty except in a dry run.
    public var diff: [String]
    /// Whether the change affects only field managers, and no field value.
    public var changesOnlyManagers: Bool
    /// Explanations of the result, such as the reason for a replacement or for keeping a field.
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
