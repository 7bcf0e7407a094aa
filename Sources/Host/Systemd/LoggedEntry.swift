/// An entry that the journal has.
public struct LoggedEntry: Sendable, Hashable {
    /// When the journal got it, as the time since the start of the machine.
    public var sinceBoot: Duration

    /// The values of its fields that were asked for, by name; of a repeated field the first.
    public var fields: [String: String]

    /// Creates an entry.
    public init(sinceBoot: Duration, fields: [String: String]) {
        self.sinceBoot = sinceBoot
        self.fields = fields
    }

    /// The value of a field.
    public subscript(field: String) -> String? { fields[field] }
}

/// A query for entries of the journal, with the fields to read.
public struct JournalQuery: Sendable, Hashable {
    /// Assignments that entries must have, such as `NEST_TASK=calico-crds`.
    ///
    /// Several of one field are alternatives.
    public var matches: [String]

    /// The fields to read.
    public var fields: [String]

    /// The boot that entries are of, as ``Machine/bootIdentifier()`` has it.
    public var boot: String

    /// The time since the start of the machine of the last entry, `nil` for all of the boot.
    public var end: Duration?

    /// The number of entries after which reading ends.
    public var entryLimit: Int

    /// The time after which reading ends.
    public var timeout: Duration

    /// Creates a query.
    public init(
        matches: [String],
        fields: [String],
        boot: String,
        end: Duration? = nil,
        entryLimit: Int = 20_000,
        timeout: Duration = .seconds(5),
    ) {
        self.matches = matches
        self.fields = fields
        self.boot = boot
        self.end = end
        self.entryLimit = entryLimit
        self.timeout = timeout
    }
}

/// The entries that were read.
public struct JournalReading: Sendable, Hashable {
    /// The entries, the oldest first.
    public var entries: [LoggedEntry]

    /// Whether they are all that match; if not, later ones are missing.
    public var isComplete: Bool

    /// Creates what was read.
    public init(entries: [LoggedEntry] = [], isComplete: Bool = true) {
        self.entries = entries
        self.isComplete = isComplete
    }
}
