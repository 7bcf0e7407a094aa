/// What one call of the program is to do.
public struct Options: Sendable, Hashable {
    /// The command with the flags of its own.
    public var command: Command

    /// The task file.
    public var config = "/etc/nest-bootstrap/bootstrap.yaml"

    /// In what form results are told.
    public var output = OutputFormat.text

    /// The role that the node is to have, whatever its name and environment say.
    public var role: String?

    /// The directory that stands for `/` in every path that a task writes.
    public var root: String?

    /// Creates options with the defaults of all but the command.
    public init(_ command: Command) {
        self.command = command
    }

    /// The directory of the drop-ins: `bootstrap.d` beside `bootstrap.yaml`.
    public var dropInDirectory: String {
        let slash = config.lastIndex(of: "/").map(config.index(after:)) ?? config.startIndex
        let name = config[slash...]
        // The dot of a hidden file does not begin an extension.
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "\(config).d" }
        return "\(config[..<dot]).d"
    }

    /// The common flags that were given, to stand behind another command; empty or with a space before each.
    public var commonArguments: String {
        let isDefault = config == Options(.check).config
        let pairs = [("--config", isDefault ? nil : config), ("--role", role), ("--root", root)]
        return pairs.compactMap { flag, value in value.map { " \(flag) \($0)" } }.joined()
    }

    /// Whether the run writes nothing.
    public var isDryRun: Bool {
        if case .run(let run) = command { run.isDryRun } else { false }
    }

    /// Whether only directories are made, before the same is called again to do the task.
    public var onlyDirectories: Bool {
        if case .run(let run) = command { run.onlyDirectories } else { false }
    }
}

/// A command with the flags that no other has.
public enum Command: Sendable, Hashable {
    /// Runs this node's plan.
    case run(RunOptions)
    /// Tells what the tasks of these names came to, or all.
    case status([String])
    /// Looks for mistakes without an API server.
    case check
    /// Draws the plan.
    case graph(PictureFormat)
    /// Writes the plan as systemd units.
    case units(UnitsOptions)
}

/// What to run, and how.
public struct RunOptions: Sendable, Hashable {
    /// The tasks to run, in the order given and each once; all if there is none.
    public var tasks: [String] = []

    /// Whether what the tasks depend on runs first where it has not succeeded yet.
    public var withDependencies = false

    /// Whether to tell what would change instead of changing it.
    public var isDryRun = false

    /// Whether to make the directories that the tasks write to, and nothing else.
    public var onlyDirectories = false

    /// Creates the options of a run of the whole plan.
    public init() {}
}

/// Where to write units.
public struct UnitsOptions: Sendable, Hashable {
    /// The directory.
    public var directory: String

    /// Whether systemd itself asks, which no task file and no mistake in one may stop.
    public var isGenerator: Bool

    /// Creates options.
    public init(directory: String, isGenerator: Bool = false) {
        self.directory = directory
        self.isGenerator = isGenerator
    }
}

/// In what form results are told.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Lines for people.
    case text
    /// One JSON object a line.
    case json
}

/// In what form a plan is drawn.
public enum PictureFormat: String, Sendable, Hashable, CaseIterable {
    /// Indented lines.
    case text
    /// Graphviz.
    case dot
    /// Mermaid, which forges draw by themselves.
    case mermaid
}

/// The name of a command.
public enum CommandName: String, Sendable, Hashable, CaseIterable {
    case run, status, check, graph, units
}

/// What the arguments ask for.
public enum Invocation: Sendable, Hashable {
    /// To do something.
    case perform(Options)
    /// The help of a command, or of the program.
    case help(CommandName?)
    /// The version.
    case version
}
