public import Base

/// An event of a run, the only output of the libraries.
public struct Event: Sendable {
    /// The task in which the event happened, or `nil` for the run as a whole.
    public var task: String?

    /// The kind of event, with its details.
    public var kind: Kind

    public init(task: String? = nil, _ kind: Kind) {
        self.task = task
        self.kind = kind
    }

    /// A task of a run with its dependencies.
    public struct RunTask: Sendable, Hashable {
        /// The task's name.
        public var name: String
        /// The positions in the run of the tasks that must succeed first.
        public var dependencies: [Int] = []
    }

    /// The kinds of events.
    public enum Kind: Sendable {
        /// The run begins, with its tasks in the order of the plan.
        case runStarted([RunTask])
        /// A task begins, with its verb.
        case taskStarted(verb: String)
        /// A task waits; reported again only if the subject or reason of the wait changes.
        case waiting(Wait)
        /// The holder of the Lease of a task that runs on one node at a time; reported again when the holder changes.
        case lease(LeaseHolder)
        /// The number of objects that a task is about to check or change.
        case objectCount(Int)
        /// An effect that a task would have, reported by a dry run.
        case planned(String)
        /// A file, directory or link was checked or changed.
        case path(String, PathResult)
        /// Something of the node other than a path was changed, such as the state of a unit: its name, and the change.
        case change(String, String)
        /// An object of the API server was checked or changed.
        case object(String, ObjectResult)
        /// An object could not be applied, or a document could not be read; the task continues and fails at its end.
        case objectFailed(FailedObject)
        /// A condition that needs attention, with its subject.
        case warning(subject: String, String)
        /// A line that a child process printed.
        case output(String)
        /// A task ended, with its duration.
        case taskFinished(Outcome, after: Duration)
        /// The run ended.
        case runFinished(Report)
    }

    /// An object that could not be applied or deleted, or a document that could not be read.
    public struct FailedObject: Sendable {
        /// The object; empty for a document.
        public var name: String
        /// The problems of the object, whose messages name it.
        public var problems: [Problem]
        /// The problems to print: those of a group of objects with one cause for its first object, none for the others.
        public var printed: [Problem]
        /// Whether every retry fails until a person changes something.
        public var isPermanent: Bool

        public init(_ name: String, _ problems: [Problem], printed: [Problem]? = nil, isPermanent: Bool = false) {
            (self.name, self.problems, self.isPermanent) = (name, problems, isPermanent)
            self.printed = printed ?? problems
        }
    }

    /// The result of checking or changing a path.
    public struct PathResult: Sendable, Hashable {
        /// A change that was made, or that a dry run would make.
        public enum Change: String, Sendable, Hashable {
            case created, changed, removed, unchanged
        }
        public var change: Change
        /// The differences that a dry run found: lines of a unified diff, and others such as `mode 0644 -> 0600`.
        public var diff: [String]

        public init(_ change: Change, diff: [String] = []) {
            self.change = change
            self.diff = diff
        }

        /// The path did not exist and was created.
        public static let created = Self(.created)
        /// The path was not as described and was changed.
        public static let changed = Self(.changed)
        public static let removed = Self(.removed)
        /// The path was as described.
        public static let unchanged = Self(.unchanged)
    }
}

/// The holder of the Lease of a task that runs on one node at a time.
public struct LeaseHolder: Sendable, Hashable, Codable {
    /// The name of the Lease, such as `kube-system/nest-bootstrap-upgrade`.
    public var lease: String

    /// The holder's identity: the name of the node and a part that identifies the process.
    public var identity: String

    /// The time at which the holder acquired the Lease, by the holder's clock.
    public var since: Timestamp?

    /// Whether this process is the holder, rather than waiting for the Lease.
    public var isSelf: Bool

    public init(lease: String, identity: String, since: Timestamp?, isSelf: Bool) {
        (self.lease, self.identity) = (lease, identity)
        (self.since, self.isSelf) = (since, isSelf)
    }

    /// The Lease in the notation for objects, such as `Lease/kube-system/nest-bootstrap-upgrade`.
    public var object: String { "Lease/\(lease)" }

    /// The human-readable state of the Lease, such as `holds Lease kube-system/nest-bootstrap-upgrade`.
    public var text: String {
        let time = since.map { " since \($0)" } ?? ""
        return isSelf ? "holds Lease \(lease)\(time)" : "waits for Lease \(lease), held by '\(identity)'\(time)"
    }
}
