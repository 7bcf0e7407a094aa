import Base
import Planning
import Reporting

/// Options from parsed arguments.
extension Options {
    init(_ name: CommandName, names: [String], flags: [GivenFlag]) throws(UsageError) {
        // A flag before the command may be one that another command has as well.
        let flags = flags.map { GivenFlag(flag: Flag.named($0.flag.name, of: name) ?? $0.flag, value: $0.value) }
        try Self.check(flags, of: name)
        var values = FlagValues()
        for given in flags { try given.flag.set(&values, given.value, name) }
        self.init(try Self.command(name, names, values))
        (config, output, role, root) = (values.config, values.output, values.role, values.root)
        (hostName, isOffline, isPlain) = (values.hostName, values.isOffline, values.isPlain)
        isForAllNodes = values.isForAllNodes
        try checkStatus()
        guard isForAllNodes, hostName != nil || role != nil else { return }
        let other = hostName == nil ? "--role" : "--host-name"
        throw UsageError("'--all-nodes' and '\(other)' are mutually exclusive", command: name)
    }

    /// Refuses what does not go together with the nodes of the cluster.
    private func checkStatus() throws(UsageError) {
        guard case .status(let names, let status) = command else { return }
        if status.isWaiting, status.isWatching {
            throw UsageError("'--wait' and '--watch' are mutually exclusive", command: .status)
        }
        guard isForAllNodes else {
            guard status.kubeconfig != nil else { return }
            throw UsageError("'--kubeconfig' requires '--all-nodes'", command: .status)
        }
        if let name = names.first {
            throw UsageError("'--all-nodes' and task '\(name)' are mutually exclusive", command: .status)
        }
        for (flag, isGiven) in [("--wait", status.isWaiting), ("--watch", status.isWatching)] where isGiven {
            throw UsageError("'--all-nodes' and '\(flag)' are mutually exclusive", command: .status)
        }
    }

    /// Refuses flags of other commands and flags that are given twice.
    private static func check(_ flags: [GivenFlag], of command: CommandName) throws(UsageError) {
        var seen: Set<String> = []
        for given in flags {
            let flag = given.flag
            guard flag.commands.contains(command) else {
                throw UsageError(misplaced: flag, command)
            }
            guard seen.insert(flag.name).inserted || flag.isRepeatable || flag.value == nil else {
                throw UsageError("flag '\(flag.name)' was given more than once", command: command)
            }
        }
    }

    private static func command(
        _ name: CommandName,
        _ names: [String],
        _ values: FlagValues,
    ) throws(UsageError) -> Command {
        switch name {
        case .status: return .status(unique(names), values.status)
        case .diff: return .diff(unique(names))
        case .run:
            try refuse(names, name, values, hint: "use \(quotedShellLine(["--task", names.first ?? "NAME"]))")
            return .run(try runOptions(values.run))
        case .check:
            try refuse(names, name, values)
            return .check(values.serverVersion)
        case .graph:
            try refuse(names, name, values)
            if values.format != nil { try refuseFormat(name, values.output) }
            if values.showsStatus, values.isForAllNodes {
                throw UsageError("'--status' and '--all-nodes' are mutually exclusive", command: name)
            }
            return .graph(GraphOptions(format: values.format ?? .text, showsStatus: values.showsStatus))
        case .logs:
            guard values.output != .yaml else {
                throw UsageError(
                    "'logs' and '--output yaml' are mutually exclusive: journalctl has no YAML",
                    command: name
                )
            }
            return .logs(unique(names), values.logs)
        case .timeline:
            try refuse(names, name, values)
            if values.timeline != nil { try refuseFormat(name, values.output) }
            return .timeline(values.timeline ?? .text)
        case .rbac:
            try refuse(names, name, values)
            return .rbac(user: values.user)
        case .certificates: return .certificates(try certificatesOptions(names, values))
        case .reset:
            try refuse(names, name, values)
            guard !values.runsCommandsWithRoot || values.root != nil else {
                throw UsageError("'--run-commands' requires '--root DIR'", command: name)
            }
            return .reset(
                ResetOptions(
                    isDryRun: values.run.isDryRun,
                    isConfirmed: values.isConfirmed,
                    runsCommandsWithRoot: values.runsCommandsWithRoot
                )
            )
        case .initialise:
            try refuse(names, name, values, hint: "use \(quotedShellLine(["--output", names.first ?? "FILE"]))")
            try checkNode(values)
            return .initialise(values.initialise)
        case .importing: return .importing(try importSource(names))
        case .explain:
            if names.count > 1 {
                throw UsageError("'explain' takes one key: unexpected argument '\(names[1])'", command: name)
            }
            return .explain(names.first)
        case .schema:
            try refuse(names, name, values)
            return .schema
        case .completion:
            if values.listsCandidates { return .candidates(line: names.joined(separator: " ")) }
            return .completion(try shell(names))
        case .manual:
            guard names.count == 2, let page = Int(names[0]).flatMap(Manual.init) else {
                throw UsageError("'manual' takes 5 or 8, and a date", command: name)
            }
            return .manual(page, date: names[1])
        case .units:
            var options = try unitsOptions(names)
            options.installedConfig = values.installedConfig
            return .units(options)
        case .supervise:
            if let only = values.supervision {
                try refuse(names, name, values)
                return only
            }
            return .supervise(unique(names), isRepetition: values.run.isRepetition)
        }
    }

