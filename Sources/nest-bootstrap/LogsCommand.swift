import Base
import Host
import Planning
import Reporting

/// Command `logs`: what the journal has about tasks, shown by journalctl.
struct LogsCommand {
    let options: Options
    let names: [String]
    let logs: LogsOptions

    /// Shows the entries.
    ///
    /// - Returns: A failure; otherwise journalctl replaces this process.
    /// - Throws: ``Base/Problem`` if journalctl cannot be run.
    func run(_ output: ConsoleOutput) throws(Problem) -> ExitCode {
        output.report(warnings: unknownNames)
        output.flush(idleLimit: .seconds(10))
        var environment = Machine.environment()
        // A file gets no colours.
        if options.isPlain { environment["SYSTEMD_COLORS"] = "0" }
        let command = Host.Command("journalctl", Self.arguments(names, logs, options), environment: environment)
        do throws(SystemError) {
            try command.replaceProcess()
        } catch {
            throw Problem("\(error)", hint: error.advice ?? "install systemd, which provides it")
        }
    }

    /// The arguments with which journalctl shows the entries.
    static func arguments(_ names: [String], _ logs: LogsOptions, _ options: Options) -> [String] {
        // Every entry is of this machine.
        var arguments = ["--no-hostname", options.output.isForPrograms ? "--output=json" : "--output=with-unit"]
        if options.isPlain { arguments.append("--no-pager") }
        if let since = logs.since {
            // A duration is relative to now.
            arguments.append("--since=\(parseDuration(since) == nil ? since : "-\(since)")")
        }
        if logs.isThisBoot { arguments.append("--boot") }
        if logs.isFollowing { arguments.append("--follow") }
        if let root = options.root { arguments.append("--root=\(root)") }
        guard !names.isEmpty else { return arguments + ["--identifier=nest-bootstrap"] }
        // The entries of the program, those of its units, and those of systemd about them. Other terms are alternatives.
        let matches = names.flatMap { name in
            let units = [unitName(ofTask: name), repetitionUnitName(ofTask: name)]
            return ["NEST_TASK=\(name)"] + units.flatMap { ["_SYSTEMD_UNIT=\($0)", "UNIT=\($0)"] }
        }
        return arguments + Array(matches.map { [$0] }.joined(separator: ["+"]))
    }

    /// The names that no task has, as far as the task file can be read: the journal may still have entries about them.
    private var unknownNames: [Problem] {
        guard !names.isEmpty, let configuration = try? Configuration(checking: options) else { return [] }
        let known = configuration.plan.steps.map(\.task.name)
        return names.filter { !known.contains($0) }.map { name in
            let near = nearestName(to: name, in: known)
            return Problem("this node has no task '\(name)'", hint: near.map { "did you mean '\($0)'?" })
        }
    }
}
