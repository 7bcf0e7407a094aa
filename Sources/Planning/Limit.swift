/// How much a set of task files may hold.
///
/// All of these are far beyond what a node needs; they keep a slip or a prank from taking its memory.
enum Limit {
    /// Tasks in all files together.
    static let taskCount = 10_000

    /// Names in one `after`.
    static let afterCount = 10_000

    /// Characters of a task's name, which becomes part of a unit's.
    static let nameLength = 63

    /// Characters of a systemd unit's name, as systemd has it.
    static let unitNameLength = 255

    /// Bytes of a path, as Linux has it.
    static let pathLength = 4095

    /// Roles of a cluster.
    static let roleCount = 64

    /// Variables in all files together.
    static let variableCount = 1000

    /// How deep variables may use each other.
    static let variableDepth = 32

    /// Bytes of a variable's value.
    static let variableLength = 64 * 1024

    /// Bytes that the replacing of variables may make of one document, or of all task files.
    static let replacedLength = 16 * 1024 * 1024

    /// The longest deadline of a task.
    static let timeout = Duration.seconds(24 * 60 * 60)

    /// Name comparisons spent on hints, after which messages come without.
    static let hintComparisonCount = 200_000

    /// Characters of a value that a message repeats.
    static let quotedLength = 60

    /// Cycles told at once.
    static let cycleCount = 100

    /// Members of a cycle that a message names.
    static let cycleMemberCount = 12

    /// Seconds after its deadline at which systemd ends a task that did not end itself.
    static let unitPatience: Int64 = 60

    /// Characters of a unit's description.
    static let unitPhraseLength = 500

    /// Secrets of other tasks that a unit hides, lest a prank of thousands of keys fill the memory with units.
    static let hiddenCount = 256

    /// Dependants that a unit brings back when it succeeds; a command line has an end.
    static let wakenedCount = 1000

    /// Paths or capabilities that a script says it needs.
    static let needCount = 100
}
