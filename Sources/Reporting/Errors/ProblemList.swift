public import Base

/// An error that consists of several problems.
public protocol ProblemList: Error {
    /// The problems in the order in which they are printed; none if events have reported them all.
    var problems: [Problem] { get }

    /// The problems for programs, which get those of every object; the same unless others are printed with them.
    var individualProblems: [Problem] { get }

    /// Whether the problems name their objects, so that no object is named before them.
    var namesObjects: Bool { get }

    /// The address of documentation about such errors, if there is any.
    var documentation: String? { get }
}

/// What holds for most errors.
extension ProblemList {
    /// Those that are printed.
    public var individualProblems: [Problem] { problems }

    /// They do not.
    public var namesObjects: Bool { false }

    /// None.
    public var documentation: String? { nil }
}

/// Problems of files are printed one by one.
extension Problems: ProblemList {
    /// Every problem.
    public var problems: [Problem] { all }
}
