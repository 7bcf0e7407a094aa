import Actions
import Base
import Glibc
import Host
import Planning
import Reporting

struct UpCommand: TaskCommand {
    static let name = "up"

    static let help = CommandHelp(
        summary: "after an edit: check, reload the units, start what has changed, and watch it",
        description: "Brings this node to its task file after an edit: checks the file, makes systemd read the units "
            + "again, starts the tasks that have changed or have not succeeded, and shows them until they have ended.",
        usage: ["nest-bootstrap up [NAME]... [FLAG]..."],
        details: [
            "With a mistake in the task file, or in what the file names, nothing is touched.",
            "A task runs again if its declaration has changed, or the content of a file that it reads, since its last "
                + "success on this boot; then the tasks that run after it do so too. Files that other tasks write do not "
                + "count, nor do the description and the timeout.",
            "The work is done by systemd, so it continues if this command is interrupted: 'nest-bootstrap status --watch' "
                + "shows it again. With names only these tasks, and those that they depend on, are started.",
        ],
        exitCodes: [
            Row("0", "every task has succeeded; with '--no-wait', is being started"),
            Row("1", "a task has failed and a person has to correct the cause, or the units could not be started"),
            .usageError,
            Row("75", "a task has failed, and a retry may succeed"),
            Row("78", "the task file, or what it names, is wrong; nothing was touched"),
            Row("130, 143", "interrupted, terminated; the tasks continue"),
        ],
        examples: ["up", "up calico-crds", "up --no-wait", "up --dry-run"],
    )

    static let flags: [Flag<Self>] = [
        Flag("--no-wait", nil, "do not wait for the tasks to end") { command, _, _ in command.isWaiting = false },
        Flag("--dry-run", "only show which tasks would be started, and why", \.isDryRun),
        .output,
    ]

    var names: [String] = []
    var isWaiting = true
    var isDryRun = false

    var acts: Bool { !isDryRun }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let output = program.output
        try requireSystemd()
        guard let configuration = try await checked(options, output) else { return .configuration }
        if !names.isEmpty { _ = try configuration.plan.selecting(names) }
        if !isDryRun { try await Systemd.reload() }
        let services = try await Systemd.services(configuration.plan.steps.map(\.task.unitName))
        let plan = try UpPlan(configuration, try configuration.records(), services, only: names)
        show(plan, of: configuration, output)
        guard !isDryRun else { return .success }
        let start = BootClock.now().sinceBoot
        do throws(SystemError) {
            try await Systemd.queue(plan.jobs)
        } catch {
            let hint = error.advice ?? "see 'systemctl status \(targetName)'"
            throw Problem("systemd did not start every task", hint: hint, cause: error)
        }
        return isWaiting ? try await follow(plan, since: start, configuration, program) : .success
    }

    private func requireSystemd() throws(Problem) {
        guard Systemd.isRunning else {
            let message = "systemd does not run here, so there are no units to start"
            throw Problem(message, hint: "run 'nest-bootstrap run', which needs no units")
        }
        // Only root can read the inputs in the records of tasks.
        guard Machine.isRoot else {
            throw Problem("cannot compare and start tasks: permission denied", hint: "run as root")
        }
    }

    /// Checks the task files and what they name; returns the configuration, or `nil` after printing problems.
    private func checked(_ options: Options, _ output: ConsoleOutput) async throws -> Configuration? {
        var configuration: Configuration?
        var problems: [Problem]
        var warnings: [Problem] = []
        do {
            let check = try PlanCheck(options)
            configuration = check.configurationWithoutAddress
            let findings = try await check.findings()
            (problems, warnings) = (findings.problems, findings.warnings)
        } catch let error as Problems {
            problems = error.all
        }
        output.report(warnings: warnings)
        guard problems.isEmpty else {
            output.report(Problems(problems), as: options.output, .taskFileWrong)
            let message = "nothing was touched, and the tasks stay as they are"
            let hint = "correct this, then run 'nest-bootstrap up' again"
            output.report(Problem(message, hint: hint), as: options.output)
            return nil
        }
        return configuration
    }

    private func show(_ plan: UpPlan, of configuration: Configuration, _ output: ConsoleOutput) {
        if configuration.options.output.isForPrograms {
            return output.writeObjects(plan.json)
        }
        var lines = plan.starts.map(\.line)
        if lines.isEmpty {
            let count = names.isEmpty ? configuration.plan.steps.count : names.count
            lines = ["\(count) task\(count == 1 ? "" : "s"): nothing has changed since the last success"]
        }
        output.write(lines.map { printable($0) + "\n" }.joined())
    }

    /// Shows the started tasks until systemd has nothing left to do for them, and then the result.
    private func follow(
        _ plan: UpPlan,
        since start: Duration,
        _ configuration: Configuration,
        _ program: Program
    ) async throws -> ExitCode {
        let output = program.output
        guard !plan.starts.isEmpty else {
            if configuration.options.output.isForPrograms { output.writeObjects(UpResult().json) }
            return .success
        }
        let watch = StatusWatch(
            configuration: configuration,
            names: plan.starts.map(\.task),
            program: program,
            start: start
        )
        let isOfAll = names.isEmpty
        let (findings, signal) = try await watch.follow { findings in
            var findings = findings
            // The target also waits for tasks that are not named.
            if !isOfAll { findings.isTargetPending = false }
            return findings.isSettled
        }
        if signal != nil {
            if !configuration.options.output.isForPrograms {
                output.write("the tasks continue; 'nest-bootstrap status --watch' shows them\n")
            }
            return signal == SIGINT ? .interrupted : .terminated
        }
        guard let findings else { return .incomplete }
        let result = UpResult(of: plan, findings, since: start, configuration.plan)
        if configuration.options.output.isForPrograms {
            output.writeObjects(result.json)
        } else {
            output.write(result.lines.map { printable($0) + "\n" }.joined())
        }
        return result.exitCode
    }
}

extension UpPlan {
    fileprivate var json: String {
        let starts = starts.map { start in
            let reason = start.reason
            return Node.known([
                ("task", .string(start.task)), ("reason", .string(reason.name)), ("message", .string(reason.words)),
                ("file", .text(reason.file)), ("after", .text(reason.dependency)),
            ])
        }
        return Node.output([("starts", .sequence(starts))])
    }
}
