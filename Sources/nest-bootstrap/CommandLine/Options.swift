import Base
import Certificates
import Kubernetes
import Reporting

/// What one call of the program is to do.
struct Options: Sendable, Hashable {
    /// The command with the flags of its own.
    var command: Command

    /// The task file of a node.
    static let defaultConfig = "/etc/nest-bootstrap/bootstrap.yaml"

    /// The task file.
    var config = Options.defaultConfig

    /// The format of results.
    var output = OutputFormat.text

    /// Whether texts for people are plain lines also on a terminal.
    var isPlain = false

    /// The role of the node, whatever its name and environment say.
    var role: String?

    /// The host name of the node, if it is not that of this machine.
    var hostName: String?

    /// The directory that is put before every path that a task writes.
    var root: String?

    /// Whether the files of this machine are not those of the node.
    var isOffline = false

    /// Whether the command is about all nodes of the task file instead of one.
    var isForAllNodes = false

    /// The environment variables of the call.
    var environment: [String: String] = [:]

    /// Creates options with the defaults of all but the command.
    init(_ command: Command) {
        self.command = command
    }

    /// The directory of the drop-ins: `bootstrap.d` next to `bootstrap.yaml`.
    var dropInDirectory: String {
        let slash = config.lastSlash.map(config.index(after:)) ?? config.startIndex
        let name = config[slash...]
        // The dot of a hidden file does not begin an extension.
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "\(config).d" }
        return "\(config[..<dot]).d"
    }

    /// The common flags that were given, with their values, for another call.
    var commonArguments: [String] {
        let pairs = [("--config", config == Self.defaultConfig ? nil : config), ("--role", role), ("--root", root)]
        return pairs.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }

    /// Writes another call about the same node, for a sentence.
    func quotedCall(_ words: String...) -> String { quotedCall(words) }

    /// Writes another call about the same node, for a sentence.
    func quotedCall(_ words: [String]) -> String {
        quotedShellLine(["nest-bootstrap"] + words + commonArguments)
    }

    /// Whether the run writes nothing.
    var isDryRun: Bool {
        switch command {
        case .run(let run): run.isDryRun
        case .certificates(let certificates): certificates.isDryRun
        case .reset(let reset): reset.isDryRun
        case .diff: true
        case .status, .logs, .timeline, .check, .graph, .units, .supervise, .writeMetrics, .report, .noteEnd, .rbac,
            .initialise, .importing, .explain, .schema, .completion, .candidates, .manual:
            false
        }
    }

    /// Whether the command does what the task files say; others only look, and may look at files of anybody.
    var acts: Bool {
        switch command {
        case .run(let run): !run.isDryRun
        case .certificates(let certificates): certificates.acts
        case .reset(let reset): !reset.isDryRun
        case .units, .supervise, .writeMetrics, .report, .noteEnd: true
        case .diff, .status, .logs, .timeline, .check, .graph, .rbac, .initialise, .importing, .explain, .schema,
            .completion, .candidates, .manual:
            false
        }
    }

    /// Whether systemd calls the program about units of tasks or for metrics.
    var isSupervision: Bool {
        switch command {
        case .supervise, .writeMetrics: true
        default: false
        }
    }

    /// Whether tasks are only prepared, before the same call runs them.
    var isPreparation: Bool {
        if case .run(let run) = command { run.isPreparation } else { false }
    }
}

/// What to run, and how.
struct RunOptions: Sendable, Hashable {
    /// The tasks to run, in the given order and each once; all if there is none.
    var tasks: [String] = []

    /// Whether dependencies that have not succeeded yet run first.
    var withDependencies = false

    /// Whether to report what would change instead of changing it.
    var isDryRun = false

    /// Whether to list what `reset` undoes and to create the directories that they write to, and nothing else.
    var isPreparation = false

    /// Whether a timer repeats the task, which has succeeded on this boot.
    var isRepetition = false

    /// Creates the options of a run of the whole plan.
    init() {}
}

/// Whether `reset` asks, and what it runs.
struct ResetOptions: Sendable, Hashable {
    /// Whether nothing is changed.
    var isDryRun = false

    /// Whether it is done without a question.
    var isConfirmed = false

