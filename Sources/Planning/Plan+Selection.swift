public import Base
import YAML

/// Parts of a plan, by the names of tasks.
extension Plan {
    /// The plan of only some tasks, as `run --task` asks for it.
    ///
    /// Dependencies that are not in the part are removed from its steps.
    ///
    /// - Parameters:
    ///   - names: The tasks, by their names or by those of their units.
    ///   - withDependencies: Whether the part also has all their dependencies.
    /// - Returns: The part, in the order of the plan.
    /// - Throws: Every name that is not that of a task of this node.
    public func selecting(_ names: [String], withDependencies: Bool = false) throws(Problems) -> Plan {
        let selected = try indices(of: names)
        let all = withDependencies ? closure(of: selected) { steps[$0].dependencies } : selected
        return part { all.contains($0) }
    }

    /// The plan without some of its steps.
    public func keeping(_ isKept: (Step) -> Bool) -> Plan {
        part { isKept(steps[$0]) }
    }

    /// The tasks that a task depends on directly, in the order of its `after`.
    public func dependencies(of name: String) -> [String] {
        position(of: name).map { steps[$0].dependencies.map { steps[$0].task.name } } ?? []
    }

    /// The tasks that a task depends on, also by way of others.
    public func allDependencies(of name: String) -> Set<String> {
        guard let position = position(of: name) else { return [] }
        return Set(
            closure(of: [position]) { steps[$0].dependencies }.subtracting([position]).map { steps[$0].task.name }
        )
    }

    /// The positions of the steps that depend on each step directly.
    public var dependantIndices: [[Int]] {
        var dependants = steps.map { _ in [Int]() }
        for (index, step) in steps.enumerated() {
            for dependency in step.dependencies { dependants[dependency].append(index) }
        }
        return dependants
    }

    private func indices(of names: [String]) throws(Problems) -> Set<Int> {
        let problems = ProblemCollector()
        var selected: Set<Int> = []
        for written in names {
            let name = taskName(ofUnit: written) ?? written
            if let index = position(of: name) {
                selected.insert(index)
            } else {
                reportUnknown(name, problems)
            }
        }
        try problems.check()
        return selected
    }

    private func reportUnknown(_ name: String, _ problems: ProblemCollector) {
        // The name is an argument, which has no place in a file.
        let location = SourceLocation.nowhere
        if let place = disabledTasks[name] {
            let hint = "remove 'enable: false' there"
            return problems.add(location, "task '\(name)' is disabled at \(place)", hint: hint)
        }
        guard let others = roleNamesElsewhere[name] else {
            let known = steps.map(\.task.name)
            let other = known.isEmpty ? "this node has no tasks" : "expected one of \(few(known.sorted()))"
            problems.add(
                location,
                "no task is named \(quoted(name))",
                hint: problems.hint(for: name, in: known, else: other)
            )
            return
        }
        let all = list(others.map { "'\($0)'" }, "or")
        let own = roles.isEmpty ? "has no role" : "has role \(list(roles.map { "'\($0)'" }))"
        let hint = others.first.map { "type --role \($0) to take that role" }
        problems.add(location, "task '\(name)' is for role \(all), and this node \(own)", hint: hint)
    }

    private func closure(of start: Set<Int>, _ next: (Int) -> [Int]) -> Set<Int> {
        var all = start
        var pending = Array(start)
        while let index = pending.popLast() {
            for other in next(index) where all.insert(other).inserted { pending.append(other) }
        }
        return all
    }

    private func part(_ isKept: (Int) -> Bool) -> Plan {
        let kept = steps.indices.filter(isKept)
        let positions = Dictionary(zip(kept, kept.indices), uniquingKeysWith: { first, _ in first })
        let part = kept.map { index in
            Step(task: steps[index].task, dependencies: steps[index].dependencies.compactMap { positions[$0] })
        }
        return Plan(steps: part, roles: roles, roleNamesElsewhere: roleNamesElsewhere, disabledTasks: disabledTasks)
    }
}
