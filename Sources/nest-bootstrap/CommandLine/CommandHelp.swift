/// The help of a command, without its flags.
struct CommandHelp: Sendable {
    /// What the command does, in a few words.
    var summary: String
    /// What the command does, in sentences.
    var description: String
    /// How it is called.
    var usage: [String]
    /// Further paragraphs.
    var details: [String] = []
    var exitCodes: [Row]
    /// Calls with their arguments.
    var examples: [String]
    /// The files that it reads or writes.
    var files: [Row]
}

extension Row {
    /// The files that every command reads.
    static let taskFiles = [
        Row("/etc/nest-bootstrap/bootstrap.yaml", "the task file"),
        Row("/etc/nest-bootstrap/bootstrap.d/*.yaml", "drop-ins, in name order"),
    ]

    static let record = Row(
        "/run/nest-bootstrap/tasks/NAME/record.json",
        "how task NAME ended on this boot"
    )
    static let usageError = Row("64", "wrong usage")
    static let wrongTaskFile = Row("78", "the task file is wrong")
}

extension CommandName {
    var help: CommandHelp {
        switch self {
        case .run: .run
        case .diff: .diff
        case .status: .status
        case .logs: .logs
        case .timeline: .timeline
        case .check: .check
        case .graph: .graph
        case .rbac: .rbac
        case .certificates: .certificates
        case .reset: .reset
        case .initialise: .initialise
        case .importing: .importing
        case .explain: .explain
        case .schema: .schema
        case .completion: .completion
        case .manual: .manual
        case .units: .units
        case .supervise: .supervise
        }
    }
}

