/// Limits on task files, messages and units.
///
/// Most limits on counts and lengths keep malformed or hostile files from using too much time and memory.
enum Limit {
    /// Tasks in all files.
    static let taskCount = 10_000

    /// Items in one list.
    static let itemCount = 10_000

    /// Characters in a name that is a DNS label, such as that of a task, a role or a namespace.
    static let nameLength = 63

    /// Characters in a unit name, as limited by systemd.
    static let unitNameLength = 255

    /// Bytes in a path, as limited by Linux.
    static let pathLength = 4095

    /// Roles of nodes and servers, including the built-in roles.
    static let roleCount = 64

    /// Variables of section `variables`, of one node, or of all nodes together.
    static let variableCount = 1000

    /// Depth of variables that use other variables.
    static let variableDepth = 32

    /// Bytes in the value of a variable that uses other variables or lists nodes.
    static let variableLength = 64 * 1024

    /// Total bytes of the strings with replaced variables in one document of a manifest, or in the task files.
    static let replacedLength = 16 * 1024 * 1024

    /// The longest timeout of a task.
    static let timeout = Duration.seconds(24 * 60 * 60)

    /// The shortest interval of a task that repeats.
    static let shortestInterval = Duration.seconds(10)

    /// The longest interval of a task that repeats: a year.
    static let longestInterval = Duration.seconds(8760 * 60 * 60)

    /// The longest random delay of a repetition.
    static let intervalSpread = Duration.seconds(60 * 60)

    /// Comparisons of names for hints.
    ///
    /// Once the limit is reached, hints suggest no further names.
    static let hintComparisonCount = 200_000

    /// Characters of a value that a message quotes.
    static let quotedLength = 60

    /// Cycles of dependencies that are reported.
    static let cycleCount = 100

    /// Tasks of a cycle that a message names.
    static let cycleMemberCount = 12

    /// Seconds that systemd allows a task after its deadline, and the health and metrics services in total.
    static let unitGracePeriod: Int64 = 60

    /// Characters of a description or comment in a unit.
    static let unitPhraseLength = 500

    /// The longest validity, renewal period or warning period of a certificate: a hundred years.
    static let certificateValidity = Duration.seconds(876_600 * 60 * 60)

    /// Entries in `leaves`, multiplied by the number of nodes.
    static let certificateCount = 10_000

    /// Characters in a text of a certificate's subject, as limited by RFC 5280.
    static let subjectTextLength = 64
}
