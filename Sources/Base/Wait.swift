/// A wait of a task, with the subject and the reason why the wait continues.
public struct Wait: Sendable, Hashable, CustomStringConvertible {
    public struct Subject: Sendable, Hashable, Codable {
        public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
            /// An API server that is not ready yet.
            case server
            /// An object of the task. The results of other objects end this wait only if ``Wait/isComplete`` is set.
            case object
            /// The Lease of a task that runs on one node at a time, or another run of the task.
            case lock
            /// Anything else, such as a file or a unit.
            case condition
        }

        public var kind: Kind
        /// The human-readable name, such as `API server 10.0.0.1:6443` or `ClusterRole/edit`.
        public var text: String

        public init(_ kind: Kind, _ text: String) {
            (self.kind, self.text) = (kind, text)
        }
    }

    public var subject: Subject
    /// The reason why the wait continues, or `nil` if the subject implies it.
    public var reason: String?
    /// The reason without any text that only root may read, such as a webhook's message.
    public var publicReason: String?
    /// The UTC time at which the task gives up, or `nil` if the time is unknown.
    public var givesUpAt: String?
    /// Whether the wait covers everything that the task waits for, and therefore replaces earlier waits.
    public var isComplete: Bool

    /// The minimum duration of retries that are reported as a wait.
    public static let quietPeriod = Duration.seconds(1)

    /// Creates a wait; the public reason is by default the reason itself.
    public init(
        _ subject: Subject,
        reason: String? = nil,
        publicReason: String? = nil,
        givesUpAt: String? = nil,
        isComplete: Bool = false,
    ) {
        (self.subject, self.reason, self.publicReason) = (subject, reason, publicReason ?? reason)
        (self.givesUpAt, self.isComplete) = (givesUpAt, isComplete)
    }

    /// Returns whether this wait is an update of an earlier wait.
    ///
    /// The two waits have the same subject, or both cover everything that the task waits for.
    public func continues(_ earlier: Wait) -> Bool {
        subject == earlier.subject || isComplete && earlier.isComplete
    }

    /// The human-readable form, `SUBJECT: REASON (gives up at TIME)`.
    public var description: String { text(reason) }

    /// The human-readable form that every user may read.
    public var publicDescription: String { text(publicReason) }

    private func text(_ reason: String?) -> String {
        subject.text + (reason.map { ": \($0)" } ?? "") + (givesUpAt.map { " (gives up at \($0))" } ?? "")
    }
}
