/// An object that is not ready.
struct UnreadyObject: Sendable, Hashable, CustomStringConvertible {
    var identity: ObjectIdentity
    /// What is missing, by the object's own status.
    var reason: String
    /// What events, pods and nodes say about the cause, `nil` if nothing is known.
    var detail: String?

    /// What is missing, and the cause.
    var reasonWithDetail: String { reason + (detail.map { " (\($0))" } ?? "") }

    /// The object, what is missing, and the cause.
    var description: String { "\(identity): \(reasonWithDetail)" }
}
