import Base
import YAML

/// A task as far as it could be read, so that one mistake in it does not hide another.
struct ReadTask {
    /// The task's name, roles and dependencies.
    var header: TaskHeader
    /// Whether `roles` has an item that is no known role.
    var hasUnknownRole = false
    var description: String?
    /// The systemd units that want the task's unit.
    var wantedBy: [String] = []
    /// The task's deadline.
    var timeout = TaskReader.Keys.timeout.value
    /// The time between two runs of the task, `nil` if it runs once a boot.
    var interval: Duration?
    /// The systemd units that are restarted when the task has changed something.
    var restarts: [String] = []
    /// The lock that keeps the task from running on two nodes at a time.
    var lock: ReadLock?
    /// Shell commands that undo the task.
    var reset: String?
    /// The verb, or `nil` if it could not be read.
    var verb: ReadVerb?
}

/// The facts about the node that the readers of tasks and verbs use.
struct TaskContext {
    let cluster: ReadCluster
    /// The host name of this node.
    let hostName: String
    /// The roles of this node and of others, with their variables.
    let views: RoleViews
    /// The roles that tasks may name.
    let knownRoles: [String]
    /// The section `certificates`.
    let certificates: CertificateReader
    /// Where problems are reported.
    let problems: ProblemCollector
}

/// The items of a list of roles, which are compared with the known roles after they were read.
struct RoleList {
    let items: [ConfigValue]

    init?(_ value: ConfigValue) {
        guard let items = value.items(of: "roles", limit: Limit.roleCount) else { return nil }
        if value.node.sequence?.isEmpty == true {
            value.reportTypeMismatch("a list of at least one role", hint: "remove it, or write roles: [worker]")
        }
        self.items = items
    }
}

/// Reads an item of a list of roles, which must be known ones.
func readRole(_ item: ConfigValue, among known: [String], _ problems: ProblemCollector) -> String? {
    guard let role = item.roleName() else { return nil }
    guard known.contains(role) else {
        let all = "expected one of \(few(known))"
        problems.addMissing(
            item.node.location,
            "\(item.label) is \(quoted(role)), which is not a known role",
            hint: problems.hint(for: role, in: known, else: all)
        )
        return nil
    }
    return role
}

/// Reads one task.
struct TaskReader {
    private let context: TaskContext
    private var fields: MappingReader

    /// Reads a task.
    ///
    /// - Parameters:
    ///   - entry: The task.
    ///   - unindented: The keys that should be indented below it, if any.
    ///   - context: What is known of the node.
    /// - Returns: The task, `nil` if it is disabled.
    static func read(_ entry: Mapping.Entry, _ unindented: UnindentedKeys?, _ context: TaskContext) -> ReadTask? {
        let name = entry.key
        if !isTaskName(name) {
            context.problems.add(
                entry.location,
                "invalid task name \(quoted(name)): expected lowercase letters, digits and hyphens",
                hint: suggestedTaskName(name).map { "write \($0):" },
            )
        } else if isReservedTaskName(name) {
            context.problems.add(
                entry.location,
                "\(quoted(name)) cannot be the name of a task, because '\(unitName(ofTask: name))' is a unit of its own",
                hint: "use another name",
            )
        }
        guard let mapping = entry.value.mapping else {
            let item = ConfigValue(
                node: entry.value,
                key: nil,
                label: "task \(quoted(name))",
                problems: context.problems
            )
            let hint = unindented?.hint ?? "write one of \(list(verbNames, "or")) below it"
            item.reportTypeMismatch("a mapping with a verb", hint: hint)
            return ReadTask(header: TaskHeader(name: name, location: entry.location))
        }
        let subject = MappingName(owner: "task \(quoted(name))")
        let fields = MappingReader(
            mapping.entries,
            at: entry.location,
            subject,
            context.views.variables(for: nil),
            context.problems
        )
        var reader = Self(context: context, fields: fields)
        return reader.readTask(TaskHeader(name: name, location: entry.location))
    }

