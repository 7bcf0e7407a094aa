/// How much a set of task files may hold.
///
/// They are far beyond what a node needs, and bound memory for malformed or hostile files.
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

    /// Ports, or ranges of them, of a role.
    static let portRangeCount = 100

    /// Patterns of host names.
    static let patternCount = 100

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

    /// The shortest time between two runs of a task.
    static let shortestInterval = Duration.seconds(10)

    /// The longest time between two runs of a task: a year.
    static let longestInterval = Duration.seconds(8760 * 60 * 60)

    /// The longest time by which the repetition of a task is delayed at random.
    static let intervalSpread = Duration.seconds(60 * 60)

    /// Name comparisons spent on hints, after which messages come without.
    static let hintComparisonCount = 200_000

    /// Characters of a value that a message repeats.
    static let quotedLength = 60

    /// Cycles reported at once.
    static let cycleCount = 100

    /// Members of a cycle that a message names.
    static let cycleMemberCount = 12

    /// Seconds after its deadline at which systemd ends a task that did not end itself.
    static let unitGracePeriod: Int64 = 60

    /// Characters of a unit's description.
    static let unitPhraseLength = 500

    /// `InaccessiblePaths` entries of one unit in addition to those that all units have.
    static let hiddenCount = 256

    /// Items of a list of paths, objects or capabilities that a task needs.
    static let needCount = 100

    /// The longest validity of a certificate: a hundred years.
    static let certificateValidity = Duration.seconds(876_600 * 60 * 60)

    /// Certificates of all nodes together.
    static let certificateCount = 10_000

    /// Operators that keys are encrypted to.
    static let recipientCount = 100

    /// Characters of a text in the subject of a certificate, as X.509 has it.
    static let subjectTextLength = 64

    /// Organizations of a certificate.
    static let organizationCount = 20

    /// Names of a certificate.
    static let subjectNameCount = 100

    /// The bytes of a credential's name, in systemd.
    static let credentialNameLength = 255

    /// Problems of a table after which no more are looked for.
    static let tableProblemCount = 1000

    /// Nameservers of a network.
    static let nameserverCount = 16
}