    /// Whether the reset commands of tasks are run also with `--root`, where they could change this machine.
    var runsCommandsWithRoot = false
}

/// Whether `status` waits or watches, and with which kubeconfig it reads all nodes.
struct StatusOptions: Sendable, Hashable {
    /// Whether it waits until all tasks have succeeded or one has failed permanently.
    var isWaiting = false

    /// How long it waits at most, or `nil` for as long as it takes.
    var waitLimit: Duration?

    /// Whether it goes on until it is interrupted, and shows every change.
    var isWatching = false

    /// The kubeconfig with which the nodes of the cluster are read, `nil` for that of kubectl.
    var kubeconfig: String?

    /// Creates the options of a status of this moment.
    init() {}
}

/// Which entries of the journal to show.
struct LogsOptions: Sendable, Hashable {
    /// The time of the oldest entry, in a form that journalctl reads; `nil` for all.
    var since: String?

    /// Whether to wait for further entries.
    var isFollowing = false

    /// The boot whose entries are shown, in a form that journalctl reads; empty for this one, `nil` for all.
    var boot: String?

    /// Creates the options of all entries.
    init() {}
}

/// How to draw the plan.
struct GraphOptions: Sendable, Hashable {
    var format = GraphFormat.text

    /// Whether the states of the tasks on this boot are shown.
    var showsStatus = false
}

/// The format of a timeline.
enum TimelineFormat: String, Sendable, Hashable, CaseIterable {
    /// Lines with a bar each.
    case text
    /// A picture that every browser shows.
    case svg
}

/// What to do with which certificates.
struct CertificatesOptions: Sendable, Hashable {
    /// What to do.
    enum Action: String, Sendable, Hashable, CaseIterable {
        /// Compares them with their declarations.
        case check
        /// Makes what is due or differs.
        case renew
        /// Replaces the CA, step by step.
        case rotateAuthority = "rotate-ca"
    }

    /// What to do.
    var action = Action.check

    /// The nodes whose certificates are meant; all if there is none.
    var nodes: [String] = []

    /// The names of the certificates that are meant; all if there is none.
    var names: [String] = []

    /// The files with the operator's private keys.
    var identities: [String] = []

    /// Whether certificates are made that are as declared.
    var isForced = false

    /// The step of a rotation that is to be done; how far it is is shown if there is no step.
    var step: RotationStep?

    /// Whether every node has the files of the step before, and uses them.
    var isConfirmed = false

    /// Whether to report what would be made instead of making it.
    var isDryRun = false

    /// Whether the set is changed.
    var acts: Bool {
        switch action {
        case .check: false
        case .renew: !isDryRun
        case .rotateAuthority: step != nil && !isDryRun
        }
    }

    /// Creates the options of a check of all certificates.
    init() {}
}

/// Where to write the first task file.
struct InitOptions: Sendable, Hashable {
    /// The file, `nil` for standard output.
    var path: String?

    /// Whether an existing file is replaced.
    var replaces = false

    /// Creates the options of a task file on standard output.
    init() {}
}

/// Which inventory to read.
struct ImportSource: Sendable, Hashable {
    /// The tool that the inventory is for.
    enum Format: String, Sendable, Hashable, CaseIterable {
        /// The `cluster.nix` of the NICO operator.
        case nico
        /// A directory with `hosts.csv`, `k3s.csv` and `network.yaml`.
        case plans
    }

    /// The tool.
    var format: Format

    /// The file or directory.
    var path: String
}

/// Where to write units.
struct UnitsOptions: Sendable, Hashable {
    var directory: String

    /// The path of the task file on the node, if it is not where it is now.
    var installedConfig: String?

    /// Whether systemd calls the program as a generator, which must work with any task file.
    var isGenerator: Bool

    init(directory: String, isGenerator: Bool = false) {
        self.directory = directory
        self.isGenerator = isGenerator
    }
}

/// The format of a plan.
enum GraphFormat: String, Sendable, Hashable, CaseIterable {
    /// Indented lines.
    case text
    /// Graphviz.
    case dot
    /// Mermaid, which code forges display as a picture.
    case mermaid
    /// A picture that every browser shows.
    case svg
}
