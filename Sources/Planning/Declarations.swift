public import YAML

/// What a node's task files say, checked and with variables replaced.
public struct Declarations: Sendable, Hashable {
    /// The cluster.
    public var cluster: ClusterDeclaration

    /// The role of every host name that the files name.
    public var nodes: [String: String]

    /// This node's host name.
    public var hostName: String

    /// This node's role, or `nil` where no task asks for one and nobody says it.
    public var role: String?

    /// The variables with their values on this node, also for manifests with `substitute: true`.
    public var variables: Variables

    /// The tasks of all roles in the order in which they are declared.
    public var tasks: [TaskDeclaration]

    /// Where tasks were switched off with `enable: false`, by name.
    public var removed: [String: Place]

    /// Creates declarations.
    public init(
        cluster: ClusterDeclaration = ClusterDeclaration(),
        nodes: [String: String] = [:],
        hostName: String = "",
        role: String? = nil,
        variables: Variables = Variables(),
        tasks: [TaskDeclaration],
        removed: [String: Place] = [:],
    ) {
        self.cluster = cluster
        self.nodes = nodes
        self.hostName = hostName
        self.role = role
        self.variables = variables
        self.tasks = tasks
        self.removed = removed
    }
}

/// Reads the task files of a node.
///
/// Everything is checked here, how the tasks relate included, so that an author sees all that is wrong at once.
/// A task of another role is checked as nodes of that role would read it.
///
/// - Parameters:
///   - files: The files in the order in which later ones replace what earlier ones say.
///   - node: What is known of the node besides.
/// - Returns: The declarations.
/// - Throws: Everything that is wrong with all files. That there is nothing for this node to do is no fault.
public func readDeclarations(_ files: [SourceFile], node: NodeFacts) throws(Diagnostics) -> Declarations {
    let problems = Problems()
    let merged = MergedFiles(files, problems)
    let reader = ClusterReader(merged, node, problems)
    let nodes = reader.readNodes(reader.readVariables(for: nil))
    let known = reader.knownRoles(nodes)
    let role = reader.readRole(nodes, known)

    var byRole: [String?: Variables] = [:]
    for role in known.map(Optional.some) + [role] { byRole[role] = reader.readVariables(for: role) }
    let own = byRole[role] ?? Variables()
    let variables = { (other: String?) in other.flatMap { byRole[$0] } ?? own }
    let cluster = reader.readCluster(variables)
    let context = TaskContext(
        cluster: cluster,
        hostName: node.hostName,
        role: role,
        knownRoles: known,
        variables: variables,
        problems: problems,
    )

    let tasks = readTasks(merged, context, roleHint: reader.roleHint)
    try problems.check()
    return Declarations(
        cluster: cluster.declaration,
        nodes: nodes,
        hostName: node.hostName,
        role: role,
        variables: own,
        tasks: tasks.read.compactMap(\.declaration),
        removed: tasks.removed,
    )
}

/// Reads the tasks, and checks how they relate.
private func readTasks(
    _ files: MergedFiles,
    _ context: TaskContext,
    roleHint: String,
) -> (read: [ReadTask], removed: [String: Place]) {
    let entries = files.tasks.entries
    if entries.count > Limit.taskCount {
        context.problems.add(entries[Limit.taskCount].place, "the files declare more than \(Limit.taskCount) tasks")
    }
    var tasks: [ReadTask] = []
    var removed: [String: Place] = [:]
    for entry in entries.prefix(Limit.taskCount) {
        if let task = TaskReader.read(entry, context) {
            tasks.append(task)
        } else {
            removed[entry.key] = entry.place
        }
    }
    if context.role == nil, let task = tasks.first(where: { $0.header.roles?.isEmpty == false }) {
        let roles = list((task.header.roles ?? []).map { "'\($0)'" }, "or")
        context.problems.addMissing(
            task.header.place,
            "task '\(task.header.name)' is for role \(roles), and this node, '\(context.hostName)', has no role",
            hint: "\(roleHint), with ROLE one of \(few(context.knownRoles))",
        )
    }
    let relations = Relations(tasks.map(\.header), removed: removed, problems: context.problems)
    relations.tellCycles(context.problems)
    KubeconfigChoice.make(&tasks, relations, context)
    WrittenPaths.check(tasks, context.problems)
    return (tasks, removed)
}
