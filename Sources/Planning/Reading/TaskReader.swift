import Base

/// A task that was read; keys with errors have their defaults, so that further problems of the task can be found.
struct ReadTask {
    var header: TaskHeader
    /// Whether an item of `roles` is invalid or not a known role.
    var hasUnknownRole = false
    var isEnabled = true
    /// The items of `roles`, not yet compared with the known roles, or `nil` if the key is missing.
    var roles: [ConfigValue]?
    var settings = TaskSettings()
    var lock: ReadLock?
    /// The verb, or `nil` if it could not be read.
    var verb: ReadVerb?
}

/// The parts of the files and facts about the node that the readers of tasks and verbs use.
struct TaskContext {
    let cluster: ReadCluster
    let hostName: String
    let views: RoleViews
    /// The roles that tasks may name.
    let knownRoles: [String]
    let certificates: CertificateReader
    let problems: ProblemCollector
}

/// Reads an item of a list of roles, or returns `nil` after reporting an invalid or unknown role.
func readRole(_ item: ConfigValue, among known: [String], _ problems: ProblemCollector) -> String? {
    guard let role = ValueReader.role.read(item) else { return nil }
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

struct TaskReader {
    private let context: TaskContext
    private var fields: ConfigValue

    /// Reads a task, or returns `nil` if it is disabled.
    static func read(_ entry: Mapping.Entry, _ context: TaskContext) -> ReadTask? {
        let name = entry.key
        if !isTaskName(name) {
            context.problems.add(
                entry.location,
                "invalid task name \(quoted(name)): expected up to \(Limit.nameLength) lowercase letters, digits and hyphens",
                hint: suggestedTaskName(name).map { "write \($0):" },
            )
        } else if isReservedTaskName(name) {
            context.problems.add(
                entry.location,
                "\(quoted(name)) cannot be the name of a task, because '\(unitName(ofTask: name))' is a unit of its own",
                hint: "use another name",
            )
        }
        let fields = ConfigValue(
            node: entry.value,
            keyLocation: entry.location,
            subject: ValueName(owner: "task \(quoted(name))"),
            variables: context.views.variables(for: nil),
            problems: context.problems
        )
        guard entry.value.mapping != nil else {
            let hint = "write one of \(list(verbNames, "or")) below it"
            fields.reportTypeMismatch("a mapping with a verb", hint: hint)
            return ReadTask(header: TaskHeader(name: name, location: entry.location))
        }
        var reader = Self(context: context, fields: fields)
        return reader.readTask(TaskHeader(name: name, location: entry.location))
    }

    static let enable = Key<ReadTask>("enable", \.isEnabled, .boolean, default: "`true`")
        .meaning("`false` removes the task, also one of an earlier file")

    /// The key `roles`, which is read before the keys whose variables depend on it.
    private static let roles = Key<ReadTask>("roles", \.roles, .roles, default: "every role")
        .meaning("the roles whose nodes run the task")

    /// The keys of a task without its verb, in the order of the documentation.
    static let keys: [Key<ReadTask>] = [
        enable,
        Key("description", \.settings.description, ValueReader<String>.text().map(onOneLine), default: "none")
            .meaning("what the task is for, on one line; the description of its unit"),
        roles,
        Key("after", \.header.after, .dependencies, default: "none").meaning(
            "tasks that must have succeeded before this one starts, and systemd units that its unit is ordered after"
        ),
        Key("wantedBy", \.settings.wantedBy, .list(of: .unit, "systemd units"), default: "none")
            .meaning("systemd units that start the task's unit, in addition to `k8s-bootstrap.target`"),
        Key("timeout", \.settings.timeout, .duration(limit: Limit.timeout), default: "`10m`")
            .meaning("the task's deadline; every wait and request of the task ends then, and a program gets SIGTERM"),
        Key(
            "every",
            \.settings.interval,
            .duration(from: Limit.shortestInterval, limit: Limit.longestInterval),
            default: "the task runs once a boot"
        )
        .meaning("the time between the end of a run of the task and its repetition"),
        Key(
            "restart",
            \.settings.restarts,
            ValueReader<[String]>.list(of: .unit, "systemd units").map { $0.unique() },
            default: "none"
        )
        .meaning("systemd units that use what the task makes, and are restarted when it has changed something"),
        Key("lock", \.lock, ReadLock.reader, default: "nodes run the task at the same time")
            .meaning("`cluster`: the task runs on one node of the cluster at a time"),
        Key("reset", \.settings.reset, .text(allowsLiteral: true), default: "none").meaning(
            "shell commands that undo what the task has made and only its author knows, run by `nest-bootstrap reset` "
                + "with `/bin/sh -e`"
        ),
    ]

    private mutating func readTask(_ header: TaskHeader) -> ReadTask? {
        var task = ReadTask(header: header)
        _ = Self.enable.read(fields, into: &task)
        guard task.isEnabled else { return nil }
        _ = Self.roles.read(fields, into: &task)
        (task.header.roles, task.hasUnknownRole) = roles(task.roles)
        fields.variables = context.views.variables(for: task.header.roles)
        _ = fields.read(Self.keys.filter { !["enable", "roles"].contains($0.name) }, into: &task)
        let restart = fields.entry("restart")
        task.verb = readVerb(VerbContext(task: context, roles: context.views.roles(for: task.header.roles)))
        task.checkLock(restart, context.problems)
        if let restart, let verb = task.verb, verb.changesNothing {
            let name = quoted(task.header.name)
            context.problems.add(restart.location, "task \(name) has 'restart', but changes nothing on the node")
        }
        return task
    }

    private func roles(_ values: [ConfigValue]?) -> (roles: [String]?, hasUnknown: Bool) {
        guard let values else { return (nil, false) }
        let roles = values.compactMap { readRole($0, among: context.knownRoles, context.problems) }
        // A task without a known role is read as if it were for the node's first role, or else for every role.
        return (roles.isEmpty ? context.views.own.first.map { [$0] } : roles, roles.count < values.count)
    }
}

extension TaskReader {
    private func readVerb(_ context: VerbContext) -> ReadVerb? {
        let written = verbTypes.filter { fields.has($0.name) || $0.shorthandKey.map(fields.has) ?? false }
        for type in verbTypes where !written.contains(where: { $0 == type }) { reportLonelyKeys(of: type) }
        let verbs = written.map { readVerb($0, context) }
        reportCount(written)
        return verbs.count == 1 ? verbs[0] : nil
    }

    private func readVerb(_ type: any ReadableVerb.Type, _ context: VerbContext) -> ReadVerb? {
        var entries = type.taskLevelKeys.compactMap { fields.entry($0) }
        guard let written = fields.entry(type.name) else {
            var own = fields
            own.entries = entries
            return type.read(own, context)
        }
        let keys = type.descriptions.map(\.name)
        let hint = written.value.string.flatMap { joinedPair($0, keys) } ?? "write its keys below it: \(few(keys))"
        let expected = "a mapping with the keys of '\(type.name)'"
        guard let below = fields.value(of: written).mapping(expected, hint: hint) else { return nil }
        for entry in below.entries {
            if let twin = entries.first(where: { $0.key == entry.key }) {
                let label = below.subject.label(entry.key)
                fields.problems.add(
                    entry.location,
                    "\(label) is also a key of the task itself, at \(twin.location)",
                    hint: "remove one"
                )
            } else {
                entries.append(entry)
            }
        }
        var all = below
        all.entries = entries
        return type.read(all, context)
    }

    /// Reports keys that are written in the task itself but belong to a verb that the task does not have.
    private func reportLonelyKeys(of type: any ReadableVerb.Type) {
        let owners = [type.shorthandKey, type.name].compactMap { $0.map { "'\($0)'" } }
        let addition = type.shorthandKey.map { "add \($0): PATH, or " } ?? ""
        for key in type.taskLevelKeys {
            guard let entry = fields.entry(key) else { continue }
            fields.problems.add(
                entry.location,
                "\(fields.subject.label(key)) goes with \(list(owners, "or")) only",
                hint: "\(addition)remove \(key):"
            )
        }
    }

    private func reportCount(_ written: [any ReadableVerb.Type]) {
        let name = fields.subject.name
        let shorthands = verbTypes.compactMap { $0.shorthandKey }
        let known = Set(Self.keys.map(\.name) + verbTypes.flatMap { [$0.name] + $0.taskLevelKeys })
        let hasUnknownKey = !fields.entries.allSatisfy { known.contains($0.key) }
        if written.isEmpty, !hasUnknownKey {
            let isDropIn = fields.location.file.contains(".d/")
            let whole = isDropIn ? "a drop-in replaces a task as a whole, so copy the rest of it too, or " : ""
            fields.problems.addMissing(
                fields.location,
                "\(name) has no verb",
                hint: "\(whole)write one of \(list(verbNames, "or")) below it"
            )
        }
        guard written.count > 1 else { return }
        let keys = written.map { $0.name }
        let places = fields.entries.filter { keys.contains($0.key) || shorthands.contains($0.key) }.map(\.location)
        fields.problems.add(
            places.dropFirst().first ?? fields.location,
            "\(name) has \(written.count) verbs: \(list(keys.map { "'\($0)'" }))",
            hint: "keep one, and move the others to tasks of their own",
        )
    }
}

/// Replaces every run of white space in a text with one space.
@Sendable private func onOneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

/// A task's name, roles and dependencies.
struct TaskHeader {
    let name: String
    let location: SourceLocation
    /// The roles that run the task, or `nil` for every role.
    var roles: [String]?
    var after: [Dependency] = []

    /// Returns whether a node with the given roles runs the task; a node without roles runs only tasks of every role.
    func runs(on own: [String]) -> Bool {
        guard let roles else { return true }
        return own.contains(where: roles.contains)
    }
}

/// A task or unit that a task runs after.
enum Dependency: Sendable, Hashable {
    /// A task that must have succeeded.
    case task(String, SourceLocation)
    /// Another systemd unit; the task's unit is ordered after it but does not require it.
    case unit(String, SourceLocation)

    /// A key that is equal for two dependencies on the same task or unit.
    var key: String {
        switch self {
        case .task(let name, _): "task \(name)"
        case .unit(let name, _): name
        }
    }
}

extension ValueReader where Value == [Dependency] {
    fileprivate static var dependencies: Self {
        list(of: .dependency, "tasks and systemd units").map { $0.unique(by: \.key) }
    }
}

extension ValueReader where Value == Dependency {
    /// Another task, by its name or the name of its unit, or any other systemd unit.
    fileprivate static var dependency: Self {
        Self(type: .either([.name("task"), .name("systemd unit")])) { value in
            guard let name = value.string(expected: "the name of a task or of a systemd unit") else { return nil }
            if let task = taskName(ofUnit: name) { return .task(task, value.node.location) }
            guard hasUnitSuffix(name) else { return .task(name, value.node.location) }
            guard name != "k8s-bootstrap.target" else {
                value.report("is '\(name)', which waits for every task", hint: "write the name of a task")
                return nil
            }
            guard isUnitName(name) else {
                return value.mismatch("the name of a systemd unit, of letters, digits and ':-_.\\@'")
            }
            return .unit(name, value.node.location)
        }
    }
}
