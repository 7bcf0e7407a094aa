/// An object that is not ready when time is up.
public struct UnreadyObject: Sendable, Hashable, CustomStringConvertible {
    /// The object.
    public var identity: ObjectIdentity
    /// What is missing, with the last warning that the cluster recorded about it.
    public var reason: String

    /// The object and what is missing.
    public var description: String { "\(identity): \(reason)" }
}

/// Objects that did not become ready in time.
public struct RolloutError: Error, Sendable, CustomStringConvertible {
    /// Every object that is not ready, and why.
    public var unready: [UnreadyObject]
    /// Whether the agent was told to stop while it waited.
    public var isInterruption: Bool

    /// All objects with their reasons, on one line.
    public var description: String {
        "not ready in time: \(unready.map(\.description).joined(separator: "; ")); "
            + "mend what is missing, or raise the task's 'timeout'"
    }
}
