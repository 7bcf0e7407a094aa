public import Base

/// The settings of a task: those of its keys that need nothing else of the task file.
public struct TaskSettings: Sendable, Hashable {
    /// The purpose of the task, in its author's words.
    public var description: String?

    /// The systemd units that want this task's unit, in addition to the target that wants all of them.
    public var wantedBy: [String] = []

    /// The one deadline of the task, counted from its start.
    public var timeout = Duration.seconds(600)

    /// The time between two runs of the task, or `nil` if it runs once a boot.
    public var interval: Duration?

    /// The systemd units that are restarted when the task has changed something, each once.
    public var restarts: [String] = []

    /// Shell commands that undo what the task has made and only its author knows.
    public var reset: String?

    public init() {}
}

/// One task of a node with every name and default resolved; its settings are members of the task.
@dynamicMemberLookup
public struct PlannedTask: Sendable, Hashable {
    /// The task's name, unique among the tasks.
    public var name: String

    /// The roles that run it, or `nil` for every role.
    public var roles: [String]?

    /// The systemd units that the task's unit is ordered after; not those of other tasks.
    public var afterUnits: [String]

    /// The settings that the task file has for it.
    public var settings: TaskSettings

    /// The work of the task.
    public var verb: Verb

    /// Where the task is declared.
    public var location: SourceLocation

    /// Whether the task depends on the address of the node.
    public var addressUse = AddressUse.none

    /// The lock that keeps the task from running on two nodes at a time, `nil` if there is none.
    public var lock: ClusterLock?

    /// The manifests of the plan's other tasks, among which a task with `prune` looks for the objects that it would delete.
    var otherManifests: [LocatedPath] = []

    public init(
        name: String,
        roles: [String]? = nil,
        afterUnits: [String] = [],
        settings: TaskSettings = TaskSettings(),
        verb: Verb,
        location: SourceLocation,
    ) {
        self.name = name
        self.roles = roles
        self.afterUnits = afterUnits
        self.settings = settings
        self.verb = verb
        self.location = location
    }

    /// A setting of the task.
    public subscript<Value>(dynamicMember setting: KeyPath<TaskSettings, Value>) -> Value { settings[keyPath: setting] }

    /// The name of the systemd unit that runs the task.
    public var unitName: String { Planning.unitName(ofTask: name) }

    /// Everything that the task reads, writes, connects to and needs as privilege.
    public var footprint: Footprint {
        var footprint = verb.footprint
        if addressUse != .none { footprint.watchesInterfaces = true }
        if let lock { footprint.useLock(lock.kubeconfig) }
        footprint.reads += otherManifests.map { .init(path: $0, use: .optional) }
        return footprint
    }
}

/// A path or URL of a task file with the location of its value, for messages.
public struct LocatedPath: Sendable, Hashable {
    /// The path: absolute, or relative to the directory of the file that contains it.
    public var path: String

    /// Where the task file has it.
    public var location: SourceLocation

    public init(_ path: String, location: SourceLocation) {
        self.path = path
        self.location = location
    }
}

/// An object of the API server, by its name.
public struct ObjectReference: Sendable, Hashable {
    /// Its group and version, such as `apps/v1`.
    public var apiVersion: String

    /// Its kind, such as `DaemonSet`.
    public var kind: String

    /// Its namespace, or `nil` for the namespace of the kubeconfig's context.
    public var namespace: String?
    public var name: String

    /// Where the task file names it.
    public var location: SourceLocation
}
