public import Base

/// Verb `exec`: a program to run.
public struct ExecDeclaration: VerbDeclaration {
    public enum Program: Sendable, Hashable {
        /// A script, run by ``shell``. If `shell` is `nil`, `/bin/sh -e` runs it unless it is executable.
        case script(LocatedPath)
        /// A command, looked up in `PATH` unless it contains a slash.
        case command(String, SourceLocation)
    }

    public var program = Program.command("", .nowhere)
    public var arguments: [String] = []

    /// Variables that extend or override the environment that the agent gives to programs.
    public var environment: [String: String] = [:]

    /// Commands that ``shell``, or else `/bin/sh`, runs with `-e` before the program.
    public var preStart: String?

    /// The shell that runs a script and ``preStart``, or `nil` if the task names none.
    public var shell: LocatedPath?

    /// A path whose existence makes the program unnecessary.
    public var creates: LocatedPath?

    /// The paths that the program may change, in addition to ``creates``.
    ///
    /// If a path ends with a slash, the directory is created if it is missing. Any other path must exist.
    var writes: [LocatedPath] = []

    /// The paths that the program may read besides the base system and the paths that its other keys contain.
    var reads: [LocatedPath] = []
    public var network = false
    var capabilities: [String] = []

    /// Whether the program runs in a sandbox with only the access that the other keys grant.
    public var hasSandbox = true
}

extension ExecDeclaration: ReadableVerb {
    public static var name: String { "exec" }

    static var summary: String { "runs a program, unless what it creates exists" }

    static var taskLevelKeys: [String] { ["script", "args", "environment", "preStart"] }
    static var shorthandKey: String? { "script" }

    private static let programs = ["script", "command"]

    static let keys: [Key<Self>] = [
        Key("script", \.program, ValueReader(type: .path, read: readScript), oneOf: programs)
            .meaning("the script to run, by `/bin/sh -e` unless it is executable; also a key of the task itself"),
        Key("command", \.program, ValueReader(type: .string, read: readCommand), oneOf: programs)
            .meaning("the command to run, looked up in `PATH` unless its first word has a slash"),
        Key("args", \.arguments, .list(of: .argument, "arguments"), default: "none")
            .meaning("its arguments; also a key of the task itself"),
        Key(
            "environment",
            \.environment,
            .dictionary(.either([.text, .number]), isKey: isEnvironmentName) { $0.text(.text, mayBeEmpty: true) },
            default: "none"
        )
        .meaning("variables to set in its environment; also a key of the task itself"),
        Key("preStart", \.preStart, .text(allowsLiteral: true), default: "none")
            .meaning("shell commands to run first, by `/bin/sh -e`; also a key of the task itself"),
        Key("shell", \.shell, .readPath, default: "`/bin/sh`")
            .meaning("the shell that runs the script, also one that is executable, and `preStart`"),
        Key("creates", \.creates, .writtenPath, default: "none").meaning(
            "a path that the program creates; if it exists, the program is not run, so let it create the path last"
        ),
        Key("writes", \.writes, .list(of: .writablePath, "paths"), default: "none")
            .meaning("paths that it may write; a directory that is to be created ends with a slash"),
        Key("reads", \.reads, .list(of: .readPath, "paths"), default: "none")
            .meaning("paths that it reads, besides the base system and the paths in its command line and variables"),
        Key("network", \.network, .boolean, default: "`false`").meaning("whether it may use the network"),
        Key("capabilities", \.capabilities, .list(of: .capability, "capabilities"), default: "none")
            .meaning("capabilities that it keeps, such as `CAP_NET_ADMIN`"),
        Key("sandbox", \.hasSandbox, .boolean, default: "`true`").meaning(
            "whether a sandbox keeps it from what the other keys do not grant; `false` is for programs that change files "
                + "everywhere, such as `apt-get`"
        ),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        let isUsable = fields.read(keys, into: &declaration)
        let capabilities = declaration.capabilities
        let reachesNetwork =
            !declaration.hasSandbox || declaration.network && capabilities.contains("CAP_NET_ADMIN")
        for path in declaration.writes where !reachesNetwork && isPath(normalised(path.path), at: "/proc/sys/net") {
            reportNetworkSetting(path, fields)
        }
        let isOne = fields.requireOne(of: programs, example: "command: COMMAND, or script: FILE")
        return isUsable && isOne ? ReadVerb(declaration) : nil
    }

