import Base

/// A builder of the planned tasks of all roles and the plan of this node.
struct Resolver {
    let context: TaskContext

    /// Returns the complete tasks of all roles and the plan of this node, and reports problems between tasks.
    ///
    /// `removed` contains the locations of disabled tasks, by name.
    func resolve(
        _ tasks: [ReadTask],
        removed: [String: SourceLocation],
    ) -> (tasks: [PlannedTask], plan: Plan) {
        let graph = DependencyGraph(tasks.map(\.header), removed: removed, problems: context.problems)
        graph.reportCycles(context.views.combinations, context.problems)
        let kubeconfigs = KubeconfigInference(tasks, graph, context.problems).kubeconfigs(context.views)
        let planned = tasks.indices.map { plannedTask(tasks[$0], kubeconfig: kubeconfigs[$0]) }
        // It is not known which nodes run a task with an unknown role.
        let located = zip(tasks, planned).compactMap { $0.hasUnknownRole ? nil : $1 }
        WrittenPaths(companions: context.views.companions).check(located, context.problems)
        checkSets(planned.compactMap(\.self))
        let plan = plan(planned, graph, disabled: removed)
        return (planned.compactMap(\.self), plan)
    }

    /// Reports every task with the set of an earlier task, and every task that removes the set of another task.
    ///
    /// Two tasks with the same set would delete each other's objects, even on nodes with different roles.
    private func checkSets(_ tasks: [PlannedTask]) {
        var owners: [String: String] = [:]
        for task in tasks {
            guard let set = task.setName else { continue }
            if let other = owners[set] {
                context.problems.add(
                    task.location,
                    "task '\(task.name)' has the set '\(set)' of task '\(other)'",
                    hint: "give one of them another name with prune: {set: NAME}"
                )
            }
            owners[set] = owners[set] ?? task.name
        }
        for task in tasks {
            guard let set = task.footprint.removedSet, let owner = owners[set] else { continue }
            let message = "task '\(task.name)' removes the set '\(set)', which task '\(owner)' applies"
            context.problems.add(task.location, message, hint: "remove one of the two tasks")
        }
    }

    /// Returns the task with its kubeconfig, or `nil` if its verb, kubeconfig or lock is not known.
    private func plannedTask(_ task: ReadTask, kubeconfig: LocatedPath?) -> PlannedTask? {
        let verb: Verb
        switch task.verb {
        case .complete(let complete): verb = complete
        case .needsKubeconfig(_, let make):
            guard let kubeconfig else { return nil }
            verb = Verb(make(kubeconfig))
        case nil: return nil
        }
        let lock = task.plannedLock(verb.footprint.kubeconfig ?? kubeconfig)
        // A missing kubeconfig, or the error that prevents its inference, has been reported.
        guard task.lock == nil || lock != nil else { return nil }
        var planned = PlannedTask(
            name: task.header.name,
            roles: task.header.roles,
            afterUnits: task.header.after.compactMap { if case .unit(let name, _) = $0 { name } else { nil } },
            settings: task.settings,
            verb: verb,
            location: task.header.location,
        )
        planned.lock = lock
        return planned
    }

    /// Returns the plan of this node, without the tasks of other roles.
    private func plan(
        _ tasks: [PlannedTask?],
        _ graph: DependencyGraph,
        disabled: [String: SourceLocation],
    ) -> Plan {
        let order = graph.order(for: context.views.own).filter { tasks[$0] != nil }
        let positions = Dictionary(zip(order, order.indices), uniquingKeysWith: { first, _ in first })
        let steps = order.compactMap { index in
            tasks[index].map { task in
                // An edge that closes a cycle has been reported.
                let dependencies = graph.dependencies[index].compactMap { positions[$0] }
                return Plan.Step(task: task, dependencies: dependencies.filter { $0 < positions[index] ?? 0 })
            }
        }
        let elsewhere = graph.headers.filter { !$0.runs(on: context.views.own) }.map { ($0.name, $0.roles ?? []) }
        return Plan(
            steps: Self.readingOtherManifests(steps),
            roles: context.views.own,
            roleNamesElsewhere: Dictionary(elsewhere, uniquingKeysWith: { first, _ in first }),
            disabledTasks: disabled,
        )
    }

    /// Adds the manifests of the plan's other tasks to each task that may delete objects of a set.
    private static func readingOtherManifests(_ steps: [Plan.Step]) -> [Plan.Step] {
        guard steps.contains(where: { !$0.task.recordedSets.isEmpty }) else { return steps }
        let manifests = steps.map { step in
            step.task.footprint.reads.filter { $0.use == .manifests }.map(\.path)
        }
        return steps.indices.map { index in
            var step = steps[index]
            guard !step.task.recordedSets.isEmpty else { return step }
            var known = Set(manifests[index].map(\.path).exact)
            let others = (manifests[..<index] + manifests[(index + 1)...]).joined()
            step.task.otherManifests = others.filter { known.insert(ExactText($0.path)).inserted }
            return step
        }
    }
}
