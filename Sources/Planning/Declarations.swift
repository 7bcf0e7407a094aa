public import Base

/// The valid declarations of a node's task files, with variables replaced.
public struct Declarations: Sendable, Hashable {
    public var cluster: ClusterDeclaration

    public var nodes: Inventory
    public var hostName: String

    /// The roles of this node, or an empty list if they are not known.
    public var roles: [String]

    /// The variables with their values on this node; manifests with `substitute: true` use them too.
    public var variables: Variables

    /// The tasks of all roles in the order in which they are declared.
    public var tasks: [PlannedTask]

    public var plan: Plan
}

/// Reads the task files of a node, and returns the valid parts and every problem.
///
/// Later files override earlier ones. Dependencies between tasks are checked too, so that an author sees every error at
/// once. A task for another role is read with the variables of a node with that role, if any, except `node.name`.
public func readDeclarationsWithProblems(
    _ files: [SourceFile],
    node: NodeFacts,
) -> (declarations: Declarations, problems: [Problem]) {
    MergedReading(files).read(node, withCertificates: true)
}

/// Merged task files, which can be read for any number of nodes.
struct MergedReading {
    let files: MergedFiles

    /// The collector of problems that do not depend on the node.
    let collector = ProblemCollector()

    /// The problems that merging found, before any node was read.
    private let problems: [Problem]

    init(_ files: [SourceFile]) {
        self.files = MergedFiles(files, collector)
        problems = collector.all
    }

    /// Reads the files as a node would, but leaves out tasks that cannot be read.
    ///
    /// If a rule chooses an address that is not known yet, the files are read with two addresses to find its uses.
    /// `withCertificates` says whether the certificates of nodes are checked.
    func read(_ node: NodeFacts, withCertificates: Bool) -> (declarations: Declarations, problems: [Problem]) {
        var (declarations, problems) = readOnce(node, withCertificates)
        guard case .unknown(let number) = node.address, declarations.cluster.addressRule != nil else {
            return (declarations, problems)
        }
        var other = node
        other.address = .unknown(number: number + 1)
        problems += declarations.noteAddressUses(comparing: readOnce(other, false).declarations.tasks)
        return (declarations, problems)
    }

    private func readOnce(
        _ node: NodeFacts,
        _ withCertificates: Bool
    ) -> (declarations: Declarations, problems: [Problem]) {
        let problems = ProblemCollector()
        problems.add(self.problems)
        problems.isIncomplete = collector.isIncomplete
        var reader = ClusterReader(files, node, problems)
        let nodes = reader.readNodes(reader.readVariables(for: []))
        reader.inventory = nodes
        let known = reader.knownRoles
        let roles = reader.readRoles(known)
        reader.reportedRoles = roles.filter { !known.contains($0) }

        // Only tasks and section `cluster` may use an address that a rule chooses.
        let certificates = CertificateReader(reader)
        reader.usesAddressRules = true
        let views = RoleViews(own: roles, known: known, reader)
        let cluster = reader.readCluster(views)
        let context = TaskContext(
            cluster: cluster,
            hostName: node.hostName,
            views: views,
            knownRoles: known,
            certificates: certificates,
            problems: problems,
        )

        let resolved = readTasks(files, context, roleHint: reader.roleHint)
        // Another command issues the certificates, but errors in the section are reported here too.
        if withCertificates { _ = certificates.read() }
        reportUnusedVariables(files, problems)
        let declarations = Declarations(
            cluster: cluster.declaration,
            nodes: nodes,
            hostName: node.hostName,
            roles: roles,
            variables: views.variables(for: nil),
            tasks: resolved.tasks,
            plan: resolved.plan,
        )
        return (declarations, problems.all)
    }
}

private func readTasks(
    _ files: MergedFiles,
    _ context: TaskContext,
    roleHint: String,
) -> (tasks: [PlannedTask], plan: Plan) {
    let entries = files.tasks.entries
    if entries.count > Limit.taskCount {
        context.problems.add(
            entries[Limit.taskCount].location,
            "the files declare more than \(Limit.taskCount) tasks"
        )
    }
    var tasks: [ReadTask] = []
    var removed: [String: SourceLocation] = [:]
    for entry in entries.prefix(Limit.taskCount) {
        if let task = TaskReader.read(entry, context) {
            tasks.append(task)
        } else {
            removed[entry.key] = entry.location
        }
    }
    if context.views.own.isEmpty, let task = tasks.first(where: { $0.header.roles?.isEmpty == false }) {
        let roles = list((task.header.roles ?? []).map { "'\($0)'" }, "or")
        context.problems.addMissing(
            task.header.location,
            "task '\(task.header.name)' is for role \(roles), and this node, '\(context.hostName)', has no role",
            hint: "\(roleHint), with ROLE one of \(few(context.knownRoles))",
        )
    }
    return Resolver(context: context).resolve(tasks, removed: removed)
}
