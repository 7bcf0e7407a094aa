public import Host

/// A unit of systemd beside the tasks of a timeline, as it was last started.
public struct TimelineUnit: Sendable, Hashable {
    /// The unit's name.
    public var name: String
    public var state: UnitState

    /// When it began to start, `nil` if it was not started; zero if that was before the origin.
    public var started: Duration?

    /// When it became active since, `nil` if it did not.
    public var active: Duration?

    /// When it became inactive or failed since, `nil` if it did not.
    public var ended: Duration?

    /// Whether the first task of the critical path waited for it.
    public var isCritical: Bool

    public init(
        name: String,
        state: UnitState,
        started: Duration? = nil,
        active: Duration? = nil,
        ended: Duration? = nil,
        isCritical: Bool = false,
    ) {
        self.name = name
        self.state = state
        self.started = started
        self.active = active
        self.ended = ended
        self.isCritical = isCritical
    }

    /// When its start ended, whether or not it was active then.
    var startEnd: Duration? { active ?? ended }
}
