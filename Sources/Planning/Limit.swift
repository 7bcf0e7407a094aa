/// Limits on task files, messages and units.
///
/// Most are far above a node's needs and bound the memory that malformed or hostile files can use.
enum Limit {
    /// Tasks in all files.
    static let taskCount = 10_000

    /// Items in one list.
    static let itemCount = 10_000

    /// Characters in a task's name, which becomes part of a unit name.
    static let nameLength = 63

    /// Characters in a unit name, as limited by systemd.
    static let unitNameLength = 255

    /// Bytes in a path, as limited by Linux.
    static let pathLength = 4095

    /// Roles in a cluster.
    static let roleCount = 64

    /// Variables in all files.
    static let variableCount = 1000

    /// Depth of variables that use other variables.
    static let variableDepth = 32

    /// Bytes in a variable's value.
    static let variableLength = 64 * 1024

    /// Bytes of all strings with replaced variables in one document of a manifest, or in all task files.
    static let replacedLength = 16 * 1024 * 1024

    /// The longest timeout of a task.
    static let timeout = Duration.seconds(24 * 60 * 60)

    /// The shortest time between two runs of a task.
    static let shortestInterval = Duration.seconds(10)

    /// The longest time between two runs of a task: a year.
    static let longestInterval = Duration.seconds(8760 * 60 * 60)

    /// The longest random delay of a repetition.
    static let intervalSpread = Duration.seconds(60 * 60)

    /// Comparisons of names for hints; after them, messages suggest no name.
    static let hintComparisonCount = 200_000

    /// Characters of a value that a message quotes.
    static let quotedLength = 60

    /// Cycles of dependencies that are reported at once.
    static let cycleCount = 100

    /// Tasks of a cycle that a message names.
    static let cycleMemberCount = 12

    /// Seconds between a task's deadline and the time at which systemd stops the task.
    static let unitGracePeriod: Int64 = 60

    /// Characters of a description or comment in a unit.
    static let unitPhraseLength = 500

    /// The longest validity of a certificate: a hundred years.
    static let certificateValidity = Duration.seconds(876_600 * 60 * 60)

    /// Certificates of all nodes.
    static let certificateCount = 10_000

    /// Characters in a text of a certificate's subject, as limited by RFC 5280.
    static let subjectTextLength = 64
}
