import Base
import Host
import Planning
import Reporting

struct LogsCommand: TaskCommand {
    static let name = "logs"

    static let help = CommandHelp(
        summary: "show the journal's entries about tasks",
        usage: ["nest-bootstrap logs [NAME]... [FLAG]..."],
        details: [
            "It shows what tasks waited for and did, and what their programs printed; without NAME all entries of this "
                + "program. It calls journalctl, whose pager, keys and permissions apply: users of the groups adm and "
                + "systemd-journal see every entry. A task that is no longer in the task file can be named too. "
                + "'journalctl NEST_TASK=NAME' takes further flags, such as '--since'."
        ],
        exitCodes: [
            Row("0", "shown, also if there is no entry"), Row("1", "there is no journal, or it cannot be read"),
            .usageError,
        ],
        examples: ["logs calico-crds", "logs --follow", "logs calico-node --boot -1 --output json"],
    )

    static let flags: [Flag<Self>] = [
        Flag("--follow", short: "-f", "wait for further entries, and show them as they come", \.isFollowing),
        Flag(
            "--boot",
            short: "-b",
            "BOOT",
            "only entries of BOOT, as journalctl reads it: -1 is the boot before this one, all is every boot (default: "
                + "this boot)",
            \.boot
        ),
        .output, .config, .role, .hostName,
    ]

    var names: [String] = []
    var isFollowing = false
    var boot: String?

    /// Replaces this process with journalctl, and throws an error if that fails.
    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let output = program.output
        output.report(warnings: unknownNames(options))
        output.flush(idleLimit: .seconds(10))
        var environment = options.environment
        // These are journalctl's defaults without `S`, with which `less` would cut off long lines.
        if environment["SYSTEMD_LESS"] == nil { environment["SYSTEMD_LESS"] = "FRXMK" }
        // If the user of confined processes does not exist, root is the only trusted sender.
        let user = try? await FileSystem.lookupAccount(unitUser)
        let arguments = arguments(options, users: [0] + (user.map { [Int($0)] } ?? []))
        let command = Host.Command("journalctl", arguments, environment: environment)
        do throws(SystemError) {
            try command.replaceProcess()
        } catch {
            throw Problem("\(error)", hint: error.advice ?? "install systemd, which provides it")
        }
    }

    /// Returns arguments for journalctl that select only entries from trusted senders, which include `users`.
    ///
    /// Any user can send entries with the fields of the program. The journal itself adds fields that begin with an
    /// underscore: https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html.
    func arguments(_ options: Options, users: [Int]) -> [String] {
        let format = options.output.isForPrograms ? "json" : "short"
        var arguments = ["--no-hostname", "--output=\(format)", "--boot=\(boot ?? "0")"]
        if isFollowing { arguments.append("--follow") }
        func sent(_ field: String) -> [[String]] { users.map { [field, "_UID=\($0)"] } }
        var matches: [[String]] = []
        if names.isEmpty {
            // The generator may write to the kernel log before the journal runs. Only root may write to the kernel log.
            let identifier = "SYSLOG_IDENTIFIER=nest-bootstrap"
            matches = sent(identifier) + [[identifier, "_TRANSPORT=kernel"]]
        }
        // The entries from the program, from the units of the task, and from systemd about these units.
        for name in names {
            matches += sent("NEST_TASK=\(name)")
            for unit in [unitName(ofTask: name), repetitionUnitName(ofTask: name)] {
                matches += [["_SYSTEMD_UNIT=\(unit)"], ["UNIT=\(unit)", "_PID=1"]]
            }
        }
        // journalctl combines matches of different fields with AND, and groups separated by '+' with OR.
        return arguments + Array(matches.joined(separator: ["+"]))
    }

    /// Returns warnings about names that are not tasks of this node, unless the task file is invalid.
    ///
    /// They are not errors, because the journal can contain entries about a task that is no longer in the file.
    private func unknownNames(_ options: Options) -> [Problem] {
        guard !names.isEmpty, let configuration = try? Configuration(options) else { return [] }
        let known = configuration.plan.steps.map(\.task.name)
        return names.filter { !known.contains($0) }.map { name in
            let near = nameMeant(by: name, in: known)
            return Problem("this node has no task '\(name)'", hint: near.map { "did you mean '\($0)'?" })
        }
    }
}
