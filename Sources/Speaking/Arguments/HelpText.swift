/// Writes the help of a command, or of the program.
///
/// - Parameter command: The command, or `nil` for the program.
/// - Returns: Lines of at most 80 columns, each with its end.
public func helpText(_ command: CommandName? = nil) -> String {
    switch command {
    case nil: programHelp
    case .run: runHelp + commonFlags + outputForms + runEnd
    case .status: statusHelp + commonFlags + statusEnd
    case .check: checkHelp + commonFlags + checkEnd
    case .graph: graphHelp + commonFlags + graphEnd
    case .units: unitsHelp + commonFlags + unitsEnd
    }
}

/// What `--version` prints, with the end of its line.
public let versionText = "nest-bootstrap 0.1.0\n"

private let programHelp = """
    nest-bootstrap brings a Kubernetes node to the state that one file describes.

    Usage: nest-bootstrap COMMAND [FLAG]...

    Commands:
      run       run this node's plan, or some of its tasks
      status    tell what every task came to on this boot
      check     look for mistakes in task files and manifests, without a server
      graph     draw the plan
      units     write the plan as systemd units
      help      show the help of a command: 'nest-bootstrap help run'

    Flags:
      --help, -h   show this, or after a command its own help
      --version    show the version

    Examples:
      nest-bootstrap check
      nest-bootstrap run --dry-run

    Files:
      /etc/nest-bootstrap/bootstrap.yaml      the task file
      /etc/nest-bootstrap/bootstrap.d/*.yaml  drop-ins, in the order of their names

    """

private let commonFlags = """
      --config FILE        the task file; its drop-ins are in the directory of the
                           same name that ends in .d
                           (default: /etc/nest-bootstrap/bootstrap.yaml)
      --role ROLE          the node's role (default: NEST_ROLE of the environment,
                           else what the task file says of the host's name)
      --root DIR           put DIR before every path that a task writes
      --output text|json   for people or for programs (default: text)
      --help, -h           show this

    """

private let outputForms = """

    Results and progress go to standard output, warnings and errors to standard
    error. On a terminal the running tasks are shown with what they wait for;
    NO_COLOR and TERM=dumb are obeyed. Under systemd all goes to the journal alone.
    With '--output json' standard output has one object a line, errors included,
    with 'time', 'run', 'event', 'task' and what belongs to the event: run-started,
    task-started, waiting, path, object, warning, error, output, task-finished,
    run-finished.

    """

private let runHelp = """
    Brings the node to the state that the task file describes: runs every task of
    its role as soon as the tasks that it runs after have succeeded. What is as
    described already is left alone.

    Usage: nest-bootstrap run [FLAG]...

    Flags:
      --task NAME          run only this task; may stand several times. What it
                           runs after must have succeeded on this boot
      --with-dependencies  run what the named tasks run after first, as far as it
                           has not succeeded on this boot
      --dry-run            tell what would be created and changed, write nothing
      --only-directories   make the directories that the tasks write to, nothing
                           else; a unit calls it before its task

    """

private let runEnd = """

    Exit codes:
      0         every task succeeded
      1         a task failed
      64        wrong usage
      75        a task that a named one runs after has not succeeded yet
      78        the task file is wrong
      130, 143  interrupted, terminated

    Examples:
      nest-bootstrap run --dry-run --output json
      nest-bootstrap run --task calico-ip-pool --with-dependencies

    Files:
      /run/nest-bootstrap/tasks/NAME.json  what each task came to on this boot
      /var/lib/nest-bootstrap/cache        manifests that were fetched, by digest

    """

private let statusHelp = """
    Tells what every task of this node, or each one named, came to on this boot.

    Usage: nest-bootstrap status [NAME]... [FLAG]...

    Flags:

    """

private let statusEnd = """

    The state is what the task came to: changed, unchanged, failed, skipped or
    interrupted; 'running' while a process runs it, 'not yet' before it ended once,
    'waiting' where its service waits for another task, 'unknown' where you may not
    read it. Under systemd, unless with '--root', UNIT is what its service is at.

    Exit codes:
      0   every task succeeded
      1   a task failed
      3   none failed, but some have not succeeded yet
      64  wrong usage
      78  the task file is wrong

    Examples:
      nest-bootstrap status
      nest-bootstrap status calico-crds --output json

    Files:
      /run/nest-bootstrap/tasks/NAME.json  what each task came to on this boot

    """

private let checkHelp = """
    Looks for every mistake that can be seen without an API server: in the task file
    and its drop-ins, and in the manifests, paths and certificates that they name.

    Usage: nest-bootstrap check [FLAG]...

    Flags:

    """

private let checkEnd = """

    Every mistake is one line on standard error: FILE:LINE:COLUMN: what is wrong.

    Exit codes:
      0   nothing found
      64  wrong usage
      65  a manifest, a path or a certificate is wrong
      78  the task file is wrong

    Examples:
      nest-bootstrap check
      nest-bootstrap check --config ./bootstrap.yaml --role worker

    Files:
      /etc/nest-bootstrap/bootstrap.yaml      the task file
      /etc/nest-bootstrap/bootstrap.d/*.yaml  drop-ins, in the order of their names

    """

private let graphHelp = """
    Draws the plan of this node: its tasks, and what each runs after.

    Usage: nest-bootstrap graph [FLAG]...

    Flags:
      --format text|dot|mermaid
                           lines, or the language of Graphviz or of Mermaid
                           (default: text); with '--output json' one JSON object
                           with the tasks instead of a picture

    """

private let graphEnd = """

    Exit codes:
      0   drawn
      64  wrong usage
      78  the task file is wrong

    Examples:
      nest-bootstrap graph --role worker
      nest-bootstrap graph --format dot | dot -Tsvg > plan.svg

    Files:
      /etc/nest-bootstrap/bootstrap.yaml      the task file
      /etc/nest-bootstrap/bootstrap.d/*.yaml  drop-ins, in the order of their names

    """

private let unitsHelp = """
    Writes the plan of this node as systemd units: k8s-bootstrap-NAME.service for
    every task, wanted by k8s-bootstrap.target. What all share is not written but
    installed: the target and k8s-bootstrap-.service.d/10-nest-bootstrap.conf.

    Usage: nest-bootstrap units DIR [FLAG]...
           nest-bootstrap units NORMAL EARLY LATE
           nest-bootstrap-generator NORMAL EARLY LATE

    As a systemd generator, by its three directories, it writes into the first,
    prints nothing, and does nothing where there is no task file. Of a wrong task
    file it makes a target that fails and says why, and every other unit starts.

    Flags:

    """

private let unitsEnd = """

    Exit codes:
      0   written
      1   a file could not be written
      64  wrong usage
      78  the task file is wrong

    Examples:
      nest-bootstrap units /run/systemd/system
      nest-bootstrap units ./units --config ./bootstrap.yaml --role worker

    Files:
      /usr/lib/systemd/system-generators/nest-bootstrap-generator
                                              this program, as systemd calls it

    """
