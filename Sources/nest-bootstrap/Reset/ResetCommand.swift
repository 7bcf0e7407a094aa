import Base
import Glibc
import Host
import Planning
import Reporting

struct ResetCommand: Command {
    static let name = "reset"

    static let help = CommandHelp(
        summary: "undo what the tasks have made on this node",
        description:
            "Undoes what the tasks of this node have made, on any boot: stops the units of the tasks, runs the "
            + "commands of their key 'reset', and deletes the files, links and empty directories that they have made, "
            + "also those of tasks that are no longer in the task file. Objects of the cluster stay.",
        details: [
            "What somebody has changed since is not deleted, and is listed with the reason. Nor is what a task has "
                + "made whose commands failed. Another 'reset' then goes on.",
            "The next boot runs the tasks again, unless the package or the task file is removed first.",
        ],
        exitCodes: [
            Row("0", "everything is undone, except for directories that have other content"),
            Row("1", "something may be left: a path, or what a command undoes that failed or was not run"),
            .usageError, Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["reset --dry-run", "reset --yes", "reset --yes --output json"],
    )

    static let flags: [Flag<Self>] = [
        Flag("--yes", "delete; without it only '--dry-run' is possible", \.isConfirmed),
        Flag(
            "--run-commands",
            "run reset commands also with '--root': they run on this machine, with DIR in NEST_ROOT",
            \.runsCommandsWithRoot
        ),
        Flag("--dry-run", "show what would be deleted, delete nothing", \.isDryRun),
        .config, .role, .hostName, .root, .output,
    ]

    var isDryRun = false
    var isConfirmed = false
    var runsCommandsWithRoot = false

    var acts: Bool { !isDryRun }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names)
        guard !runsCommandsWithRoot || options.root != nil else {
            throw UsageError("'--run-commands' requires '--root DIR'")
        }
        guard isDryRun || isConfirmed else {
            throw UsageError("'reset' deletes files: pass '--yes', or '--dry-run' to see which")
        }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await NodeReset(options: options, command: self, program: program).run()
    }
}

/// A complete reset: stops the units, takes the locks, performs a ``ResetRun`` and deletes the agent's own files.
struct NodeReset {
    let options: Options
    let command: ResetCommand
    let program: Program

    var output: ConsoleOutput { program.output }

    private static let units = ["k8s-bootstrap.target", "k8s-bootstrap-*"]

    /// The maximum time for all units to stop.
    private static let stopLimit = Duration.seconds(90)

    /// Undoes everything, or lists it in a dry run, and returns a failure if something may be left.
    func run() async throws -> ExitCode {
        guard options.root != nil || Machine.isRoot else {
            throw Problem("permission denied", hint: "run as root, or with '--root DIR'")
        }
        let plan = try ResetPlan(options) { if isText { output.report(warnings: [$0]) } }
        var preview = ResetRun(plan, of: self, isDryRun: true)
        var planned = await preview.perform()
        planned.isDryRun = command.isDryRun
        planned.units = hasUnits ? try await Systemd.units(matching: Self.units) : []
        let keepsLists = planned.paths.contains { $0.reason != nil }
        planned.state = try state(plan).filter { path in
            (try? FileSystem.exists(path)) == true && !(keepsLists && path == plan.store.path)
        }
        if command.isDryRun || planned.isEmpty {
            show(planned)
            return planned.isComplete ? .success : .failure
        }
        if hasUnits {
            try plan.requireNoRunByHand()
            try await Systemd.stop(matching: Self.units, until: .now + Self.stopLimit)
        }
        return try await perform(planned)
    }

    var isText: Bool { !options.output.isForPrograms }

    /// Whether systemd on this machine manages the units of the tasks.
    private var hasUnits: Bool { options.root == nil && Systemd.isRunning }

    /// Whether commands are run; with a root, they could change this machine instead of the files below the root.
    var runsCommands: Bool { options.root == nil || command.runsCommandsWithRoot }

    /// The quoted command line that continues the reset, for hints.
    var call: String {
        options.quotedCall(["reset", "--yes"] + (command.runsCommandsWithRoot ? ["--run-commands"] : []))
    }

    /// Returns the paths of the records, the cache, the metrics and the lists of products.
    private func state(_ plan: ResetPlan) throws(SystemError) -> [String] {
        let paths = ["/var/lib/nest-bootstrap", "\(metricsDirectory)/\(MetricsWriter.name)"]
        let own = try paths.map { path throws(SystemError) in try Configuration.location(of: path, options) }
        return [plan.records.path] + own + [plan.store.path]
    }

    private func show(_ report: ResetReport) {
        guard isText else { return output.writeObjects(report.json) }
        output.write(report.plannedLines.map { "\($0)\n" }.joined())
        output.report(report.problems, .programFailed)
        if report.isEmpty, report.problems.isEmpty { output.write("nothing to reset\n") }
    }

    /// Undoes everything; the units must have stopped.
    private func perform(_ planned: ResetReport) async throws -> ExitCode {
        let (plan, locks) = try ResetPlan.locked(options)
        defer { withExtendedLifetime(locks) {} }
        let run = ResetRun(plan, of: self, isDryRun: false)
        // Until now nothing was deleted, so a signal could end the program at once.
        var (report, signal) = await interruptible(by: try program.catchSignals()) {
            var run = run
            return await run.perform()
        }
        report.units = planned.units
        if signal == nil {
            do throws(SystemError) {
                try plan.records.remove(locks.keys.sorted())
                for path in try state(plan) where path != plan.records.path && path != plan.store.path {
                    let isDirectory = try FileSystem.status(path)?.kind == .directory
                    if isDirectory { try FileSystem.removeTree(path) } else { try FileSystem.remove(path) }
                }
                try plan.store.removeIfEmpty()
            } catch {
                report.problems.append(Problem("\(error)", hint: error.advice))
                if isText { output.report(report.problems.suffix(1), .programFailed) }
            }
            report.state = planned.state.filter { (try? FileSystem.exists($0)) == false }
        }
        if isText { output.write("\(report.summary)\n") } else { output.writeObjects(report.json) }
        if let signal {
            if isText { output.report(Problem("interrupted", hint: "run \(call) again")) }
            return signal == SIGINT ? .interrupted : .terminated
        }
        return report.isComplete ? .success : .failure
    }
}
