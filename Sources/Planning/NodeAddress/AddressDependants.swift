import Base

/// Finds the tasks that depend on the node's address, by comparing two readings with different addresses.
struct AddressDependants {
    /// The uses of the address by task name, without tasks that do not depend on the address.
    private(set) var uses: [String: AddressUse] = [:]

    /// Problems with values that must not depend on the address because units are generated before it is known.
    private(set) var problems: [Problem] = []

    /// Compares two readings of the same files with different addresses.
    init(_ first: [PlannedTask], _ second: [PlannedTask]) {
        let others = Dictionary(second.map { ($0.name, $0) }) { first, _ in first }
        for task in first {
            if let other = others[task.name], other != task {
                uses[task.name] = .declaration
                problems += Self.problem(task, other).map { [$0] } ?? []
            } else if task.verb.footprint.manifests?.substitutesVariables == true {
                uses[task.name] = .manifests
            }
        }
    }

    /// Returns a problem if the unit of a task would depend on the address.
    private static func problem(_ task: PlannedTask, _ other: PlannedTask) -> Problem? {
        let (own, others) = (task.verb.footprint, other.verb.footprint)
        let paths = zip(own.paths, others.paths).first { $0.path != $1.path }
        guard paths != nil || unitPart(task) != unitPart(other) else { return nil }
        let part = paths == nil ? "what its unit is made of" : "a path"
        return Problem(
            "task '\(task.name)' uses 'node.address' in \(part), which has to be known before the address is",
            at: paths?.0.location ?? task.location,
            hint: "write it without '${node.address}'",
        )
    }

    /// Returns the values from which a task's unit is generated, apart from paths and servers.
    private static func unitPart(_ task: PlannedTask) -> [String] {
        let footprint = task.verb.footprint
        let paths = [footprint.command?.name.path, task.lock?.kubeconfig.path].map { $0 ?? "" }
        return [task.description ?? "", "\(task.timeout)", task.reset ?? ""] + task.wantedBy + task.afterUnits
            + task.restarts
            + footprint.accounts.map(\.name) + footprint.capabilities + paths
    }
}

extension Footprint {
    /// The paths that the task reads and writes.
    fileprivate var paths: [LocatedPath] { reads.map(\.path) + writes.map(\.path) }
}

extension Declarations {
    /// Records which tasks depend on the address of the node.
    mutating func note(_ uses: [String: AddressUse]) {
        func noted(_ task: PlannedTask) -> PlannedTask {
            var task = task
            task.addressUse = uses[task.name] ?? .none
            return task
        }
        tasks = tasks.map(noted)
        plan = plan.replacingTasks(noted)
    }
}
