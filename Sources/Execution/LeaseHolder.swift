public import Base

/// The holder of the Lease of a task that runs on one node at a time.
public struct LeaseHolder: Sendable, Hashable {
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
