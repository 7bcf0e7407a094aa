import YAML

/// Which task runs after which, by their positions among all tasks.
struct Relations {
    /// The tasks.
    let headers: [TaskHeader]
    /// The tasks that each runs after, whatever the roles.
    let dependencies: [[Int]]
    /// The tasks with a name in `after` that means nothing.
    private(set) var unresolved: Set<Int> = []

    /// Relates tasks whose names differ, and tells names in `after` that mean nothing.
    ///
    /// - Parameters:
    ///   - headers: The tasks.
    ///   - removed: Where tasks were switched off.
    ///   - problems: Where faults are told.
    init(_ headers: [TaskHeader], removed: [String: Place], problems: Problems) {
        let indices = Dictionary(zip(headers.map(\.name), headers.indices), uniquingKeysWith: { first, _ in first })
        var dependencies: [[Int]] = []
        let names = headers.map(\.name)
        for (position, header) in headers.enumerated() {
            var found: [Int] = []
            for case .task(let name, let place) in header.after {
                if let index = indices[name] {
                    found.append(index)
                } else {
                    unresolved.insert(position)
                    Self.tellUnknown(name, place, header, names, removed[name], problems)
                }
            }
            dependencies.append(found)
        }
        self.headers = headers
        self.dependencies = dependencies
    }

    /// Relates tasks by what is known of them already.
    init(headers: [TaskHeader], dependencies: [[Int]]) {
        self.headers = headers
        self.dependencies = dependencies
    }

    private static func tellUnknown(
        _ name: String,
        _ place: Place,
        _ header: TaskHeader,
        _ names: [String],
        _ removed: Place?,
        _ problems: Problems,
    ) {
        let subject = "task \(quoted(header.name)) runs after \(quoted(name))"
        if let removed {
            let hint = "remove \(quoted(name)) here, or enable: false there"
            problems.add(place, "\(subject), which is switched off at \(removed)", hint: hint)
            return
        }
        let hint = problems.hint(for: name, in: names, else: unitHint(name, problems))
        problems.addMissing(place, "\(subject), which is not declared", hint: hint)
    }

    /// The unit that is probably meant by a name that is neither a task's nor a unit's.
    private static func unitHint(_ name: String, _ problems: Problems) -> String? {
        guard let dot = name.lastIndex(of: ".") else {
            return isUnitName(name + ".service") ? "write '\(name).service' if it is a systemd unit" : nil
        }
        let stem = name[..<dot]
        return problems.nearName(to: String(name[name.index(after: dot)...]), in: unitSuffixes).map {
            "did you mean '\(stem).\($0)'?"
        }
    }

    /// The roles for which the tasks have to be looked at, `nil` standing for tasks that every role runs.
    var roles: [String?] {
        let roles = Set(headers.flatMap { $0.roles ?? [] })
        return roles.isEmpty ? [nil] : roles.sorted()
    }

    /// The positions of the tasks of a role, in an order in which every task follows those it runs after.
    ///
    /// Tasks come as they are declared, but what a task runs after comes just before it unless it came already.
    /// Cycles do not matter: one of their edges counts for nothing.
    func order(for role: String?) -> [Int] {
        var order: [Int] = []
        var isSeen = headers.map { !$0.runs(on: role) }
        // The path from a declared task down to what it runs after, each with how far its dependencies are walked.
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