    /// Refuses roles and a host name that `init` would write and no task file may have.
    private static func checkNode(_ values: FlagValues) throws(UsageError) {
        let roles = values.role?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        if let role = roles.first(where: { !isRoleName($0) }) {
            throw UsageError(
                "invalid value '\(role)' for '--role': expected lower-case letters, digits and dashes",
                command: .initialise
            )
        }
        guard let name = values.hostName, !SubjectName.isHostName(name) else { return }
        throw UsageError(
            "invalid value '\(name)' for '--host-name': expected letters, digits, '-' and '.', as 'hostname' prints it",
            command: .initialise
        )
    }

    /// Refuses a format beside one for programs.
    private static func refuseFormat(_ name: CommandName, _ output: OutputFormat) throws(UsageError) {
        guard output != .text else { return }
        throw UsageError("'--format' and '--output \(output.rawValue)' are mutually exclusive", command: name)
    }

    private static func shell(_ names: [String]) throws(UsageError) -> Shell {
        let known = Shell.allCases.map(\.rawValue)
        guard let name = names.first, names.count == 1 else {
            let message = "'completion' takes one of \(known.map { "'\($0)'" }.joined(separator: ", "))"
            throw UsageError(message, command: .completion)
        }
        guard let shell = Shell(rawValue: name) else {
            throw .unknown("shell", name, among: known, command: .completion)
        }
        return shell
    }

    /// A format and a path.
    private static func importSource(_ names: [String]) throws(UsageError) -> ImportSource {
        let known = ImportSource.Format.allCases.map(\.rawValue)
        if let name = names.first, ImportSource.Format(rawValue: name) == nil {
            throw .unknown("format", name, among: known, command: .importing)
        }
        guard names.count == 2, let format = ImportSource.Format(rawValue: names[0]), !names[1].isEmpty else {
            throw UsageError("'import' takes 'nico FILE' or 'plans DIR'", command: .importing)
        }
        return ImportSource(format: format, path: names[1])
    }

    /// One directory, or the three of a generator: for units of normal, early and late precedence.
    private static func unitsOptions(_ names: [String]) throws(UsageError) -> UnitsOptions {
        guard let directory = names.first, [1, 3].contains(names.count), !names.contains("") else {
            let message = "'units' takes one directory, or the three directories of a systemd generator"
            throw UsageError(message, command: .units)
        }
        return UnitsOptions(directory: directory, isGenerator: names.count == 3)
    }

    /// The action is the only name.
    private static func certificatesOptions(
        _ names: [String],
        _ values: FlagValues
    ) throws(UsageError) -> CertificatesOptions {
        let known = CertificatesOptions.Action.allCases.map(\.rawValue)
        guard let name = names.first, names.count == 1 else {
            let message = "'certificates' takes one of \(known.map { "'\($0)'" }.joined(separator: ", "))"
            throw UsageError(message, command: .certificates)
        }
        guard let action = CertificatesOptions.Action(rawValue: name) else {
            throw .unknown("action", name, among: known, command: .certificates)
        }
        var options = values.certificates
        options.action = action
        options.isDryRun = values.run.isDryRun
        options.nodes = unique(options.nodes)
        options.names = unique(options.names)
        try checkFlags(options)
        return options
    }

    /// Refuses flags of other actions, and those that say something about a step without one.
    private static func checkFlags(_ options: CertificatesOptions) throws(UsageError) {
        let given: [(flag: String, isGiven: Bool, actions: [CertificatesOptions.Action])] = [
            ("--all", options.isForced, [.renew]),
            ("--dry-run", options.isDryRun, [.renew, .rotateAuthority]),
            ("--node", !options.nodes.isEmpty, [.check, .renew]),
            ("--name", !options.names.isEmpty, [.check, .renew]),
            ("--step", options.step != nil, [.rotateAuthority]),
            ("--confirm", options.isConfirmed, [.rotateAuthority]),
        ]
        let action = options.action
        for entry in given where entry.isGiven {
            guard entry.actions.contains(action) else {
                let owners = quotedList(entry.actions.map(\.rawValue))
                let message = "'certificates \(action.rawValue)' has no flag '\(entry.flag)' (it belongs to \(owners))"
                throw UsageError(message, command: .certificates)
            }
            if action == .rotateAuthority, options.step == nil {
                throw UsageError("'\(entry.flag)' requires '--step STEP'", command: .certificates)
            }
        }
    }

    /// Refuses arguments of a command that has none.
    ///
    /// - Parameters:
    ///   - names: The arguments.
    ///   - command: The command.
    ///   - values: Its flags.
    ///   - hint: What to type, unless the argument looks like a task file and the command has one.
    /// - Throws: ``UsageError`` if there are arguments.
    private static func refuse(
        _ names: [String],
        _ command: CommandName,
        _ values: FlagValues,
        hint: String? = nil,
    ) throws(UsageError) {
        guard let name = names.first else { return }
        var hint = hint
        // Other programs take a file as an argument.
        if ["/", ".yaml", ".yml", ".json"].contains(where: name.contains),
            command.shownFlags.contains(where: { $0.name == "--config" })
        {
            let isMissing = values.config == Options.defaultConfig
            hint = isMissing ? "use \(quotedShellLine(["--config", name]))" : nil
        }
        let message = "'\(command.rawValue)' takes no arguments: '\(name)'"
        throw UsageError(message + (hint.map { " (\($0))" } ?? ""), command: command)
    }

    private static func runOptions(_ given: RunOptions) throws(UsageError) -> RunOptions {
        var options = given
        options.tasks = unique(given.tasks)
        if options.isDryRun, options.isPreparation {
            throw UsageError("'--dry-run' and '--prepare' are mutually exclusive", command: .run)
        }
        guard options.tasks.isEmpty, options.withDependencies else { return options }
        throw UsageError("'--with-dependencies' requires '--task NAME'", command: .run)
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
