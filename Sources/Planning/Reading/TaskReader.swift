import YAML

/// A task as far as it could be read, so that one fault in it does not hide another.
struct ReadTask {
    var header: TaskHeader
    var description: String?
    var wantedBy: [String] = []
    var timeout = Duration.seconds(600)
    var verb: Verb?

    /// The declaration, or `nil` if the verb could not be read.
    var declaration: TaskDeclaration? {
        verb.map {
            TaskDeclaration(
                name: header.name,
                description: description,
                roles: header.roles,
                after: header.after,
                wantedBy: wantedBy,
                timeout: timeout,
                verb: $0,
                place: header.place,
            )
        }
    }
}

/// What the readers of tasks and verbs know of the node.
struct TaskContext {
    /// The cluster.
    let cluster: ReadCluster
    /// The host name of this node.
    let hostName: String
    /// The role of this node.
    let role: String?
    /// The roles that tasks may name.
    let knownRoles: [String]
    /// The variables of each role.
    let variables: (String?) -> Variables
    /// Where faults are told.
    let problems: Problems

    /// The role for which a task with some roles is read: this node's if it runs the task, else one that does.
    ///
    /// So a task of another role is checked with what nodes of that role would find in it.
    func role(for roles: [String]?) -> String? {
        guard let roles, role.map({ !roles.contains($0) }) ?? true else { return role }
        return roles.first
    }
}

/// Reads one task.
struct TaskReader {
    private let context: TaskContext
    private var fields: Fields

    /// Reads a task, or gives `nil` if it is switched off or no mapping.
    static func read(_ entry: Mapping.Entry, _ context: TaskContext) -> ReadTask? {
        let name = entry.key
        if !isTaskName(name) {
            context.problems.add(
                entry.place,
                "\(quoted(name)) cannot be the name of a task, which has lower-case letters, digits and dashes between them",
                hint: suggestedTaskName(name).map { "write \($0):" },
            )
        }
        guard let mapping = entry.value.mapping else {
            let item = Item(node: entry.value, key: nil, label: "task \(quoted(name))", problems: context.problems)
            item.tellWrong("a mapping with a verb", hint: "write one of \(list(verbNames, "or")) below it")
            return ReadTask(header: TaskHeader(name: name, place: entry.place))
        }
        let subject = Subject(owner: "task \(quoted(name))")
        let fields = Fields(
            mapping.entries,
            at: entry.place,
            subject,
            context.variables(context.role),
            context.problems
        )
        var reader = Self(context: context, fields: fields)
        return reader.readTask(TaskHeader(name: name, place: entry.place))
    }

    private mutating func readTask(_ header: TaskHeader) -> ReadTask? {
        guard fields.value("enable", { $0.boolean() }) ?? true else { return nil }
        var task = ReadTask(header: header)
        task.header.roles = readRoles()
        let role = context.role(for: task.header.roles)
        fields.variables = context.variables(role)
        task.description = fields.value("description") { $0.string(.text) }.map(onOneLine)
        task.header.after = readAfter()
        let variables = fields.variables
        task.wantedBy =
            fields.value("wantedBy") { item in
                item.items(of: "systemd units", variables)?.compactMap { $0.unitName() }
            } ?? []
        task.timeout = fields.value("timeout") { $0.duration(limit: Limit.timeout) } ?? task.timeout
        task.verb = VerbReader(context: context, role: role).read(&fields)
        return task
    }

    private mutating func readRoles() -> [String]? {
        let variables = fields.variables
        let context = context
        let roles = fields.value("roles") { item -> [String]? in
            guard let items = item.items(of: "roles", limit: Limit.roleCount, variables) else { return nil }
            if item.node.sequence?.isEmpty == true {
                item.tellWrong("a list of at least one role", hint: "remove it, or write roles: [worker]")
            }
            return items.compactMap { Self.readRole($0, context) }
        }
        // A list of which nothing could be read is no reason to take the task for one of every role.
        return roles.map { $0.isEmpty ? context.role.map { [$0] } : $0 } ?? nil
    }

    private static func readRole(_ item: Item, _ context: TaskContext) -> String? {
        guard let role = item.roleName() else { return nil }
        guard context.knownRoles.contains(role) else {
            let all = "known are \(few(context.knownRoles))"
            let hint = context.problems.hint(for: role, in: context.knownRoles, else: all)
            context.problems.addMissing(
                item.node.place,
                "\(item.label) is \(quoted(role)), which is no role here",
                hint: hint
            )
            return nil
        }
        return role
    }

    private mutating func readAfter() -> [Dependency] {
        let variables = fields.variables
        let dependencies =
            fields.value("after") { item in
                item.items(of: "tasks and systemd units", variables)?.compactMap { $0.dependency() }
            } ?? []
        var seen: Set<String> = []
        return dependencies.filter { dependency in
            switch dependency {
            case .task(let name, _): seen.insert("task \(name)").inserted
            case .unit(let name, _): seen.insert(name).inserted
            }
        }
    }
}

/// A text with every run of white space turned into one space.
private func onOneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