    /// The keys of a task in addition to its verb.
    enum Keys {
        static let enable = DefaultedKey(
            "enable",
            .boolean,
            default: true,
            "`false` removes the task, also one of an earlier file"
        )
        static let description = Key.optional(
            "description",
            .text(),
            default: "none",
            "what the task is for, on one line; the description of its unit"
        )
        static let roles = Key.optional(
            "roles",
            ValueReader(type: .array(.name("role"))) { RoleList($0) },
            default: "every role",
            "the roles whose nodes run the task"
        )
        static let after = Key.optional(
            "after",
            .list(
                of: ValueReader(type: .either([.name("task"), .name("systemd unit")])) { $0.dependency() },
                "tasks and systemd units"
            ),
            default: "none",
            "tasks that must have succeeded before this one starts, and systemd units that its unit is ordered after"
        )
        static let wantedBy = Key.optional(
            "wantedBy",
            .list(of: .unit, "systemd units"),
            default: "none",
            "systemd units that start the task's unit, in addition to `k8s-bootstrap.target`"
        )
        static let timeout = DefaultedKey(
            "timeout",
            .duration(limit: Limit.timeout),
            default: .seconds(600),
            text: "`10m`",
            "the task's deadline; every wait and request of the task ends then, and a program gets SIGTERM"
        )
        static let every = Key.optional(
            "every",
            ValueReader(type: .duration) { $0.duration(from: Limit.shortestInterval, to: Limit.longestInterval) },
            default: "the task runs once a boot",
            "the time between the end of a run of the task and its repetition"
        )
        static let restart = Key.optional(
            "restart",
            .list(of: .unit, "systemd units", limit: Limit.needCount),
            default: "none",
            "systemd units that use what the task makes, and are restarted when it has changed something"
        )
        static let lock = Key.optional(
            "lock",
            ReadLock.reader,
            default: "nodes run the task at the same time",
            "`cluster`: the task runs on one node of the cluster at a time"
        )
        static let reset = Key.optional(
            "reset",
            .text(allowsLiteral: true),
            default: "none",
            "shell commands that undo what the task has made and only its author knows, run by `nest-bootstrap reset` with "
                + "`/bin/sh -e`"
        )
        static let all = [
            enable.description, description.description, roles.description, after.description, wantedBy.description,
            timeout.description, every.description, restart.description,
            lock.description, reset.description,
        ]
    }

    /// Returns whether an entry beside an empty task is a key of it, and not a task with the name of a key.
    static func isKey(_ entry: Mapping.Entry) -> Bool {
        let own = VerbReader.ownKeys(ofVerb: entry.key)
        let below = (entry.value.mapping?.entries ?? []).map(\.key)
        return isKey(entry.key) && !below.contains { isKey($0) && !own.contains($0) }
    }

    /// Returns whether a task can have a key of this name.
    private static func isKey(_ name: String) -> Bool {
        Keys.all.contains { $0.name == name }
            || verbTypes.contains { $0.name == name || $0.taskLevelKeys.contains(name) }
    }

    private mutating func readTask(_ header: TaskHeader) -> ReadTask? {
        guard fields.value(Keys.enable) else { return nil }
        var task = ReadTask(header: header)
        (task.header.roles, task.hasUnknownRole) = readRoles()
        fields.variables = context.views.variables(for: task.header.roles)
        task.description = fields.value(Keys.description).map(onOneLine)
        task.header.after = readAfter()
        task.wantedBy = fields.value(Keys.wantedBy) ?? []
        task.timeout = fields.value(Keys.timeout)
        task.interval = fields.value(Keys.every)
        var seen: Set<String> = []
        task.restarts = (fields.value(Keys.restart) ?? []).filter { seen.insert($0).inserted }
        let restart = fields.entries.first { $0.key == Keys.restart.description.name }
        task.lock = fields.value(Keys.lock)
        task.reset = fields.value(Keys.reset)
        let verb = VerbContext(
            cluster: context.cluster,
            hostName: context.hostName,
            roles: context.views.roles(for: task.header.roles),
            certificates: context.certificates,
        )
        task.verb = VerbReader(problems: context.problems, verb: verb).read(&fields)
        task.checkLock(restart, context.problems)
        return task
    }

    private mutating func readRoles() -> (roles: [String]?, hasUnknown: Bool) {
        guard let values = fields.value(Keys.roles) else { return (nil, false) }
        let roles = values.items.compactMap { readRole($0, among: context.knownRoles, context.problems) }
        // A list of which nothing could be read does not make the task one of every role.
        return (roles.isEmpty ? context.views.own.first.map { [$0] } : roles, roles.count < values.items.count)
    }

    private mutating func readAfter() -> [Dependency] {
        let dependencies = fields.value(Keys.after) ?? []
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

/// A task's name, roles and dependencies.
struct TaskHeader {
    /// The task's name.
    let name: String
    /// Where the task is declared.
    let location: SourceLocation
    /// The roles that run it, or `nil` for every role.
    var roles: [String]?
    /// Its dependencies.
    var after: [Dependency]

    init(name: String, location: SourceLocation, roles: [String]? = nil, after: [Dependency] = []) {
        self.name = name
        self.location = location
        self.roles = roles
        self.after = after
    }

    /// Returns whether a node with some roles runs the task; a node without roles runs what every role runs.
    func runs(on own: [String]) -> Bool {
        guard let roles else { return true }
        return own.contains(where: roles.contains)
    }
}

/// Something that a task runs after.
enum Dependency: Sendable, Hashable {
    /// A task: order, and only if it succeeded.
    case task(String, SourceLocation)
    /// Any other systemd unit: order of the generated unit, nothing else.
    case unit(String, SourceLocation)
}
