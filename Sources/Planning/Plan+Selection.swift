public import YAML

/// Parts of a plan, by the names of tasks.
extension Plan {
    /// The plan of only some tasks, as `run --task` asks for it.
    ///
    /// What a step depends on and is not in the part is not among its dependencies any more.
    ///
    /// - Parameters:
    ///   - names: The tasks, by their names or by those of their units.
    ///   - withDependencies: Whether all that they depend on is in the part as well.
    ///   - place: Where the names come from.
    /// - Returns: The part, in the order of the plan.
    /// - Throws: Every name that this node has no task of, at `place`.
    public func selecting(
        _ names: [String],
        withDependencies: Bool = false,
        at place: Place = Place(file: "--task"),
    ) throws(Diagnostics) -> Plan {
        let selected = try indices(of: names, at: place)
        let all = withDependencies ? closure(of: selected) { steps[$0].dependencies } : selected
        return part { all.contains($0) }
    }

    /// The plan without some of its steps.
    public func keeping(_ isKept: (Step) -> Bool) -> Plan {
        part { isKept(steps[$0]) }
    }

    /// The tasks that a task depends on directly, in the order of its `after`.
    public func dependencies(of name: String) -> [String] {
        steps.first { $0.task.name == name }?.dependencies.map { steps[$0].task.name } ?? []
    }

    /// The tasks that depend on a task, also by way of others, in the order of the plan.
    public func dependants(of name: String) -> [String] {
        guard let index = steps.firstIndex(where: { $0.task.name == name }) else { return [] }
        let dependants = dependantIndices
        let all = closure(of: [index]) { dependants[$0] }
        return steps.indices.filter { $0 != index && all.contains($0) }.map { steps[$0].task.name }
    }

    /// The positions of the steps that depend on each step directly.
    public var dependantIndices: [[Int]] {
        var dependants = steps.map { _ in [Int]() }
        for (index, step) in steps.enumerated() {
            for dependency in step.dependencies { dependants[dependency].append(index) }
        }
        return dependants
    }

    private func indices(of names: [String], at place: Place) throws(Diagnostics) -> Set<Int> {
        let problems = Problems()
        let known = steps.map(\.task.name)
        let indices = Dictionary(zip(known, steps.indices), uniquingKeysWith: { first, _ in first })
        var selected: Set<Int> = []
        for written in names {
            let name = taskName(ofUnit: written) ?? written
            if let index = indices[name] {
                selected.insert(index)
            } else {
                tellUnknown(name, known, place, problems)
            }
        }
        try problems.check()
        return selected
    }

    private func tellUnknown(_ name: String, _ known: [String], _ place: Place, _ problems: Problems) {
        guard let roles = roleNamesElsewhere[name] else {
            let other = known.isEmpty ? "this node has no tasks" : "known are \(few(known.sorted()))"
            problems.add(
                place,
                "no task is named \(quoted(name))",
                hint: problems.hint(for: name, in: known, else: other)
            )
            return
        }
        let all = list(roles.map { "'\($0)'" }, "or")
        let own = role.map { "has role '\($0)'" } ?? "has no role"
        let hint = roles.first.map { "type --role \($0) to take that role" }
        problems.add(place, "task '\(name)' is for role \(all), and this node \(own)", hint: hint)
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
        return Plan(steps: part, role: role, roleNamesElsewhere: roleNamesElsewhere)
    }
}
