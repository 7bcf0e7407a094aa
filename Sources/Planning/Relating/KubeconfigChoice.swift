import YAML

/// Finds the kubeconfig of every task that needs one and names none.
///
/// It is the one that the nearest `kubeconfig` task writes which the task runs after. Where several are equally near,
/// it is the one that the tasks it runs after use, if they agree.
struct KubeconfigChoice {
    /// What is known of the kubeconfigs that a task comes after.
    private struct Reach {
        /// How many edges away the nearest are.
        var distance = Int.max
        /// The tasks that write the nearest.
        var writers: [Int] = []
        /// Whether a fault told already may be the reason for there being none.
        var isUncertain = false
    }

    private let relations: Relations
    private let problems: Problems

    /// More than this many equally near writers are not told apart.
    private static let writerLimit = 8

    /// Gives every task of `tasks` its kubeconfig, and tells where that cannot be done.
    ///
    /// - Parameters:
    ///   - tasks: The tasks, in the order of the relations.
    ///   - relations: How they relate.
    ///   - context: The role for which each task was read.
    static func make(_ tasks: inout [ReadTask], _ relations: Relations, _ context: TaskContext) {
        let choice = Self(relations: relations, problems: context.problems)
        let written = tasks
        let roles = tasks.map { context.role(for: $0.header.roles) }
        for role in Set(roles) {
            let isRead = roles.map { $0 == role }
            for (task, kubeconfig) in choice.kubeconfigs(written, for: role, { isRead[$0] }) {
                tasks[task].verb?.use(kubeconfig)
            }
        }
    }

    /// The kubeconfigs of the tasks of a role that need one.
    private func kubeconfigs(
        _ tasks: [ReadTask],
        for role: String?,
        _ isRead: (Int) -> Bool,
    ) -> [Int: PathReference] {
        var kubeconfigs: [Int: PathReference] = [:]
        var reaches = tasks.map { _ in Reach() }
        // A task of another role's reading gets its kubeconfig there; here it only passes on what it would use.
        var used: [Int: PathReference] = [:]
        let order = relations.order(for: role)
        for task in order {
            reaches[task] = reach(of: task, tasks, reaches, role)
            guard tasks[task].verb?.needsKubeconfig == true else {
                used[task] = tasks[task].verb?.usedKubeconfig
                continue
            }
            let chosen = choose(for: task, tasks, reaches[task], used)
            used[task] = chosen
            guard isRead(task) else { continue }
            if let chosen {
                kubeconfigs[task] = chosen
            } else if !reaches[task].isUncertain {
                tell(task, tasks, reaches[task], order)
            }
        }
        return kubeconfigs
    }

    private func reach(of task: Int, _ tasks: [ReadTask], _ reaches: [Reach], _ role: String?) -> Reach {
        var reach = Reach()
        reach.isUncertain = relations.unresolved.contains(task)
        for dependency in relations.dependencies[task] {
            guard relations.headers[dependency].runs(on: role) else {
                // A node whose role nobody says may well be one that runs the dependency.
                reach.isUncertain = reach.isUncertain || role == nil
                continue
            }
            let verb = tasks[dependency].verb
            let isWriter = if case .kubeconfig? = verb { true } else { false }
            let behind = reaches[dependency]
            reach.isUncertain = reach.isUncertain || behind.isUncertain || verb == nil
            let distance = isWriter ? 1 : behind.distance == .max ? .max : behind.distance + 1
            let writers = isWriter ? [dependency] : behind.writers
            if distance < reach.distance {
                reach.distance = distance
                reach.writers = writers
            } else if distance == reach.distance {
                let new = writers.filter { !reach.writers.contains($0) }
                reach.writers += new.prefix(max(Self.writerLimit - reach.writers.count, 0))
            }
        }
        return reach
    }

    private func choose(
        for task: Int,
        _ tasks: [ReadTask],
        _ reach: Reach,
        _ used: [Int: PathReference],
    ) -> PathReference? {
        let paths = reach.writers.compactMap { tasks[$0].verb?.writtenPath }
        guard paths.count > 1 else { return paths.first }
        let before = Set(relations.dependencies[task].compactMap { used[$0]?.path })
        let agreed = paths.filter { before.contains($0.path) }
        return agreed.count == 1 ? agreed[0] : nil
    }

    private func tell(_ task: Int, _ tasks: [ReadTask], _ reach: Reach, _ order: [Int]) {
        let header = tasks[task].header
        let verb = tasks[task].verb?.name ?? ""
        guard reach.writers.isEmpty else {
            let names = reach.writers.sorted().map { "'\(tasks[$0].header.name)'" }
            let path = tasks[reach.writers.min() ?? task].verb?.writtenPath?.path ?? ""
            problems.add(
                header.place,
                "task '\(header.name)' runs after several tasks that write a kubeconfig: \(list(names))",
                hint: "add kubeconfig: \(typed(path)) below \(verb):",
            )
            return
        }
        let writer = order.sorted().first { if case .kubeconfig? = tasks[$0].verb { true } else { false } }
        let hint = writer.map { "add \(tasks[$0].header.name) to after:, or kubeconfig: PATH below \(verb):" }
        problems.addMissing(
            header.place,
            "task '\(header.name)' has no kubeconfig, and runs after no task that writes one",
            hint: hint ?? "add kubeconfig: PATH below \(verb):",
        )
    }
}

extension Verb {
    /// Whether the verb talks to the API server and nobody has said with which kubeconfig.
    fileprivate var needsKubeconfig: Bool {
        switch self {
        case .apply(let declaration): return declaration.kubeconfig == nil
        case .wait(let declaration):
            switch declaration.condition {
            case .apiServer(let kubeconfig), .object(_, let kubeconfig): return kubeconfig == nil
            case .tcp, .file, .url, .unit: return false
            }
        case .kubeconfig, .symlink, .file, .exec: return false
        }
    }

    /// Sets the kubeconfig.
    fileprivate mutating func use(_ kubeconfig: PathReference) {
        switch self {
        case .apply(var declaration):
            declaration.kubeconfig = kubeconfig
            self = .apply(declaration)
        case .wait(var declaration):
            switch declaration.condition {
            case .apiServer: declaration.condition = .apiServer(kubeconfig: kubeconfig)
            case .object(let object, _): declaration.condition = .object(object, kubeconfig: kubeconfig)
            case .tcp, .file, .url, .unit: break
            }
            self = .wait(declaration)
        case .kubeconfig, .symlink, .file, .exec: break
        }
    }
}
