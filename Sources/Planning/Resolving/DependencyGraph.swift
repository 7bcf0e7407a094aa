import Base
import YAML

/// The dependencies of tasks, by their positions among the tasks of all roles.
struct DependencyGraph {
    let headers: [TaskHeader]
    /// The tasks that each runs after, whatever the roles.
    let dependencies: [[Int]]
    /// The tasks with an unknown name in `after`.
    private(set) var unresolved: Set<Int> = []

    /// Relates tasks whose names differ, and reports unknown names in `after`.
    ///
    /// - Parameters:
    ///   - headers: The tasks.
    ///   - removed: Where tasks were switched off.
    ///   - problems: Where problems are reported.
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
            let hint = "remove \(quoted(name)) here, or enable: false there"
            problems.add(location, "\(subject), which is disabled at \(removed)", hint: hint)
            return
        }
        let hint = problems.hint(for: name, in: names, else: unitHint(name, problems))
        problems.addMissing(location, "\(subject), which is not declared", hint: hint)
    }

    /// The hint that a name which is neither a task's nor a unit's is probably a certain unit.
    private static func unitHint(_ name: String, _ problems: ProblemCollector) -> String? {
        guard let dot = name.lastIndex(of: ".") else {
            return isUnitName(name + ".service") ? "write '\(name).service' if it is a systemd unit" : nil
        }
        let stem = name[..<dot]
        return problems.nearName(to: String(name[name.index(after: dot)...]), in: unitSuffixes).map {
            "did you mean '\(stem).\($0)'?"
        }
    }

    /// The positions of the tasks of a node with some roles, in an order in which every task follows those it runs after.
    ///
    /// Tasks are in the order of their declarations, but the dependencies of a task come just before it unless they
    /// came already. One edge of every cycle is ignored.
    func order(for roles: [String]) -> [Int] {
        var order: [Int] = []
        var isSeen = headers.map { !$0.runs(on: roles) }
        // The path from a task down its dependencies, each with the index of the dependency that is next.
        var path: [(task: Int, next: Int)] = []
        for start in headers.indices where !isSeen[start] {
            isSeen[start] = true
            path.append((start, 0))
            while let (task, next) = path.last {
                guard next < dependencies[task].count else {
                    order.append(task)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let dependency = dependencies[task][next]
                guard !isSeen[dependency] else { continue }
                isSeen[dependency] = true
                path.append((dependency, 0))
            }
        }
        return order
    }
}

/// Tasks that run after each other.
extension DependencyGraph {
    /// Reports every independent cycle once, as a path.
    ///
    /// - Parameters:
    ///   - combinations: The roles that nodes have together.
    ///   - problems: Where the cycles are reported.
    func reportCycles(_ combinations: [[String]], _ problems: ProblemCollector) {
        var reported: Set<[Int]> = []
        // Where every role runs every task, there is one graph.
        let isCommon = headers.allSatisfy { $0.roles == nil }
        for roles in isCommon ? [[]] : combinations {
            for cycle in cycles(for: roles) where reported.count < Limit.cycleCount && reported.insert(cycle).inserted {
                report(cycle, problems)
            }
        }
    }

    /// The cycles among the tasks of a node with some roles, each starting with the task that is declared first.
    ///
    /// One depth-first walk finds them: an edge back into the path walked so far closes a cycle, and every cycle of
    /// the graph is made of such cycles. No two of them have that edge in common.
    private func cycles(for roles: [String]) -> [[Int]] {
        var cycles: [[Int]] = []
        var isSeen = headers.map { !$0.runs(on: roles) }
        var depths: [Int: Int] = [:]
        var path: [(task: Int, next: Int)] = []
        for start in headers.indices where !isSeen[start] {
            isSeen[start] = true
            depths[start] = 0
            path.append((start, 0))
            while let (task, next) = path.last {
                guard next < dependencies[task].count else {
                    depths[task] = nil
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let dependency = dependencies[task][next]
                if let depth = depths[dependency] {
                    // A long path with many edges back into it would be reported as many long cycles.
                    if cycles.count < Limit.cycleCount { cycles.append(rotated(path[depth...].map(\.task))) }
                } else if !isSeen[dependency] {
                    isSeen[dependency] = true
                    depths[dependency] = path.count
                    path.append((dependency, 0))
                }
            }
        }
        return cycles
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

    /// Where a task says that it runs after another.
    private func location(of dependency: Int, in task: Int) -> SourceLocation {
        for case .task(let name, let location) in headers[task].after where name == headers[dependency].name {
            return location
        }
        return headers[task].location
    }
}
