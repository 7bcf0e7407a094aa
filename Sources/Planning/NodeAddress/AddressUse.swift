import Base

/// The dependence of a task on an address that a rule chooses.
public enum AddressUse: Sendable, Hashable {
    case none
    /// The manifests of the task may contain the address.
    case manifests
    /// The declaration of the task contains the address.
    case declaration
}

extension Declarations {
    /// Sets ``PlannedTask/addressUse`` by comparison with the tasks of the same files read with another address.
    ///
    /// - Returns: A problem for each task with the address in its paths or unit, which must be known earlier.
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
        func note(_ task: inout PlannedTask) { task.addressUse = uses[task.name] ?? .none }
        for index in tasks.indices { note(&tasks[index]) }
        for index in plan.steps.indices { note(&plan.steps[index].task) }
        return problems
    }

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

    /// Returns the values of a task that must not contain the address, except the paths of its footprint.
    private static func unitPart(_ task: PlannedTask) -> [String] {
        let footprint = task.verb.footprint
        let paths = [footprint.command?.name.path, task.lock?.kubeconfig.path].map { $0 ?? "" }
        return [task.description ?? "", "\(task.timeout)", task.reset ?? ""] + task.wantedBy + task.afterUnits
            + task.restarts
            + footprint.accounts.map(\.name) + footprint.capabilities + paths
    }
}

extension Footprint {
    fileprivate var paths: [LocatedPath] { reads.map(\.path) + writes.map(\.path) }
}
