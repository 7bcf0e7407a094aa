import Base

/// The way in which a task depends on the address of its node.
public enum AddressUse: Sendable, Hashable {
    /// The task does not depend on the address.
    case none
    /// The manifests of the task may depend on the address.
    case manifests
    /// The declaration of the task depends on the address.
    case declaration
}

extension Declarations {
    /// Records which tasks depend on the address of the node.
    ///
    /// - Parameter others: The tasks of the same files, read with another address.
    /// - Returns: Problems with values that must not depend on the address, because units are generated before it is known.
    mutating func noteAddressUses(comparing others: [PlannedTask]) -> [Problem] {
        let others = Dictionary(others.map { ($0.name, $0) }) { first, _ in first }
        var uses: [String: AddressUse] = [:]
        var problems: [Problem] = []
        for task in tasks {
            if let other = others[task.name], other != task {
                uses[task.name] = .declaration
                problems += Self.problem(task, other).map { [$0] } ?? []
            } else if task.verb.footprint.manifests?.substitutesVariables == true {
                uses[task.name] = .manifests
            }
        }
        func noted(_ task: PlannedTask) -> PlannedTask {
            var task = task
            task.addressUse = uses[task.name] ?? .none
            return task
        }
        tasks = tasks.map(noted)
        plan = plan.replacingTasks(noted)
        return problems
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
