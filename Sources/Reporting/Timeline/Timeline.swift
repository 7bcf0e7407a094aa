public import Base

/// When each task of a node waited and ran on this boot, with units of systemd beside the tasks.
///
/// All times count from the origin.
public struct Timeline: Sendable, Hashable {
    /// What the times count from.
    public enum Origin: String, Sendable, Hashable {
        /// The start of the machine.
        case boot
        /// The start of the first task, which came after the boot, or on a machine whose boot is not known.
        case firstTask = "first task"
        /// The start of the first attempt that is known, if there were earlier ones.
        case firstKnown = "first known attempt"
    }

    /// What the times count from.
    public var origin: Origin

    /// The time of day of the origin.
    public var originTime: Timestamp

    /// When the boot was complete, `nil` if it is not, or is not what the times count from.
    public var bootFinished: Duration?

    /// The last event, or this moment if no task has started, or if one still runs or is about to be retried.
    public var end: Duration

    /// The tasks in the order in which they started, those that have not started last.
    public var tasks: [TimelineTask]

    /// The units in the order in which they started.
    public var units: [TimelineUnit]

    /// The names of the tasks that decided when the last one ended, after the name of the unit that the first of them
    /// waited for.
    public var criticalPath: [String]

    /// What is missing, for people.
    public var notes: [String]

    public init(
        origin: Origin,
        originTime: Timestamp,
        bootFinished: Duration? = nil,
        end: Duration,
        tasks: [TimelineTask],
        units: [TimelineUnit] = [],
        criticalPath: [String] = [],
        notes: [String] = [],
    ) {
        self.origin = origin
        self.originTime = originTime
        self.bootFinished = bootFinished
        self.end = end
        self.tasks = tasks
        self.units = units
        self.criticalPath = criticalPath
        self.notes = notes
    }

    /// Whether a task runs or is about to be retried.
    public var isOngoing: Bool { tasks.contains(where: \.isOngoing) }

    public func task(_ name: String) -> TimelineTask? { tasks.first { $0.name == name } }
}
