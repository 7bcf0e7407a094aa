/// The subject of a task's wait, and the reason why it continues.
public struct Wait: Sendable, Hashable, CustomStringConvertible {
    /// The subject of a wait.
    public struct Subject: Sendable, Hashable {
        /// The kinds of subjects.
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            /// An API server, which everything that a task applies waits for.
            case server
            /// An object that the task is about: its result ends the wait, and others of the task may go on.
            case object
            /// The Lease of a task that runs on one node at a time, or another run of the task.
            case lock
            /// Anything else, such as a file or a unit.
            case condition
        }

        public var kind: Kind
        /// Its name for people, such as `API server 10.0.0.1:6443` or `ClusterRole/edit`.
        public var text: String

        public init(_ kind: Kind, _ text: String) {
            (self.kind, self.text) = (kind, text)
        }
    }

    /// The subject.
    public var subject: Subject
    /// Why the wait goes on, `nil` if the subject says it.
    public var reason: String?
    /// The time of day at which the task gives up, `nil` if that is not known.
    public var givesUpAt: String?
    /// Whether it names everything that the task waits for, so that it replaces the waits before it.
    public var isComplete: Bool

    /// A wait that is shorter is not reported.
    public static let quietPeriod = Duration.seconds(1)

    public init(_ subject: Subject, reason: String? = nil, givesUpAt: String? = nil, isComplete: Bool = false) {
        (self.subject, self.reason) = (subject, reason)
        (self.givesUpAt, self.isComplete) = (givesUpAt, isComplete)
    }

    /// Whether it is an earlier wait with another reason, or, if both name everything, with another object as the first.
    public func continues(_ earlier: Wait) -> Bool {
        subject == earlier.subject || isComplete && earlier.isComplete
    }

    /// The wait for people: `SUBJECT: REASON (gives up at TIME)`.
    public var description: String {
        subject.text + (reason.map { ": \($0)" } ?? "") + (givesUpAt.map { " (gives up at \($0))" } ?? "")
    }
}
