import Base
import Glibc
import Host
import Planning
import Reporting
import State

/// Command `reset`: undoes what the tasks have made on this node.
struct ResetCommand {
    let options: Options
    let reset: ResetOptions
    let output: ConsoleOutput

    /// The units of this program, of any task file.
    private static let units = ["k8s-bootstrap.target", "k8s-bootstrap-*"]

    /// How long units may take to end: a task gets SIGTERM, and 30 s later SIGKILL.
    private static let stopLimit = Duration.seconds(90)

    /// Lists or undoes everything, and returns whether nothing is left.
    ///
    /// - Throws: ``Base/SystemError`` if the lists cannot be read or systemd does not answer, ``Base/Problem`` if a task is
    ///   running.
    func run() async throws -> ExitCode {
        guard reset.isDryRun || reset.isConfirmed || options.output == .text && Terminal.isTerminal(0) else {
            let message = "'reset' deletes files, and nobody can be asked: pass '--yes', or '--dry-run' to see which"
            output.report(UsageError(message, command: .reset), as: options.output)
            return .usage
        }
        guard options.root != nil || Machine.isRoot else {
            throw Problem("what the tasks have made belongs to root", hint: "run as root, or with '--root DIR'")
        }
        let store = try Configuration.products(options)
        let (lists, faults) = try store.lists()
        let configuration = lists.isEmpty ? nil : readConfiguration()
        let plan = ResetPlan(lists, configuration?.plan, store)
        let units = hasUnits ? try await Systemd.units(matching: Self.units) : []
        var report = plan.report(isDryRun: reset.isDryRun)
        report.units = units
        report.problems = faults.map { Problem("\($0)", hint: $0.advice) }
        if reset.isDryRun || !reset.isConfirmed { show(report) }
        if reset.isDryRun { return report.isComplete ? .success : .failure }
        guard try !lists.isEmpty || !faults.isEmpty || !units.isEmpty || hasState(store) else { return finish(report) }
        guard try await isConfirmed(report) else {
            output.write("nothing was changed\n")
            return .failure
        }
        return try await perform(plan, units, report.problems)
    }

    /// Whether the units of the tasks are those of this machine's systemd.
    private var hasUnits: Bool { options.root == nil && Systemd.isRunning }

    /// The task file, `nil` if it cannot be used, which is a warning.
    private func readConfiguration() -> Configuration? {
        do throws(Problems) {
            return try Configuration(options)
        } catch {
            let problem = Problem(
                "the task file cannot be used (\(error.all.first.map(\.description) ?? "")), so the lines of 'reset' are "
                    + "those of the last runs"
            )
            if options.output == .text { output.report(warnings: [problem]) }
            return nil
        }
    }

    // MARK: Before

    private func show(_ report: ResetReport) {
        guard options.output == .text else { return output.writeData(report.json + "\n") }
        output.write(report.plannedLines.map { "\($0)\n" }.joined())
        output.report(report.problems, .programFailed)
        if report.plannedLines.isEmpty, report.isComplete { output.write("nothing to reset\n") }
    }

    private func isConfirmed(_ report: ResetReport) async throws -> Bool {
        if reset.isConfirmed { return true }
        output.write(report.question)
        output.flush(idleLimit: .seconds(60))
        return ["y", "yes"].contains(await Terminal.answer()?.lowercased())
    }

    // MARK: The work

    private func perform(_ plan: ResetPlan, _ units: [String], _ problems: [Problem]) async throws -> ExitCode {
        let isText = options.output == .text
        if isText, reset.isConfirmed { output.report(problems, .programFailed) }
        if hasUnits { try await Systemd.stop(matching: Self.units, until: .now + Self.stopLimit) }
        let locks = try lockAll(plan.items.map(\.list.task))
        defer { withExtendedLifetime(locks) {} }
        let run = ResetRun(
            plan: plan,
            environment: Machine.environment().filter { $0.key != "NOTIFY_SOCKET" },
            write: { [output] line in if isText { output.write("\(printable(line))\n") } },
            warn: { [output] problem in if isText { output.report(problem) } }
        )
        // Until here a signal ends the program at once, and nothing is deleted yet.
        let signals = try Signals.interruptions()
        var (report, signal) = await interruptible(by: signals) { await run.perform(units) }
        report.problems += problems
        if let signal {
            _ = finish(report)
            return signal == SIGINT ? .interrupted : .terminated
        }
        do throws(SystemError) {
            try removeState(plan.store)
        } catch {
            let problem = Problem("\(error)", hint: error.advice)
            report.problems.append(problem)
            if isText { output.report(problem) }
        }
        return finish(report)
    }

    private func finish(_ report: ResetReport) -> ExitCode {
        let code: ExitCode = report.isComplete ? .success : .failure
        guard !reset.isDryRun else { return code }
        if options.output == .json {
            output.writeData(report.json + "\n")
        } else if report.paths.isEmpty, report.units.isEmpty, report.lines.isEmpty {
            output.write("nothing to reset\n")
        } else {
            output.write("\(report.summary)\n")
            if options.root == nil, !Configuration.isAbsent(options) {
                output.write(
                    "note: the next boot runs the tasks again, unless the package or the task file is removed\n"
                )
            }
        }
        return code
    }

    /// Keeps other processes from running the tasks meanwhile.
    private func lockAll(_ tasks: [String]) throws -> [HeldLock] {
        let records = RecordStore(path: try Configuration.statePath(options), boot: nil)
        let known = (try? FileSystem.list("\(records.path)/tasks")) ?? []
        return try Set(tasks + known).sorted().map { task in
            guard let lock = try records.lock(task) else {
                let process = records.runner(of: task).map { "process \($0)" } ?? "another process"
                throw Problem("task '\(task)' is being run by \(process)", hint: "wait until it has ended, or stop it")
            }
            return HeldLock(lock)
        }
    }

    // MARK: State

    /// The directories of records and cache.
    private var stateDirectories: [String] {
        get throws(SystemError) {
            let paths = ["/run/nest-bootstrap", "/var/lib/nest-bootstrap"]
            return try paths.map { path throws(SystemError) in try Configuration.location(of: path, options) }
        }
    }

    private func hasState(_ store: ProductStore) throws -> Bool {
        try (stateDirectories + [store.path]).contains { try FileSystem.exists($0) }
    }

    /// Removes records, cache and metrics, and the directory of the lists if nothing stays.
    private func removeState(_ store: ProductStore) throws(SystemError) {
        let metrics = "\(try Configuration.location(of: metricsDirectory, options))/\(MetricsWriter.name)"
        try FileSystem.remove(metrics)
        for path in try stateDirectories where try FileSystem.exists(path) { try FileSystem.removeTree(path) }
        try store.removeIfEmpty()
    }
}
