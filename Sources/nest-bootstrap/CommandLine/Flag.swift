import Base
import Kubernetes
import Reporting

/// A flag: its name, its help, and what it sets.
struct Flag: Sendable {
    /// Sets what a flag is for.
    typealias Action = @Sendable (inout FlagValues, String, CommandName) throws(UsageError) -> Void

    /// The name as it is typed, with its two dashes.
    let name: String

    /// The name with one dash and one letter, if it has one.
    let shortName: String?

    /// The name of its value in the help, or `nil` if it takes none.
    let value: String?
    let commands: [CommandName]

    /// Whether the value may be left out; if it is given, it is in the same argument, or is a number below 0 in the
    /// next.
    let isValueOptional: Bool

    /// Whether it may be given several times.
    let isRepeatable: Bool

    /// Whether only this program itself uses it, and the help does not show it.
    let isInternal: Bool

    /// What the help says about it.
    let help: String
    let set: Action

    init(
        _ name: String,
        short shortName: String? = nil,
        _ value: String? = nil,
        of commands: [CommandName],
        isValueOptional: Bool = false,
        isRepeatable: Bool = false,
        isInternal: Bool = false,
        _ help: String,
        _ set: @escaping Action,
    ) {
        self.name = name
        self.shortName = shortName
        self.isInternal = isInternal
        self.value = value
        self.commands = commands
        self.isValueOptional = isValueOptional
        self.isRepeatable = isRepeatable
        self.help = help
        self.set = set
    }

    /// The name with the form of its value, as in the help.
    var usage: String {
        let names = [shortName, name].compactMap(\.self).joined(separator: ", ")
        guard let value else { return names }
        return isValueOptional ? "\(names)[=\(value)]" : "\(names) \(value)"
    }

    /// The flags that show help, and are not part of a command.
    static let helpNames = ["-h", "--help"]

    /// The flag that shows the version, and is not part of a command.
    static let versionName = "--version"

    /// Every other flag, in the order of the help.
    static let all: [Flag] = commandFlags + statusFlags + certificateFlags + commonFlags + internalFlags

    /// The flags of one command that the help shows, without those of `certificates` and `init`.
    private static let commandFlags: [Flag] = [
        Flag(
            "--task",
            "NAME",
            of: [.run],
            isRepeatable: true,
            "run only this task; may be given several times. Its dependencies must have succeeded on this boot"
        ) { values, value, _ in values.run.tasks.append(value) },
        Flag(
            "--with-dependencies",
            of: [.run],
            "first run the dependencies of the named tasks that have not succeeded on this boot"
        ) { values, _, _ in values.run.withDependencies = true },
        Flag("--yes", of: [.reset], "delete without a question") { values, _, _ in values.isConfirmed = true },
        Flag(
            "--run-commands",
            of: [.reset],
            "run reset commands also with '--root': they run on this machine, with DIR in NEST_ROOT"
        ) { values, _, _ in values.runsCommandsWithRoot = true },
        Flag("--dry-run", of: [.reset], "show what would be deleted, delete nothing") { values, _, _ in
            values.run.isDryRun = true
        },
        Flag("--dry-run", of: [.run, .certificates], "show what would be created and changed, write nothing") {
            values,
            _,
            _ in
            values.run.isDryRun = true
        },
        Flag(
            "--server-version",
            "VERSION",
            of: [.check],
            "the version of the API server, such as 1.34: APIs that it does not serve are errors "
                + "(default: that of the server at its last 'diff' or refusal, if known)"
        ) { (values, value, command) throws(UsageError) in
            guard let version = KubernetesVersion(value) else {
                throw UsageError(
                    "invalid value '\(value)' for '--server-version': expected a version such as 1.34",
                    command: command
                )
            }
            values.serverVersion = version
        },
        Flag(
            "--format",
            alternatives(GraphFormat.allCases),
            of: [.graph],
            "a tree of lines, the input of Graphviz or Mermaid, or a picture (default: \(GraphFormat.text.rawValue))"
        ) { (values, value, command) throws(UsageError) in
            values.format = try choice("format", value, of: command)
        },
        Flag(
            "--user",
            "NAME",
            of: [.rbac],
            "the user of the roles, the CN of its certificate (default: \(FlagValues().user))"
        ) { (values, value, command) throws(UsageError) in
            let isName = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/%".utf8.contains($0) }
            guard isName, ![".", ".."].contains(value), !value.hasPrefix("system:") else {
                throw UsageError(
                    "invalid value '\(value)' for '--user': expected a name without spaces, '/' and '%' that does not "
                        + "begin with 'system:'",
                    command: command
                )
            }
            values.user = value
        },
    ]

