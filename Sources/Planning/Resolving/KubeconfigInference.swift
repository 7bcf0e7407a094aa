import Base

/// The inference of kubeconfigs for tasks that need one but do not name one.
///
/// The kubeconfig is that of the nearest `kubeconfig` task among the dependencies. If several such tasks are equally
/// near, exactly one of their kubeconfigs must be used by a direct dependency. For tasks that change objects,
/// kubeconfigs of components such as kube-proxy do not count, because components may not change these objects.
struct KubeconfigInference {
    /// The nearest kubeconfigs that dependencies of a task write.
    private struct Reach {
        /// The number of edges to ``writers``, or the maximum if there is none.
        var distance = Int.max
        var writers: [Int] = []
        /// Whether a writer may be missing because of a reported error or unknown roles.
        var isUncertain = false
    }

    private let tasks: [ReadTask]
    private let graph: DependencyGraph
    private let problems: ProblemCollector
    /// The kubeconfig that each task writes, or `nil` if it writes none.
    private let written: [LocatedPath?]
    /// The user in the kubeconfig that each task writes, if the user is a component of Kubernetes.
    private let components: [String?]

    private static let writerLimit = 8

    /// Creates an inference for tasks in the order of the graph.
    init(_ tasks: [ReadTask], _ graph: DependencyGraph, _ problems: ProblemCollector) {
        self.tasks = tasks
        self.graph = graph
        self.problems = problems
        written = tasks.map { $0.verb?.footprint?.writtenKubeconfig }
        components = tasks.map { task in
            guard case .complete(let verb)? = task.verb else { return nil }
            return verb.footprint.writes.lazy.compactMap(\.kubeconfig?.user).first(where: Self.isComponent)
        }
    }

    /// Returns whether a user name is that of a component, with or without the prefix `system:` of its certificate.
    private static func isComponent(_ user: String) -> Bool {
        let name = user.replacing(/^system:/, with: "")
        return name.hasPrefix("node:") || componentNames.contains(name)
    }

    private static let componentNames: Set = [
        "calico-cni", "calico-node", "cilium", "cni", "flannel", "kube-controller-manager", "kube-proxy",
        "kube-scheduler", "kubelet", "kubelet-bootstrap",
    ]

    /// Returns the kubeconfigs by the position of the task, and reports tasks for which none can be inferred.
    func kubeconfigs(_ views: RoleViews) -> [Int: LocatedPath] {
        var kubeconfigs: [Int: LocatedPath] = [:]
        let all = tasks.map { views.roles(for: $0.header.roles) }
        for roles in Set(all) { find(for: roles, { all[$0] == roles }, &kubeconfigs) }
        return kubeconfigs
    }

    /// Adds the kubeconfigs of the tasks that were read for the given roles, and reports tasks without one.
    private func find(for roles: [String], _ isRead: (Int) -> Bool, _ kubeconfigs: inout [Int: LocatedPath]) {
        var reaches = tasks.map { _ in Reach() }
        var administratorReaches = reaches
        // The kubeconfig of each task; if the task was read for other roles, it only affects the choice for dependants.
        var used: [Int: LocatedPath] = [:]
        let order = graph.order(for: roles)
        for task in order {
            reaches[task] = reach(of: task, reaches, roles) { written[$0] != nil }
            administratorReaches[task] = reach(of: task, administratorReaches, roles) {
                written[$0] != nil && components[$0] == nil
            }
            guard tasks[task].needsKubeconfig else {
                used[task] = tasks[task].namedKubeconfig
                continue
            }
            let reach = tasks[task].changesObjects ? administratorReaches[task] : reaches[task]
            let chosen = choose(for: task, reach, used)
            used[task] = chosen
            guard isRead(task) else { continue }
            if let chosen {
                kubeconfigs[task] = chosen
            } else if !reach.isUncertain {
                report(task, reach, passedOver: reaches[task].writers.first, order)
            }
        }
    }

    private func reach(of task: Int, _ reaches: [Reach], _ roles: [String], _ isWriter: (Int) -> Bool) -> Reach {
        var reach = Reach()
        reach.isUncertain = graph.unresolved.contains(task)
        for dependency in graph.dependencies[task] {
            guard graph.headers[dependency].runs(on: roles) else {
                // A node with unknown roles may run the dependency.
                reach.isUncertain = reach.isUncertain || roles.isEmpty
                continue
            }
            let isWriter = isWriter(dependency)
            let behind = reaches[dependency]
            reach.isUncertain = reach.isUncertain || behind.isUncertain || tasks[dependency].verb == nil
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

    private func choose(for task: Int, _ reach: Reach, _ used: [Int: LocatedPath]) -> LocatedPath? {
        let paths = reach.writers.compactMap { written[$0] }
        guard paths.count > 1 else { return paths.first }
        let before = Set(graph.dependencies[task].compactMap { used[$0]?.path }.exact)
        let agreed = paths.filter { before.contains(ExactText($0.path)) }
        return agreed.count == 1 ? agreed[0] : nil
    }

    private func report(_ task: Int, _ reach: Reach, passedOver writer: Int?, _ order: [Int]) {
        let header = tasks[task].header
        if reach.writers.isEmpty, let writer, let user = components[writer] {
            problems.addMissing(
                header.location,
                "task '\(header.name)' runs after no task that writes an administrator's kubeconfig: that of task "
                    + "'\(tasks[writer].header.name)' is for '\(user)'",
                hint: "add \(tasks[task].naming(kubeconfig: "PATH"))",
            )
            return
        }
        guard reach.writers.isEmpty else {
            let names = reach.writers.sorted().map { "'\(tasks[$0].header.name)'" }
            let path = written[reach.writers.min() ?? task]?.path ?? ""
            problems.add(
                header.location,
                "task '\(header.name)' runs after several tasks that write a kubeconfig: \(list(names))",
                hint: "add \(tasks[task].naming(kubeconfig: typed(path)))",
            )
            return
        }
        let writer = order.sorted().first { written[$0] != nil }
        let naming = tasks[task].naming(kubeconfig: "PATH")
        let hint = writer.map { "add \(tasks[$0].header.name) to after:, or \(naming)" }
        problems.addMissing(
            header.location,
            "task '\(header.name)' has no kubeconfig, and runs after no task that writes one",
            hint: hint ?? "add \(naming)",
        )
    }
}
