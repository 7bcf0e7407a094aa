public import Base

/// The settings of a task that do not depend on its verb or on other tasks.
public struct TaskSettings: Sendable, Hashable {
    public var description: String?

    /// The systemd units that want this task's unit, besides the target of all tasks, which requires it.
    var wantedBy: [String] = []

    /// The time limit of the whole task, counted from its start.
    public var timeout = Duration.seconds(600)

    /// The time between the end of a run and its repetition, or `nil` if the task does not repeat.
    public var interval: Duration?

    /// The systemd units to restart after the task has changed something, without duplicates.
    public var restarts: [String] = []

    /// Shell commands that undo effects of the task unknown to the agent.
    public var reset: String?
}

/// A task with all names and defaults resolved.
@dynamicMemberLookup
public struct PlannedTask: Sendable, Hashable {
    /// The task's name, unique among the tasks.
    public var name: String

    /// The roles that run the task, or `nil` for every role.
    public var roles: [String]?

    /// The systemd units after which the task's unit is ordered, without the units of other tasks.
    public var afterUnits: [String] = []

    public var settings: TaskSettings

    public var verb: Verb
    public var location: SourceLocation
    public var addressUse = AddressUse.none
    public var lock: ClusterLock?

    /// The manifests of the plan's other tasks, whose objects this task keeps when it deletes objects of a set.
    var otherManifests: [LocatedPath] = []

    public subscript<Value>(dynamicMember setting: KeyPath<TaskSettings, Value>) -> Value { settings[keyPath: setting] }

    /// The name of the set of the task's applied objects, or `nil` if the task does not prune.
    public var setName: String? {
        let footprint = verb.footprint
        return footprint.pruning != .never ? footprint.setName ?? name : nil
    }

    /// The names of the sets that the node records for the task.
    public var recordedSets: [String] {
        [setName, verb.footprint.removedSet].compactMap(\.self)
    }

    public var unitName: String { Planning.unitName(ofTask: name) }

    /// The footprint of the verb, with the needs of the lock, the node's address and the manifests of other tasks.
    public var footprint: Footprint {
        var footprint = verb.footprint
        if addressUse != .none { footprint.watchesInterfaces = true }
        if let lock { footprint.useLock(lock.kubeconfig) }
        footprint.reads += otherManifests.map { .init(path: $0, use: .optional) }
        return footprint
    }

    /// The location for errors that have none: the task's program, condition or first written path, or else the task.
    public var subjectLocation: SourceLocation {
        let footprint = verb.footprint
        if footprint.runsPrograms {
            return footprint.command?.name.location ?? footprint.reads.first?.path.location ?? location
        }
        if let wait = verb.declaration as? WaitDeclaration { return wait.location }
        return footprint.writes.first?.path.location ?? location
    }
}

/// A path, URL or program name with its location in the task file, for messages.
public struct LocatedPath: Sendable, Hashable {
    /// The path, URL or name.
    ///
    /// A relative path in a task file is already resolved against the directory of the task file.
    public var path: String

    public var location: SourceLocation

    public init(_ path: String, location: SourceLocation) {
        self.path = path
        self.location = location
    }

    /// The value of a key until it is read or inferred.
    static let unset = Self("", location: .nowhere)

    var isSet: Bool { !path.isEmpty }
}

/// A reference to a Kubernetes object by type and name.
public struct ObjectReference: Sendable, Hashable {
    public var apiVersion = ""
    public var kind = ""

    /// The namespace; if `nil`, that of the kubeconfig's context for a namespaced object.
    public var namespace: String?
    public var name = ""
    public var location = SourceLocation.nowhere
}

/// The Lease that keeps a task from running on two nodes of the cluster at the same time.
public struct ClusterLock: Sendable, Hashable {
    public var kubeconfig: LocatedPath

    /// The namespace of the Leases of all tasks; it exists in every cluster.
    public static let namespace = "kube-system"

    public static func leaseName(ofTask task: String) -> String { "nest-bootstrap-\(task)" }
}
