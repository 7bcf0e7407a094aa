import Base
import YAML

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
