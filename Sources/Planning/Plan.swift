/// Steps in an order in which every step follows all it depends on.
///
/// The order is stable: two plans made from the same files are equal. Steps come as their tasks are declared, but what a
/// step depends on comes just before it unless it came already.
public struct Plan: Sendable, Hashable {
    /// One task of a plan.
    public struct Step: Sendable, Hashable {
        /// The task.
        public var task: TaskDeclaration

        /// The positions in the plan of the steps that must have succeeded, all of them earlier.
        public var dependencies: [Int]

        /// Creates a step.
        public init(task: TaskDeclaration, dependencies: [Int] = []) {
            self.task = task
            self.dependencies = dependencies
        }
    }

    /// The steps.
    public let steps: [Step]

    /// The role whose nodes run the plan, if the tasks ask for one.
    public let role: String?

    /// The roles of every task that is left out because other nodes run it.
    let roleNamesElsewhere: [String: [String]]

    /// Plans what a node of the graph's role does.
    ///
    /// A task that only other roles run is no step, and no step depends on it.
    public init(_ graph: Graph) {
        let headers = graph.tasks.map(\.header)
        let order = Relations(headers: headers, dependencies: graph.dependencies).order(for: graph.role)
        let positions = Dictionary(zip(order, order.indices), uniquingKeysWith: { first, _ in first })
        steps = order.map { task in
            Step(task: graph.tasks[task], dependencies: graph.dependencies[task].compactMap { positions[$0] })
        }
        role = graph.role
        roleNamesElsewhere = Dictionary(
            headers.filter { !$0.runs(on: graph.role) }.map { ($0.name, $0.roles ?? []) },
            uniquingKeysWith: { first, _ in first },
        )
    }

    /// Creates a plan from steps that are in order already.
    public init(steps: [Step], role: String? = nil) {
        precondition(
            steps.enumerated().allSatisfy { index, step in step.dependencies.allSatisfy { (0..<index).contains($0) } },
            "a step of a plan depends only on earlier ones",
        )
        self.init(steps: steps, role: role, roleNamesElsewhere: [:])
    }

    init(steps: [Step], role: String?, roleNamesElsewhere: [String: [String]]) {
        self.steps = steps
        self.role = role
        self.roleNamesElsewhere = roleNamesElsewhere
    }
}
