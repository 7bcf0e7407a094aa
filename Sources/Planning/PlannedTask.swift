public import Base

/// The settings of a task that can be read without the rest of the task file.
public struct TaskSettings: Sendable, Hashable {
    /// The description of the task in the task file.
    public var description: String?

    /// The systemd units that want this task's unit, in addition to the target that requires the units of all tasks.
    public var wantedBy: [String] = []

    /// The deadline of the whole task, counted from its start.
    public var timeout = Duration.seconds(600)

    /// The time between two runs of the task, or `nil` if the task runs once per boot.
    public var interval: Duration?

    /// The systemd units to restart after the task has changed something, without duplicates.
    public var restarts: [String] = []

    /// Shell commands that undo the effects of the task that the agent does not know.
    public var reset: String?
}

/// One task of a node with every name and default resolved.
///
/// The task's ``settings`` are also available as members of the task.
@dynamicMemberLookup
public struct PlannedTask: Sendable, Hashable {
    /// The task's name, unique among the tasks.
    public var name: String

    /// The roles that run the task, or `nil` for every role.
    public var roles: [String]?

    /// The systemd units that the task's unit is ordered after, without the units of other tasks.
    public var afterUnits: [String] = []

    /// The task's settings from the task file.
    public var settings: TaskSettings

    /// The work of the task.
    public var verb: Verb

    /// The location of the task's declaration.
    public var location: SourceLocation

    /// The way in which the task depends on the node's address.
    public var addressUse = AddressUse.none

    /// The lock that keeps the task from running on two nodes at the same time, or `nil` if there is no lock.
    public var lock: ClusterLock?

    /// Manifests of the plan's other tasks, which a task with `prune` searches for the objects that it would delete.
    var otherManifests: [LocatedPath] = []

    /// A setting of the task.
    public subscript<Value>(dynamicMember setting: KeyPath<TaskSettings, Value>) -> Value { settings[keyPath: setting] }

    /// The set of the objects that the task applies, `nil` unless it deletes those that its manifests no longer contain.
    public var setName: String? {
        let footprint = verb.footprint
        return footprint.pruning != .never ? footprint.setName ?? name : nil
    }

    /// The sets whose objects the node records for the task.
    public var recordedSets: [String] {
        [setName, verb.footprint.removedSet].compactMap(\.self)
    }

    /// The name of the systemd unit that runs the task.
    public var unitName: String { Planning.unitName(ofTask: name) }

    /// The paths, servers, objects and privileges that the task uses.
    public var footprint: Footprint {
        var footprint = verb.footprint
        if addressUse != .none { footprint.watchesInterfaces = true }
        if let lock { footprint.useLock(lock.kubeconfig) }
        footprint.reads += otherManifests.map { .init(path: $0, use: .optional) }
        return footprint
    }

    /// The location of what the task is about: its program, what it waits for, or else the path that it changes.
    public var subjectLocation: SourceLocation {
        let footprint = verb.footprint
        if footprint.runsPrograms {
            return footprint.command?.name.location ?? footprint.reads.first?.path.location ?? location
        }
        if let wait = verb.declaration as? WaitDeclaration { return wait.location }
        return footprint.writes.first?.path.location ?? location
    }
}

/// A path or URL with its location in the task file, for messages.
public struct LocatedPath: Sendable, Hashable {
    /// The path: absolute, or relative to the directory of the file that contains it.
    public var path: String

    /// The location of the path in the task file.
    public var location: SourceLocation

    public init(_ path: String, location: SourceLocation) {
        self.path = path
        self.location = location
    }

    /// The value of a property that is not read yet.
    static let unset = Self("", location: .nowhere)

    var isSet: Bool { !path.isEmpty }
}

/// A reference to a Kubernetes object by type and name.
public struct ObjectReference: Sendable, Hashable {
    /// The group and version of the object, such as `apps/v1`.
    public var apiVersion = ""

    /// The kind of the object, such as `DaemonSet`.
    public var kind = ""

    /// The namespace of the object, or `nil` for the namespace of the kubeconfig's context.
    public var namespace: String?
    public var name = ""

    /// The location of the reference in the task file.
    public var location = SourceLocation.nowhere
}

/// The Lease that keeps a task from running on two nodes of the cluster at the same time.
public struct ClusterLock: Sendable, Hashable {
    /// The kubeconfig for the API server that stores the Lease.
    public var kubeconfig: LocatedPath

    /// The namespace of the Leases of all locks, a namespace that exists in every cluster.
    public static let namespace = "kube-system"

    /// Returns the name of the Lease that all nodes share for a task.
    public static func leaseName(ofTask task: String) -> String { "nest-bootstrap-\(task)" }
}
