public import YAML

/// The tasks of all roles and which runs after which.
public struct Graph: Sendable, Hashable {
    /// The tasks in the order in which they are declared.
    public let tasks: [TaskDeclaration]

    /// The positions of the tasks that each task runs after.
    ///
    /// An edge between tasks of which no node runs both is here, and in no plan: a node cannot wait for another's task.
    public let dependencies: [[Int]]

    /// The role of the node that the declarations were read for.
    public let role: String?

    /// Relates tasks.
    ///
    /// - Parameter declarations: The tasks; those that ``readDeclarations(_:node:)`` gives are never at fault.
    /// - Throws: Every name in `after` that means nothing, and every cycle.
    public init(_ declarations: Declarations) throws(Diagnostics) {
        let problems = Problems()
        let headers = declarations.tasks.map(\.header)
        let relations = Relations(headers, removed: declarations.removed, problems: problems)
        relations.tellCycles(problems)
        try problems.check()
        self.tasks = declarations.tasks
        self.dependencies = relations.dependencies
        self.role = declarations.role
    }
}
