public import Base

/// The holder of the Lease of a task that runs on one node at a time.
public struct LeaseHolder: Sendable, Hashable {
    /// The Lease, as `kube-system/nest-bootstrap-upgrade`.
    public var lease: String

    /// The identity of the holder: the name of its node and what distinguishes its process.
    public var identity: String

    /// Since when it holds the Lease, by its own clock.
    public var since: Timestamp?

    /// Whether this process is the holder, and does not wait for it.
    public var isSelf: Bool

    public init(lease: String, identity: String, since: Timestamp?, isSelf: Bool) {
        (self.lease, self.identity) = (lease, identity)
        (self.since, self.isSelf) = (since, isSelf)
    }

    /// The name of the Lease as that of any object: `Lease/kube-system/nest-bootstrap-upgrade`.
    public var object: String { "Lease/\(lease)" }

    /// The state of the task's lock, for people.
    public var text: String {
        let time = since.map { " since \($0)" } ?? ""
        return isSelf ? "holds Lease \(lease)\(time)" : "waits for Lease \(lease), held by '\(identity)'\(time)"
    }
}
