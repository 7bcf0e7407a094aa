import Base
import Glibc
import Host
import Planning
import Reporting
import State

/// A reset of this node: the removal of everything that the tasks of the node have created.
struct NodeReset {
    let options: Options
    let command: ResetCommand
    let output: ConsoleOutput
    let catchSignals: SignalCatcher

    /// The names and patterns of this program's units, regardless of the task file.
    private static let units = ["k8s-bootstrap.target", "k8s-bootstrap-*"]

    /// The maximum time for units to stop; systemd sends a task SIGTERM and, after 30 s, SIGKILL.
    private static let stopLimit = Duration.seconds(90)

    /// Undoes everything, or lists it in a dry run; the exit code says whether products of the tasks may remain.
    ///
    /// - Throws: ``Base/SystemError`` if the lists cannot be read or systemd does not answer, ``Base/Problem`` if a
    ///   task is running.
    func run() async throws -> ExitCode {
        guard command.isDryRun || command.isConfirmed || !options.output.isForPrograms && Terminal.isTerminal(0) else {
            let message =
                "'reset' deletes files, and standard input is not a terminal: pass '--yes', or '--dry-run' to see which"
            output.report(UsageError(message, of: ResetCommand.self), as: options.output)
            return .usage
        }
        guard options.root != nil || Machine.isRoot else {
            throw Problem("permission denied", hint: "run as root, or with '--root DIR'")
        }
        let survey = try ResetSurvey(options) { problem in
            if !options.output.isForPrograms { output.report(warnings: [problem]) }
        }
        var report = await survey.plannedReport(runsCommands: runsCommands)
        report.units = hasUnits ? try await Systemd.units(matching: Self.units) : []
        if command.isDryRun || !command.isConfirmed { show(report) }
        if command.isDryRun { return report.isComplete ? .success : .failure }
        guard !report.isEmpty || !survey.isEmpty else { return finish(report) }
        guard try await isConfirmed(report) else {
            output.write("nothing was changed\n")
            return .failure
        }
        if hasUnits { try survey.requireNoRunByHand() }
        do {
            if hasUnits { try await Systemd.stop(matching: Self.units, until: .now + Self.stopLimit) }
            return try await perform(after: report)
        } catch {
            guard !report.units.isEmpty else { throw error }
            throw Problem(
                "the units of the tasks are being stopped, and nothing was deleted",
                hint: "run \(call) again, or 'systemctl start \(Self.units[0])'",
                cause: error
            )
        }
    }

    /// Whether the systemd instance of this machine manages the units of the tasks.
    private var hasUnits: Bool { options.root == nil && Systemd.isRunning }

    /// Whether to run reset commands, which could change this machine instead of the files below another root.
    private var runsCommands: Bool { options.root == nil || command.runsCommandsWithRoot }

    /// The call that completes the reset, for use in hints.
    private var call: String {
        command.runsCommandsWithRoot ? options.quotedCall("reset", "--run-commands") : options.quotedCall("reset")
    }

    private var isText: Bool { !options.output.isForPrograms }

    // MARK: Before

    private func show(_ report: ResetReport) {
        guard isText else { return output.writeObjects(report.json) }
        output.write(report.plannedLines.map { "\($0)\n" }.joined())
        output.report(report.problems, .programFailed)
        if command.isDryRun, hasNothing(report) { output.write("nothing to reset\n") }
        if command.isDryRun { writeObjectsNote(report) }
    }

    private func isConfirmed(_ report: ResetReport) async throws -> Bool {
        if command.isConfirmed { return true }
        output.write(report.question)
        output.flush(idleLimit: .seconds(60))
        return ["y", "yes"].contains(await Terminal.answer()?.lowercased())
    }

    // MARK: The work

    /// Undoes everything after all units have stopped.
    ///
    /// Until all tasks are locked, a task may still create something that was not listed. In that case, the user is
    /// asked for confirmation again.
    private func perform(after shown: ResetReport) async throws -> ExitCode {
        let locks = ResetLocks(options)
        try locks.takeAll()
        defer { withExtendedLifetime(locks) {} }
        let survey = try ResetSurvey(options) { _ in }
        var planned = await survey.plannedReport(runsCommands: runsCommands)
        (planned.units, planned.state) = (shown.units, shown.state)
        if !command.isConfirmed, planned.plannedLines != shown.plannedLines {
            output.write("meanwhile this has changed:\n")
            show(planned)
            guard try await isConfirmed(planned) else {
                let units = shown.units.isEmpty ? "" : "; 'systemctl start \(Self.units[0])' starts the units again"
                output.write("nothing was deleted\(units)\n")
                return .failure
            }
        }
        if isText, command.isConfirmed { output.report(survey.faults, .programFailed) }
        let run = ResetRun(
            plan: survey.plan,
            isDryRun: false,
            runsCommands: runsCommands,
            call: call,
            environment: options.childEnvironment,
            write: { [output, isText] line in if isText { output.write("\(printable(line))\n") } },
            warn: { [output, isText] problem in if isText { output.report(problem) } }
        )
        // Until this point, nothing has been deleted, so a signal may end the program immediately.
        let signals = try catchSignals()
        var (report, signal) = await interruptible(by: signals) { await run.perform() }
        report.problems += survey.faults
        (report.units, report.unlisted) = (shown.units, survey.remaining(planned.unlisted))
        report.addLeftovers(survey.remaining(planned.leftovers))
        report.hasObjects = planned.hasObjects
        if let signal {
            _ = finish(report)
            if isText { output.report(Problem("interrupted", hint: "run \(call) again")) }
            return signal == SIGINT ? .interrupted : .terminated
        }
        do throws(SystemError) {
            try survey.removeState(locks.tasks)
            report.state = planned.state.filter { (try? FileSystem.exists($0)) == false }
            for task in try survey.newTasks() {
                note(Problem("task '\(task)' has run meanwhile", hint: "run \(call) again"), &report)
            }
        } catch {
            note(Problem("\(error)", hint: error.advice), &report)
        }
        return finish(report)
    }

    private func note(_ problem: Problem, _ report: inout ResetReport) {
        report.problems.append(problem)
        if isText { output.report(problem) }
    }

    private func finish(_ report: ResetReport) -> ExitCode {
        let code: ExitCode = report.isComplete ? .success : .failure
        guard isText else {
            output.writeObjects(report.json)
            return code
        }
        output.write(report.notes.map { "\($0)\n" }.joined())
        guard !report.isEmpty else {
            output.write(hasNothing(report) ? "nothing to reset\n" : "\(report.summary)\n")
            return code
        }
        output.write("\(report.summary)\n")
        if options.root == nil, !Configuration.isAbsent(options) {
            output.write("note: the next boot runs the tasks again, unless the package or the task file is removed\n")
        }
        writeObjectsNote(report)
        return code
    }

    /// Returns whether the report contains nothing to delete and nothing that may remain.
    private func hasNothing(_ report: ResetReport) -> Bool {
        report.isEmpty && report.notes.isEmpty && report.problems.isEmpty
    }

    private func writeObjectsNote(_ report: ResetReport) {
        guard report.hasObjects else { return }
        output.write("note: objects that the tasks have applied stay in the cluster\n")
    }
}