    /// Reads the path of a script, and reports a value that is the script itself.
    @Sendable private static func readScript(_ value: ConfigValue) -> Program? {
        guard value.node.string?.contains("\n") != true else {
            let hint = "write command: /bin/sh and args: [-ec, TEXT]"
            value.report("must be the path of a script, found the script itself", hint: hint)
            return nil
        }
        return ValueReader.readPath.read(value).map { .script($0) }
    }

    /// Reads the command, and reports arguments in it, which belong to another key.
    @Sendable private static func readCommand(_ value: ConfigValue) -> Program? {
        let hint = "write its arguments as items of 'args'"
        guard value.node.sequence == nil else { return value.mismatch("a command", hint: hint) }
        guard let text = value.string(expected: "a command") else { return nil }
        guard !text.contains(where: \.isWhitespace) else {
            return value.mismatch("a command without arguments", hint: hint)
        }
        return .command(text.hasSlash ? value.resolve(text) : text, value.node.location)
    }

    /// Reports the path of a network setting that the program could not change.
    ///
    /// A process sees only the settings of its own network namespace, and needs a capability to change them.
    private static func reportNetworkSetting(_ path: LocatedPath, _ fields: ConfigValue) {
        let label = "an item of \(fields.subject.label("writes"))"
        fields.problems.add(
            path.location,
            "\(label) is '\(normalised(path.path))', a setting of the node's network, which its sandbox does not reach",
            hint: "write network: true and capabilities: [CAP_NET_ADMIN] below exec: too"
        )
    }

    public var footprint: Footprint {
        var footprint = Footprint(
            reads: reads.map { .init(path: $0, use: .optional) },
            writes: creates.map { [.init(path: $0, effect: .creates)] } ?? [],
            connections: network ? [.anywhere] : [],
            texts: arguments + environment.values + (preStart.map { [$0] } ?? []),
            runsPrograms: true,
            hasSandbox: hasSandbox,
            capabilities: capabilities,
        )
        if let shell { footprint.reads.append(.init(path: shell, use: .program)) }
        footprint.writes += writes.map { .init(path: $0, effect: .modifies) }
        switch program {
        case .script(let path):
            footprint.reads.insert(.init(path: path, use: .file), at: 0)
        case .command(let name, let location):
            let path = LocatedPath(name, location: location)
            footprint.command = .init(name: path, searchPath: environment["PATH"])
            if let script = shellScript { footprint.reads.insert(.init(path: script, use: .program), at: 0) }
            if name.hasSlash { footprint.reads.insert(.init(path: path, use: .program), at: 0) }
        }
        return footprint
    }
}

extension ExecDeclaration {
    private static let shells: Set = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"]

    /// The script of a command that is a shell: the first argument that is not an option, if it is an absolute path.
    public var shellScript: LocatedPath? {
        guard case .command(let name, let location) = program, let shell = name.pathParts.last,
            Self.shells.contains(String(shell))
        else { return nil }
        var rest = shell == "busybox" ? arguments.dropFirst() : arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-") || argument.hasPrefix("+"), argument.count > 1 else {
                return argument.isAbsolutePath ? LocatedPath(argument, location: location) : nil
            }
            if argument.hasPrefix("--") { continue }
            if argument.hasPrefix("-"), argument.contains("c") { return nil }
            // With `-o` or `-O`, the next argument is the name of an option.
            if argument.hasSuffix("o") || argument.hasSuffix("O") { _ = rest.popFirst() }
        }
        return nil
    }
}

extension ValueReader where Value == String {
    fileprivate static var capability: Self {
        Self(type: .capability) { value in
            if let name = value.node.string, capabilityNames.contains(name) { return name }
            let hint = value.node.string.flatMap { name in
                let name = name.uppercased()
                let whole = name.hasPrefix("CAP_") ? name : "CAP_\(name)"
                return capabilityNames.contains(whole) ? whole : value.problems.nearName(to: whole, in: capabilityNames)
            }
            let expected = "the name of a capability such as CAP_NET_ADMIN"
            return value.mismatch(expected, hint: hint.map { "did you mean '\($0)'?" })
        }
    }
}

/// The capabilities of Linux that systemd 252 knows.
let capabilityNames = [
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM",
].map { "CAP_\($0)" }