extension CommandHelp {
    fileprivate static let run = CommandHelp(
        summary: "run this node's plan, or some of its tasks",
        description: "Brings the node to the state that the task file describes: runs every task of the node's "
            + "roles as soon as the task's dependencies have succeeded. What already matches is left alone.",
        usage: ["nest-bootstrap run [FLAG]..."],
        details: [
            "Results and progress go to standard output, warnings and errors to standard error. On a terminal every "
                + "task has a line that says what it does or waits for, as far as there are rows; failures and "
                + "changes stay on the screen. NO_COLOR, TERM=dumb and the character set of the locale are respected. "
                + "With '--output plain' every event is a line, as in a file. Under systemd everything goes to the "
                + "journal instead.",
            "A reader that is too slow misses lines that programs print, and is shown how many. A run that has ended "
                + "waits 10 seconds for it.",
            "With '--dry-run' changed files and objects are shown as unified diffs, without secret values; a task "
                + "that would change nothing is only named. 'diff' also shows what would be created.",
            "With '--output json' standard output has one JSON object a line, errors included; docs/json.md describes "
                + "the fields.",
        ],
        exitCodes: [
            Row("0", "every task succeeded"), Row("1", "a task failed, or output was lost"), .usageError,
            Row("75", "a dependency of a named task has not succeeded yet; retry later"), .wrongTaskFile,
            Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["run", "run --task calico-ip-pool --with-dependencies", "run --dry-run -o json"],
        files: [.record, Row("/var/lib/nest-bootstrap/cache", "downloaded manifests, digests of unchanged objects")],
    )

    fileprivate static let status = CommandHelp(
        summary: "show the state of every task on this boot",
        description: "Shows the state of every task of this node, or of the named ones, on this boot.",
        usage: ["nest-bootstrap status [NAME]... [FLAG]..."],
        details: [
            "STATE is how the task ended: changed, unchanged, failed, skipped or interrupted; 'running' while a "
                + "process runs it, 'not yet' if it has not run, 'waiting' if its service waits for another task, "
                + "'unknown' if you may not read its record.",
            "UNIT is the state of the task's service, where systemd runs and '--root' is not given: 'never started', "
                + "'queued', 'starting', 'active' (its task has succeeded), 'failed' (with the time of the next "
                + "retry, or 'not retried'), 'stopping', 'stopped', 'masked', or 'no unit' (systemd has not read the "
                + "task file since the task was added).",
            "OBJECTS counts the objects of the API server that the task created, configured, deleted or left "
                + "unchanged, and those that failed.",
            "With '--wait' it prints the states when every task has succeeded or one has failed permanently, so "
                + "that nothing but a change by a person helps. A failure that is retried keeps it waiting.",
            "With '--watch' it shows the states until it is interrupted (Control-C): on a terminal one line a task, "
                + "with what the task waits for now, also for tasks that systemd has started; otherwise, and with "
                + "'--output plain', a line with the time for each state at first, then for each change; with "
                + "'--output json' a JSON object for each. The task file is read once.",
            "With '--all-nodes' this machine need not be a node: it shows what the nodes have reported to the "
                + "cluster, as condition BootstrapReady of their Nodes. A node of section 'nodes' that the cluster "
                + "does not have is 'missing'. One that has reported nothing since its kubelet is silent, or for two "
                + "days, is 'stale'. Without a task file it shows the nodes of the cluster.",
        ],
        exitCodes: [
            Row("0", "every task succeeded; with '--all-nodes', on every node"),
            Row("1", "a task failed; with '--wait', permanently; with '--all-nodes', on a node"),
            Row("3", "none failed, but some have not succeeded yet, or are not known; with '--wait', time is up"),
            .usageError, .wrongTaskFile, Row("143", "'--watch' was ended by SIGTERM or SIGHUP"),
        ],
        examples: [
            "status", "status --watch", "status --wait=10m", "status calico-crds -o yaml",
            "status --all-nodes --kubeconfig admin.conf",
        ],
        files: [.record],
    )

    fileprivate static let diff = CommandHelp(
        summary: "show what a run would change",
        description: "Shows what a run of this node's plan, or of the named tasks, would change, as unified diffs of "
            + "files and objects. Nothing is written.",
        usage: ["nest-bootstrap diff [NAME]... [FLAG]..."],
        details: [
            "Files are compared with those of the node, objects with what the API server would make of them. What "
                + "only the server writes is left out. Secret values are replaced by '***', with 'before' and 'after' "
                + "where they differ; the content of a file that not everyone may read is not shown.",
            "The diffs go to standard output, everything else to standard error. A task that would run a program "
                + "counts as a difference. With '--output json' the output is that of 'run --dry-run'.",
            "An API server that does not answer is waited for as in a run, up to 'timeout' of the task.",
        ],
        exitCodes: [
            Row("0", "nothing would change"), Row("1", "something would change"),
            Row("2", "something could not be compared"), .usageError, .wrongTaskFile,
            Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["diff", "diff calico-node --role worker", "diff -c ./bootstrap.yaml -o yaml"],
        files: Row.taskFiles,
    )

    fileprivate static let check = CommandHelp(
        summary: "find mistakes in task files and manifests, without a server",
        description: "Finds every mistake that can be found without an API server: in the task file and its drop-ins, "
            + "and in the manifests, paths and certificates that they name.",
        usage: ["nest-bootstrap check [FLAG]..."],
        details: [
            "Every mistake is one line on standard error: FILE:LINE:COLUMN: problem; hint. Warnings, such as a "
                + "certificate that expires within 30 days, begin with 'warning:' and do not change the exit code. "
                + "With '--output json' standard output has one JSON object with all of them.",
            "Custom resources are checked against the CustomResourceDefinitions of the same plan; other objects "
                + "against the schema that the API server had at the last 'diff' or refusal.",
            "On a node of section 'nodes' it also connects to the TCP ports of 'cluster.ports' on the other nodes, "
                + "and warns of what a firewall drops or rejects.",
            "With '--offline' this machine need not be the node: paths of the node, accounts and certificates are not "
                + "looked at, and no connection to other nodes is made. A manifest that is only on the node is a "
                + "warning.",
            "With '--all-nodes' this machine need not be a node: every node of section 'nodes' is checked as with "
                + "'--offline', a pattern such as worker-* as a host that it matches. A mistake that only some nodes "
                + "have is printed with their names.",
            "With a rule 'nodeAddress' in the task file it prints the address of this node, and why the others were "
                + "not chosen; 'status' does the same.",
        ],
        exitCodes: [
            Row("0", "nothing found"), .usageError, Row("65", "a manifest, a path or a certificate is wrong"),
            .wrongTaskFile,
        ],
        examples: [
            "check", "check --config ./bootstrap.yaml --role worker", "check --server-version 1.34",
            "check --offline --config ./bootstrap.yaml --host-name cp1", "check --all-nodes --config ./bootstrap.yaml",
        ],
        files: Row.taskFiles + [Row("/var/lib/nest-bootstrap/cache", "schemas of API servers")],
    )

    fileprivate static let graph = CommandHelp(
        summary: "print the plan",
        description: "Prints the plan of this node: its tasks and their dependencies. With '--output json' it is one "
            + "JSON object.",
        usage: ["nest-bootstrap graph [FLAG]..."],
        details: [
            "Format 'svg' is a picture for browsers, on light and dark pages; 'dot' is for Graphviz, and 'mermaid' "
                + "for viewers of Markdown. In the picture a dependency that follows from others has no arrow.",
            "With '--status' every task has its state on this boot, as 'status' prints it, in each format.",
            "With '--all-nodes' it prints the plan of every node of section 'nodes', on any machine.",
        ],
        exitCodes: [Row("0", "printed"), .usageError, .wrongTaskFile],
        examples: [
            "graph --role worker", "graph --format svg --status > plan.svg", "graph --all-nodes",
            "graph --format dot | dot -Tpdf > plan.pdf",
        ],
        files: Row.taskFiles + [.record],
    )

    fileprivate static let rbac = CommandHelp(
        summary: "print the roles that the agent needs at the API server",
        description: "Prints the smallest roles with which the tasks of this node succeed, bound to a user of their "
            + "own, so that the agent need not be an administrator. Every permission to read one object or to "
            + "write is limited to the names of objects; those to list and watch are not.",
        usage: ["nest-bootstrap rbac [FLAG]..."],
        details: [
            "An administrator applies them once, and again when manifests get objects of other names. The certificate "
                + "of the kubeconfig that the tasks use needs the user as its CN and no O; docs/task-file.md shows "
                + "how to make it. For a namespace that may not exist yet, the permissions are for the whole cluster.",
            "To apply a role, a user needs the permission to escalate it: a person who may change the manifests of "
                + "the task file decides what the roles in them allow.",
            "The name of the roles is nest-bootstrap:ROLE, with the role of the node, so that those of several roles "
                + "do not replace each other. With '--output json' the output is a List, which kubectl reads as well.",
        ],
        exitCodes: [Row("0", "printed"), .usageError, Row("65", "a manifest cannot be read"), .wrongTaskFile],
        examples: [
            "rbac | kubectl apply -f -", "rbac --role control-plane --user node-bootstrap",
            "rbac --role worker -o json",
        ],
        files: Row.taskFiles,
    )

    fileprivate static let units = CommandHelp(
        summary: "write the plan as systemd units",
        description: "Writes the plan of this node as systemd units: k8s-bootstrap-NAME.service for every task, "
            + "wanted by k8s-bootstrap.target, and those that report failures. The target and the settings that all "
            + "tasks share, k8s-bootstrap-.service.d/10-nest-bootstrap.conf, are installed with the package.",
        usage: [
            "nest-bootstrap units DIR [FLAG]...", "nest-bootstrap units NORMAL EARLY LATE",
            "nest-bootstrap-generator NORMAL EARLY LATE",
        ],
        details: [
            "As a systemd generator, which is called with three directories, it writes into the first, prints "
                + "nothing, and does nothing if there is no task file. For an invalid task file it writes a health "
                + "service that fails and says why; every other unit of the machine starts.",
            "With '--offline' the units do not depend on files of this machine: no path is a link, and the user "
                + "nest-bootstrap can read every manifest and CA. A warning names the files of which this is assumed.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "a file could not be written"), .usageError, .wrongTaskFile],
        examples: [
            "units /run/systemd/system", "units ./units --config ./bootstrap.yaml --role worker",
            "units ./units --offline --host-name cp1",
        ],
        files: [
            Row("/usr/lib/systemd/system-generators/nest-bootstrap-generator", "this program, as systemd calls it")
        ],
    )

    fileprivate static let supervise = CommandHelp(
        summary: "report failed and recovered units; systemd calls it",
        description: "Looks at the units of all tasks, for k8s-bootstrap-health.service: starts "
            + "k8s-bootstrap-alert@NAME.service when a task fails for the first time and when it recovers, and a "
            + "timer that starts the failed tasks again, unless their failures are permanent.",
        usage: ["nest-bootstrap supervise [NAME]... [FLAG]..."],
        details: [
            "With names of tasks it reports how their units have just ended: in an ExecStopPost= as systemd says in "
                + "SERVICE_RESULT, otherwise as a success."
        ],
        exitCodes: [
            Row("0", "no unit has failed"), Row("1", "a unit has failed, or was not started"), .usageError,
            .wrongTaskFile,
        ],
        examples: ["supervise", "supervise calico-crds", "supervise -o json"],
        files: [Row("/run/nest-bootstrap/health.json", "the failed tasks, and when they are tried again")],
    )
}
