import Base

/// The dependencies of tasks, by their positions among the tasks of all roles.
struct DependencyGraph {
    let headers: [TaskHeader]
    /// The positions of the tasks that each task runs after, regardless of roles.
    let dependencies: [[Int]]
    /// The tasks with an unknown or disabled task in `after`.
    private(set) var unresolved: Set<Int> = []

    /// Creates the graph of tasks with distinct names, and reports unknown and disabled tasks in `after`.
    ///
    /// `removed` contains the locations of disabled tasks, by name.
    init(_ headers: [TaskHeader], removed: [String: SourceLocation], problems: ProblemCollector) {
        let indices = Dictionary(zip(headers.map(\.name), headers.indices), uniquingKeysWith: { first, _ in first })
        var dependencies: [[Int]] = []
        let names = headers.map(\.name)
        for (position, header) in headers.enumerated() {
            var found: [Int] = []
            for case .task(let name, let location) in header.after {
                if let index = indices[name] {
                    found.append(index)
                } else {
                    unresolved.insert(position)
                    Self.reportUnknown(name, location, header, names, removed[name], problems)
                }
            }
            dependencies.append(found)
        }
        self.headers = headers
        self.dependencies = dependencies
    }

    private static func reportUnknown(
        _ name: String,
        _ location: SourceLocation,
        _ header: TaskHeader,
        _ names: [String],
        _ removed: SourceLocation?,
        _ problems: ProblemCollector,
    ) {
        let subject = "task \(quoted(header.name)) runs after \(quoted(name))"
        if let removed {
            let hint = "remove 'enable: false' there, or \(quoted(name)) here"
            problems.add(location, "\(subject), which is disabled at \(removed)", hint: hint)
            return
        }
        let unit = wholeUnitName(of: name).map { "write '\($0)' if it is a systemd unit" }
        let hint = problems.hint(for: name, in: names, else: unit)
        problems.addMissing(location, "\(subject), which is not declared", hint: hint)
    }

    /// Returns the tasks that a node with the given roles runs, each after its dependencies.
    ///
    /// Tasks are in the order of their declarations, but a dependency that is declared after a task comes directly
    /// before the task. One edge of every cycle is ignored.
    func order(for roles: [String]) -> [Int] { walk(for: roles).order }

    /// Visits the tasks that a node with the given roles runs, depth-first along their dependencies.
    ///
    /// Every cycle of the graph contains an edge back into the current path. Each such edge results in one cycle, up to
    /// ``Limit/cycleCount``.
    ///
    /// - Returns: The tasks in postorder, and the cycles, each beginning with the task that is declared first.
    private func walk(for roles: [String]) -> (order: [Int], cycles: [[Int]]) {
        var order: [Int] = []
        var cycles: [[Int]] = []
        var isSeen = headers.map { !$0.runs(on: roles) }
        // The path from a task along its dependencies, each task with the index of its next dependency.
        var path: [(task: Int, next: Int)] = []
        var depths: [Int: Int] = [:]
        for start in headers.indices where !isSeen[start] {
            isSeen[start] = true
            depths[start] = 0
            path.append((start, 0))
            while let (task, next) = path.last {
                guard next < dependencies[task].count else {
                    order.append(task)
                    depths[task] = nil
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let dependency = dependencies[task][next]
                if let depth = depths[dependency] {
                    // A long path may have many edges back into it, each of which closes a long cycle.
                    if cycles.count < Limit.cycleCount { cycles.append(rotated(path[depth...].map(\.task))) }
                } else if !isSeen[dependency] {
                    isSeen[dependency] = true
                    depths[dependency] = path.count
                    path.append((dependency, 0))
                }
            }
        }
        return (order, cycles)
    }

    /// Reports each cycle found for the given combinations of roles once, up to ``Limit/cycleCount`` cycles.
    func reportCycles(_ combinations: [[String]], _ problems: ProblemCollector) {
        var reported: Set<[Int]> = []
        for roles in combinations {
            for cycle in walk(for: roles).cycles
            where reported.count < Limit.cycleCount && reported.insert(cycle).inserted {
                report(cycle, problems)
            }
        }
    }

    private func rotated(_ cycle: [Int]) -> [Int] {
        guard let first = cycle.min(), let index = cycle.firstIndex(of: first) else { return cycle }
        return Array(cycle[index...] + cycle[..<index])
    }

    private func report(_ cycle: [Int], _ problems: ProblemCollector) {
        let edges = zip(cycle, cycle.dropFirst() + cycle.prefix(1))
        let places = edges.map { (name: headers[$1].name, location: location(of: $1, in: $0)) }
        var names = cycle.map { headers[$0].name }
        let shown = Limit.cycleMemberCount
        if names.count > shown { names = names.prefix(shown - 1) + ["… \(names.count - shown + 1) more …"] }
        let path = (names + [headers[cycle[0]].name]).joined(separator: " -> ")
        let ways = places.prefix(shown).map { "'\($0.name)' at \($0.location)" }
        problems.add(
            places[0].location,
            cycle.count == 1 ? "a task runs after itself: \(path)" : "tasks run after each other: \(path)",
            hint: "remove \(list(ways, "or"))",
        )
    }

    private func location(of dependency: Int, in task: Int) -> SourceLocation {
        for case .task(let name, let location) in headers[task].after where name == headers[dependency].name {
            return location
        }
        return headers[task].location
    }
}
