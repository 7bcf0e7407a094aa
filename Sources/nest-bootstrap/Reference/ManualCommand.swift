import Reporting

struct ManualCommand: Command {
    static let name = "manual"

    static let help = CommandHelp(
        summary: "print the source of the manual page; the build of the package calls it",
        usage: ["nest-bootstrap manual DATE"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: ["manual 'November 20, 2026'"],
    )

    static let flags: [Flag<Self>] = []

    static let isShown = false

    var date = ""

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard names.count == 1 else { throw UsageError("'manual' takes a date") }
        date = names[0]
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        program.output.write(manualPage(date: date))
        return .success
    }
}

/// Returns the source of nest-bootstrap(8), generated from the help of the commands.
///
/// mdoc(7) describes the macros: https://mandoc.bsd.lv/man/mdoc.7.html
func manualPage(date: String) -> String {
    var lines = [
        ".Dd \(date)", ".Dt NEST-BOOTSTRAP 8", ".Os",
        ".Sh NAME", ".Nm nest-bootstrap", ".Nd prepare this Kubernetes node",
        ".Sh SYNOPSIS", ".Nm", ".Ar COMMAND", ".Op Ar FLAG ...",
        ".Sh DESCRIPTION",
        "nest-bootstrap brings a Kubernetes node to the state that one task file",
        "describes: kubeconfigs, CNI files, RBAC, custom resources, DaemonSets.",
        "It runs the tasks in the order of their dependencies, waits for the API server,",
        "and applies manifests with server-side apply.",
        ".Pp",
        "At boot systemd runs each task as a unit, see nest-bootstrap.systemd(7).",
        "Command 'explain' describes the keys of the task file.",
        ".Sh COMMANDS",
    ]
    for command in shownCommands {
        let help = helpText(command).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        lines += [".Ss \(command.name)", ".Bd -literal"] + help.map { escaped(String($0)) } + [".Ed"]
    }
    func list(_ title: String, _ items: [(term: String, text: String)]) {
        let entries = items.flatMap { [".It \($0.term)", escaped($0.text)] }
        lines += [".Sh \(title)", ".Bl -tag -width Ds"] + entries + [".El"]
    }
    list(
        "ENVIRONMENT",
        [
            ("Ev NEST_ROLE", "The role of this node, several with commas, where '--role' is not given."),
            ("Ev NO_COLOR", "If it is set and not empty, output has no colours."),
            ("Ev TERM", "If it is 'dumb', output has no colours and lines are not rewritten."),
        ]
    )
    list("FILES", Row.taskFiles.map { ("Pa \($0.term)", sentence($0.text)) })
    lines += [
        ".Sh SEE ALSO", ".Xr journalctl 1 ,", ".Xr systemctl 1 ,", ".Xr nest-bootstrap.systemd 7 ,",
        ".Xr systemd.generator 7", ".Pp", ".Pa /usr/share/doc/nest-bootstrap/README.md",
    ]
    return lines.map { $0 + "\n" }.joined()
}

/// Escapes a line for roff, where a dot or quote at the beginning marks a macro; backquotes are removed.
private func escaped(_ line: String) -> String {
    let text = line.replacing("\\", with: "\\e").replacing("`", with: "")
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&\(text)" : text
}
