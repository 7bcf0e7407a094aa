public import Base

/// An event of a run.
public struct Event: Sendable {
    /// The task in which the event happened, or `nil` for an event of the whole run.
    public var task: String?
    public var kind: Kind

    public init(task: String? = nil, _ kind: Kind) {
        self.task = task
        self.kind = kind
    }

    public struct RunTask: Sendable, Hashable {
        public var name: String
        /// The positions of the tasks that must succeed first, among the tasks of the run.
        public var dependencies: [Int] = []
    }

    public enum Kind: Sendable {
        /// The run starts; its tasks are in the order of the plan.
        case runStarted([RunTask])
        case taskStarted(verb: String)
        /// A task waits; a wait with the same description as the last one is not emitted again.
        case waiting(Wait)
        /// The holder of a task's Lease; emitted again when the holder changes.
        case lease(LeaseHolder)
        /// The number of objects that a task checks or changes; emitted again when more are found.
        case objectCount(Int)
        /// An effect that the task would have; emitted only in a dry run.
        case planned(String)
        /// A path was checked or changed or, in a dry run, would be changed.
        case path(String, PathResult)
        /// Another change on the node: the subject, such as `unit 'kubelet.service'`, and a word such as `enabled`.
        case change(String, String)
        /// An object of the API server was checked or changed or, in a dry run, would be changed.
        case object(String, ObjectResult)
        /// An object could not be applied or deleted, or a document could not be read.
        case objectFailed(FailedObject)
        case warning(subject: String, String)
        /// A line of a program's output.
        case output(String)
        case taskFinished(Outcome, after: Duration)
        case runFinished(Report)
    }

    /// An object that could not be applied or deleted, or a document that could not be read.
    public struct FailedObject: Sendable {
        /// The name of the object, or an empty string for a document.
        public var name: String
        public var problems: [Problem]
        /// The problems to print; in a group of objects with the same cause, only the first object has any.
        public var printed: [Problem]
        /// Whether every retry fails until a person changes something.
        public var isPermanent: Bool

        public init(_ name: String, _ problems: [Problem], printed: [Problem]? = nil, isPermanent: Bool = false) {
            (self.name, self.problems, self.isPermanent) = (name, problems, isPermanent)
            self.printed = printed ?? problems
        }
    }

    /// The result of checking or changing a path or, in a dry run, the expected result.
    public struct PathResult: Sendable, Hashable {
        public enum Change: String, Sendable, Hashable {
            case created, changed, removed, unchanged
        }
        public var change: Change
        /// The differences found by a dry run: lines of a unified diff, and lines such as `mode 0644 -> 0600`.
        public var diff: [String]

        public init(_ change: Change, diff: [String] = []) {
            self.change = change
            self.diff = diff
        }

        public static let created = Self(.created)
        public static let changed = Self(.changed)
        public static let removed = Self(.removed)
        public static let unchanged = Self(.unchanged)
    }
}

/// The holder of the Lease of a task that runs on one node at a time.
public struct LeaseHolder: Sendable, Hashable, Codable {
    /// The name of the Lease, such as `kube-system/nest-bootstrap-upgrade`.
    public var lease: String

    /// The holder's identity; nest-bootstrap uses the host name and a random part.
    public var identity: String

    /// The time of acquisition according to the holder's clock, or `nil` if it is not known.
    public var since: Timestamp?

    /// Whether this process is the holder.
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
