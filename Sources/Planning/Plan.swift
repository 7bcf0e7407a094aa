public import Base

/// The tasks of a node as steps, each of which comes after all of its dependencies.
///
/// The order depends only on the task files and the node's roles. Steps are in the order of declaration, but
/// a dependency that is declared later is moved to just before the step that depends on it.
public struct Plan: Sendable, Hashable {
    public struct Step: Sendable, Hashable {
        public var task: PlannedTask

        /// The positions of the steps that must have succeeded first, all of them earlier in the plan.
        public var dependencies: [Int]
    }

    public internal(set) var steps: [Step]

    /// The roles of the node, or an empty list if they are not known.
    public let roles: [String]

    /// The roles of the tasks that run only on other nodes, by task name.
    let roleNamesElsewhere: [String: [String]]

    /// The locations of disabled tasks, by task name.
    let disabledTasks: [String: SourceLocation]

    /// The position of every step by the name of its task.
    private let positions: [String: Int]

    public func position(of name: String) -> Int? { positions[name] }

    /// The usual directories of systemd's unit files, without those of generators.
    public static let unitDirectories = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"]
        .map { "\($0)/systemd/system" }

    /// Returns the first task that writes a unit's file or its template's file, or `nil` if no task does.
    public func task(writingUnit unit: String) -> String? {
        var names = [unit]
        if let at = unit.firstIndex(of: "@"), let dot = unit.lastIndex(of: "."), at < dot {
            names.append(String(unit[...at] + unit[dot...]))
        }
        let paths = Self.unitDirectories.flatMap { directory in names.map { "\(directory)/\($0)" } }
        return steps.lazy.map(\.task).first { $0.footprint.producedPaths.contains(where: paths.contains) }?.name
    }

    public init(
        steps: [Step],
        roles: [String] = [],
        roleNamesElsewhere: [String: [String]] = [:],
        disabledTasks: [String: SourceLocation] = [:],
    ) {
        precondition(
            steps.enumerated().allSatisfy { index, step in step.dependencies.allSatisfy { (0..<index).contains($0) } },
            "a step of a plan depends only on earlier ones",
        )
        self.disabledTasks = disabledTasks
        self.steps = steps
        self.roles = roles
        self.roleNamesElsewhere = roleNamesElsewhere
        positions = Dictionary(
            zip(steps.lazy.map(\.task.name), steps.indices),
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Returns a plan of the tasks with the given names or unit names and, if requested, of all their dependencies.
    ///
    /// - Throws: A problem for each name that is not a task of this node.
    public func selecting(_ names: [String], withDependencies: Bool = false) throws(Problems) -> Plan {
        let selected = try indices(of: names)
        let all = withDependencies ? closure(of: selected) { steps[$0].dependencies } : selected
        return part { all.contains($0) }
    }

    /// Returns the plan of the steps that satisfy a condition, without their dependencies on other steps.
    public func keeping(_ isKept: (Step) -> Bool) -> Plan {
        part { isKept(steps[$0]) }
    }

    /// Returns the names of the direct and indirect dependencies of a task; empty for an unknown task.
    public func allDependencies(of name: String) -> Set<String> {
        guard let position = position(of: name) else { return [] }
        return Set(
            closure(of: [position]) { steps[$0].dependencies }.subtracting([position]).map { steps[$0].task.name }
        )
    }

    /// Returns, for each step, whether its task depends directly or indirectly on the task named `other`.
    public func stepsRunning(after other: String) -> [Bool] {
        var after = steps.map { _ in false }
        guard let ancestor = position(of: other) else { return after }
        for index in steps.indices.dropFirst(ancestor + 1) {
            after[index] = steps[index].dependencies.contains { $0 == ancestor || after[$0] }
        }
        return after
    }

    /// For each step, the positions of the steps that depend directly on it.
    var dependantIndices: [[Int]] {
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
        // The name is a command-line argument, which has no location in a file.
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
        var part = kept.map { steps[$0] }
        for index in part.indices { part[index].dependencies = part[index].dependencies.compactMap { positions[$0] } }
        return Self(steps: part, roles: roles, roleNamesElsewhere: roleNamesElsewhere, disabledTasks: disabledTasks)
    }
}
