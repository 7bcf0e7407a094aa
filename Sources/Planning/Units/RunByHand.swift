/// The properties of a unit that runs a task for `run --task`.
public struct RunByHand: Sendable {
    /// The unit's name.
    public var unitName: String

    /// The flags of `run` and `supervise` in the unit.
    public var flags: [String]

    /// The paths that standard output and standard error are appended to; `nil` for the journal.
    public var outputs: (results: String, diagnostics: String)?

    /// The drop-ins with which the administrator has changed the unit of the task.
    public var dropIns: [String]

    public init(
        unitName: String,
        flags: [String],
        outputs: (results: String, diagnostics: String)?,
        dropIns: [String],
    ) {
        (self.unitName, self.flags, self.outputs, self.dropIns) = (unitName, flags, outputs, dropIns)
    }
}
