public import Actions
public import Base
import Kubernetes
public import Reporting

// Conformances that connect errors and their printing, which are in modules that do not depend on each other.

extension GroupedFailure: ProblemList {
    /// The problems of the whole group for the first object of the group; empty for the other objects.
    public var problems: [Problem] { lines }

    /// The problems of this object.
    public var individualProblems: [Problem] { failure.problems }

    /// Always `true`, because the problems of a group list the objects of the group.
    public var namesObjects: Bool { true }
}

extension ReportedFailures: ProblemList {
    /// Always empty, because events have reported the failures already.
    public var problems: [Problem] { [] }
}
