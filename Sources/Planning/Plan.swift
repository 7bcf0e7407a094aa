import Base

/// The tasks of a node in an order in which every step follows its dependencies.
///
/// The order is stable: two plans made from the same files are equal. Steps are in the order of their declarations, but
/// the dependencies of a step come just before it unless they came already.
public struct Plan: Sendable, Hashable {
    /// One task of a plan.
    public struct Step: Sendable, Hashable {
        public var task: PlannedTask

        /// The positions in the plan of the steps that must have succeeded, all of them earlier.
        public var dependencies: [Int]

        public init(task: PlannedTask, dependencies: [Int] = []) {
            self.task = task
            self.dependencies = dependencies
        }
    }

    public let steps: [Step]

    /// The roles of the node, none if they are not known.
    public let roles: [String]

    /// The roles of every task that only other nodes run, by name.
    let roleNamesElsewhere: [String: [String]]

    /// Where tasks are disabled by `enable: false`, by name.
    let disabledTasks: [String: SourceLocation]

    /// The position of every step by the name of its task.
    private let positions: [String: Int]

    /// The position of a task's step, or `nil` if no task of this plan has the name.
    public func position(of name: String) -> Int? { positions[name] }

    /// Creates a plan from steps that are in order already.
    public init(steps: [Step], roles: [String] = []) {
        precondition(
            steps.enumerated().allSatisfy { index, step in step.dependencies.allSatisfy { (0..<index).contains($0) } },
            "a step of a plan depends only on earlier ones",
        )
        self.init(steps: steps, roles: roles, roleNamesElsewhere: [:], disabledTasks: [:])
    }

    /// The same plan with other tasks of the same names.
    func replacingTasks(_ replacement: (PlannedTask) -> PlannedTask) -> Self {
        let steps = steps.map { Step(task: replacement($0.task), dependencies: $0.dependencies) }
        return Self(steps: steps, roles: roles, roleNamesElsewhere: roleNamesElsewhere, disabledTasks: disabledTasks)
    }

    init(
        steps: [Step],
        roles: [String],
        roleNamesElsewhere: [String: [String]],
        disabledTasks: [String: SourceLocation],
    ) {
        self.disabledTasks = disabledTasks
        self.steps = steps
        self.roles = roles
        self.roleNamesElsewhere = roleNamesElsewhere
        positions = Dictionary(
            zip(steps.lazy.map(\.task.name), steps.indices),
            uniquingKeysWith: { first, _ in first }
        )
    }
}
