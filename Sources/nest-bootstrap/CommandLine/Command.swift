import Kubernetes

/// A command with the flags that no other has.
enum Command: Sendable, Hashable {
    /// Runs this node's plan.
    case run(RunOptions)
    /// Shows the states of the named tasks, or of all.
    case status([String], StatusOptions)
    /// Shows what a run of the named tasks, or of all, would change.
    case diff([String])
    /// Shows the entries of the journal about the named tasks, or about all.
    case logs([String], LogsOptions)
    /// Shows when each task of this boot waited and ran.
    case timeline(TimelineFormat)
    /// Finds mistakes without an API server, whose version may be given.
    case check(KubernetesVersion?)
    /// Prints the plan.
    case graph(GraphOptions)
    /// Prints the roles that the agent needs as a user of the API server.
    case rbac(user: String)
    /// Checks or renews the certificates of all nodes.
    case certificates(CertificatesOptions)
    /// Undoes what the tasks have made on this node.
    case reset(ResetOptions)
    /// Writes a first task file for a machine.
    case initialise(InitOptions)
    /// Prints the inventory of another tool as a drop-in.
    case importing(ImportSource)
    /// Prints what a key of the task file means, or the sections.
    case explain(String?)
    /// Prints the JSON Schema of the task file.
    case schema
    /// Prints the completion of a shell.
    case completion(Shell)
    /// Prints what may follow a line as it was typed, with the name of the program, for the completion of a shell.
    case candidates(line: String)
    /// Prints the source of a manual page, with a date.
    case manual(Manual, date: String)
    /// Writes the plan as systemd units.
    case units(UnitsOptions)
    /// Reports failures and recoveries of units; the names are of tasks that have succeeded now.
    case supervise([String], isRepetition: Bool)
    /// Writes the metrics, and does nothing else that `supervise` does.
    case writeMetrics
    /// Reports the state of the node to the cluster, and does nothing else that `supervise` does.
    case report
    /// Has the end of all tasks reported to the cluster, and does nothing else that `supervise` does.
    case noteEnd
}

/// The name of a command.
enum CommandName: String, Sendable, Hashable, CaseIterable {
    case run, diff, status, logs, timeline, check, graph, rbac, certificates, reset
    case initialise = "init"
    case importing = "import"
    case explain, schema, completion, units, supervise
    case manual

    /// Those that the help shows; the build of the package calls the others.
    static let shown = allCases.filter { $0 != .manual }

    /// What it prints, if it has no choice of formats.
    var onlyFormat: String? {
        switch self {
        case .schema: "JSON"
        case .importing: "YAML"
        case .completion: "a script of the shell"
        default: nil
        }
    }

    /// The flags that its help shows.
    var shownFlags: [Flag] { Flag.all.filter { $0.commands.contains(self) && !$0.isInternal } }
}

/// What the arguments ask for.
enum Invocation: Sendable, Hashable {
    /// To do something.
    case perform(Options)
    /// The help of a command, or of the program.
    case help(CommandName?)
    case version
}