    /// The flags of several commands, and those of `init`.
    private static let commonFlags: [Flag] = [
        Flag(
            "--config",
            short: "-c",
            "FILE",
            of: ofTaskFile,
            "the task file; its drop-ins are in the directory with the same name and the extension .d "
                + "(default: \(Options.defaultConfig))"
        ) { values, value, _ in values.config = value },
        Flag(
            "--role",
            "ROLE",
            of: ofNode,
            "the role of the node, several with commas (default: the environment variable NEST_ROLE, or the roles that "
                + "the task file gives the host name)"
        ) { values, value, _ in values.role = value },
        Flag(
            "--host-name",
            "NAME",
            of: [.check, .graph, .initialise, .rbac, .units],
            "the host name of the node (default: that of this machine)"
        ) { values, value, _ in values.hostName = value },
        Flag(
            "--all-nodes",
            of: [.check, .graph],
            "every node of section 'nodes' instead of this one, each with its roles there; no file of a node is looked at"
        ) { values, _, _ in values.isForAllNodes = true },
        Flag("--all-nodes", of: [.status], "every node of the cluster and of section 'nodes' instead of this one") {
            values,
            _,
            _ in values.isForAllNodes = true
        },
        Flag(
            "--kubeconfig",
            "FILE",
            of: [.status],
            "the kubeconfig with which '--all-nodes' reads the nodes of the cluster (default: the first file of the "
                + "environment variable KUBECONFIG, or ~/.kube/config)"
        ) { values, value, _ in values.status.kubeconfig = value },
        Flag(
            "--offline",
            of: [.check, .units],
            "look at no file of the node: only at the task file, its drop-ins, and manifests that exist here"
        ) { values, _, _ in values.isOffline = true },
        Flag(
            "--installed-as",
            "FILE",
            of: [.units],
            "the path of the task file on the node, for units that are made elsewhere (default: that of --config)"
        ) { (values, value, command) throws(UsageError) in
            guard value.isAbsolutePath else {
                throw UsageError("'--installed-as' is an absolute path, found '\(value)'", command: command)
            }
            values.installedConfig = value
        },
        Flag(
            "--output",
            short: "-o",
            "FILE",
            of: [.initialise],
            "write the task file to FILE, which must not exist (default: '-', standard output)"
        ) { (values, value, command) throws(UsageError) in
            guard OutputChoice(rawValue: value) == nil else {
                let message = "'--output' of 'init' is a file, found the format '\(value)'"
                throw UsageError("\(message); write ./\(value) for a file of that name", command: command)
            }
            values.initialise.path = value == "-" ? nil : value
        },
        Flag("--force", of: [.initialise], "replace FILE if it exists") { values, _, _ in
            values.initialise.replaces = true
        },
        Flag(
            "--root",
            "DIR",
            of: [.initialise],
            "look at the files below DIR, which is the root of another machine"
        ) { values, value, _ in values.root = value },
        Flag(
            "--root",
            "DIR",
            of: ofNode.filter { $0 != .initialise },
            "put DIR before every path that a task writes or has written"
        ) {
            values,
            value,
            _ in values.root = value
        },
        Flag(
            "--output",
            short: "-o",
            alternatives(OutputChoice.allCases),
            of: ofTaskFile.filter { $0 != .logs } + [.explain],
            "output for people (text and table are the same), for programs, or for screen readers and logs: text as a file gets "
                + "it, never redrawn (default: \(OutputFormat.text.rawValue))"
        ) { (values, value, command) throws(UsageError) in
            values.set(try choice("output", value, of: command))
        },
    ]

    /// Finds a flag by one of its names: that of a command, or any if the command has none or is not known yet.
    static func named(_ name: String, of command: CommandName?) -> Flag? {
        let flags = all.filter { $0.name == name || $0.shortName == name }
        return flags.first { flag in command.map(flag.commands.contains) ?? false } ?? flags.last
    }

    /// The commands that read a task file.
    private static let ofTaskFile = CommandName.allCases.filter {
        ![.initialise, .importing, .explain, .schema, .completion, .manual].contains($0)
    }

    /// The commands that are about one node.
    private static let ofNode = ofTaskFile.filter { $0 != .certificates } + [.initialise]

    /// The words of which a value is one, as the help shows them.
    static func alternatives<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
        choices.map(\.rawValue).joined(separator: "|")
    }

    /// Reads a value that is one of several words.
    ///
    /// - Parameters:
    ///   - kind: The name of the flag without its dashes.
    ///   - value: The value.
    ///   - command: The command.
    ///   - choices: The words that a message names; the caller refuses others of the type.
    /// - Returns: The word.
    /// - Throws: ``UsageError`` if the value is no such word.
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ kind: String,
        _ value: String,
        of command: CommandName,
        among choices: [Choice] = Array(Choice.allCases),
    ) throws(UsageError) -> Choice {
        if let choice = Choice(rawValue: value) { return choice }
        let known = choices.map(\.rawValue)
        let hint = nameMeant(by: value, in: known).map { "did you mean '\($0)'?" }
        let all = "expected one of \(known.map { "'\($0)'" }.joined(separator: ", "))"
        throw UsageError("invalid value '\(value)' for --\(kind) (\(hint ?? all))", command: command)
    }
}
