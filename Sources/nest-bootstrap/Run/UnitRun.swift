import Actions
import Base
import Glibc
import Host
import Planning
import Reporting
import State

/// A run of named tasks in units that systemd starts for it, one after the other.
///
/// Such a unit has the user, sandbox and environment of the task's own unit, and the output of this process. The task's
/// own unit is not restarted, because that would restart the tasks that depend on it.
struct UnitRun {
    let configuration: Configuration
    let command: RunCommand
    /// The tasks, in the order in which they run.
    let tasks: [PlannedTask]
    let records: RecordStore
    let output: ConsoleOutput
    let outputEnvironment: OutputEnvironment
    let catchSignals: SignalCatcher

    /// The place in which a run performs its tasks.
    enum Place: Equatable {
        case units
        /// The process itself; the reason is `nil` if the user has asked for it, or no units apply.
        case process(because: String?)
    }

    /// The directory of units that last until the next boot.
    private static let directory = "/run/systemd/system"

    /// Determines where a run performs its tasks.
    static func place(of command: RunCommand, _ options: Options) -> Place {
        guard command.acts, !command.runsHere, !command.tasks.isEmpty, options.areOfUnits
        else { return .process(because: nil) }
        guard Systemd.isRunning else { return .process(because: "systemd does not run here") }
        guard Systemd.hasSystemBus else { return .process(because: "there is no system bus") }
        guard hasSharedSettings else { return .process(because: "the units of the package are not installed") }
        return .units
    }

    /// Whether systemd has the drop-in with the sandbox that all units of tasks share.
    private static var hasSharedSettings: Bool {
        ["/etc/systemd/system", directory, "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"]
            .contains { (try? FileSystem.exists("\($0)/k8s-bootstrap-.service.d/10-nest-bootstrap.conf")) == true }
    }

    /// Runs the tasks, and returns the exit code.
    ///
    /// - Throws: ``Base/SystemError`` if the outputs cannot be passed on, or a unit cannot be written.
    func run() async throws -> ExitCode {
        let signals = try catchSignals()
        await removeAbandonedUnits()
        let path = Self.outputPath(ofProcess: getpid())
        let results = try OutputRelay(of: 1, through: "\(path).out")
        let diagnostics = StandardStreams.areSame(1, 2) ? results : try OutputRelay(of: 2, through: "\(path).err")
        let relays = results === diagnostics ? [results] : [results, diagnostics]
        let (ended, signal) = await interruptible(by: signals) {
            await withTaskGroup(of: SystemError?.self) { group in
                for relay in relays { group.addTask { await relay.copy() } }
                // In the journal, the unit's entries have fields, which lines from this process would not have.
                let ended = await runAll(output.journal == nil ? (results.path, diagnostics.path) : nil)
                for relay in relays { relay.close() }
                var failures: [SystemError] = []
                for await failure in group { if let failure { failures.append(failure) } }
                return (codes: ended.codes, lines: ended.lines, failures: failures)
            }
        }
        for failure in ended.failures { output.report(failure, as: configuration.options.output) }
        // The lines of the units have been copied by now.
        if !configuration.options.output.isForPrograms { output.write(ended.lines.map { "\($0)\n" }.joined()) }
        let code = ended.codes.first { $0 != .success }
        if let signal, code != nil || ended.codes.count < tasks.count {
            return signal == SIGINT ? .interrupted : .terminated
        }
        return code ?? (ended.failures.isEmpty ? .success : .failure)
    }

    private var failedUnits: FailedUnits { FailedUnits(plan: configuration.plan, records: records) }

    /// Runs the tasks, and returns the exit code of each that has started, and what happened to the tasks' own units.
    private func runAll(_ outputs: (String, String)?) async -> (codes: [ExitCode], lines: [String]) {
        var codes: [ExitCode] = []
        var lines: [String] = []
        for task in tasks {
            if Task.isCancelled { break }
            do {
                let code = try await run(task, outputs)
                if code == .success, let line = try await failedUnits.start(of: task) { lines.append(line) }
                codes.append(code)
            } catch {
                output.report(error, as: configuration.options.output)
                codes.append(.failure)
            }
        }
        return (codes, lines)
    }

    /// Runs a task in a unit, and waits until the unit has ended.
    private func run(_ task: PlannedTask, _ outputs: (String, String)?) async throws -> ExitCode {
        let name = byHandUnitName(ofTask: task.name, process: getpid())
        let dropIns = try await Systemd.dropIns(of: task.unitName).filter { path in
            path.pathParts.dropLast().last == "\(task.unitName).d" && path.pathParts.last != "50-privileges.conf"
        }
        let files = configuration.plan.units(
            ofTask: task.name,
            call,
            byHand: RunByHand(unitName: name, flags: flags, outputs: outputs, dropIns: dropIns),
        )
        defer { Self.removeFiles(of: name) }
        if let process = records.runner(of: task.name), !configuration.options.output.isForPrograms {
            output.write("\(task.name): waiting: process \(process) runs this task\n")
        }
        try files.write(in: Self.directory)
        let status = try await Systemd.runToEnd(name)
        guard let status, status < Self.firstSetupStatus else {
            if Task.isCancelled { return .failure }
            throw Self.failure(of: task, status, name)
        }
        return ExitCode(rawValue: status) ?? .failure
    }

    private static func removeFiles(of unit: String) {
        _ = try? FileSystem.removeTree("\(directory)/\(unit).d")
        _ = try? FileSystem.remove("\(directory)/\(unit)")
    }

    /// The path, without its extension, of the files with the output of a process's units.
    private static func outputPath(ofProcess process: Int32) -> String {
        "\(directory)/k8s-bootstrap-by-hand-\(process)"
    }

    /// Stops the units of earlier runs whose processes were killed, and removes their files.
    ///
    /// A unit that is still running its task is left alone.
    private func removeAbandonedUnits() async {
        let names = (try? await Systemd.units(matching: ["k8s-bootstrap-by-hand@*"])) ?? []
        let services = (try? await Systemd.services(names)) ?? [:]
        for name in names where services[name]?.hasJob == false {
            // This process has started no unit yet.
            guard let process = processOfByHandUnit(name),
                process == getpid()
                    || (try? FileSystem.status("/proc/\(process)/exe"))??.target != Installation.program
            else { continue }
            try? await Systemd.stop(matching: [name], until: .now + .seconds(30))
            Self.removeFiles(of: name)
        }
        for name in (try? FileSystem.list(Self.directory)) ?? [] {
            let parts = name.split(separator: ".")
            guard parts.count == 2, ["out", "err"].contains(parts[1]),
                let process = Int32(parts[0].trimmingPrefix("k8s-bootstrap-by-hand-")),
                process == getpid() || (try? FileSystem.exists("/proc/\(process)")) == false
            else { continue }
            _ = try? FileSystem.remove("\(Self.directory)/\(name)")
        }
    }

    /// The invocation of the program by the unit.
    private var call: ProgramInvocation {
        var call = ProgramInvocation(
            program: Installation.program,
            taskFiles: Configuration.taskFiles(configuration.options)
        )
        // Units do not inherit the environment variable with the roles.
        if configuration.options.environment["NEST_ROLE"]?.isEmpty == false {
            call.flags = ["--role", configuration.declarations.roles.joined(separator: ",")]
        }
        return call
    }

    /// The first exit status with which systemd reports that it could not start the program; see systemd.exec(5).
    private static let firstSetupStatus: Int32 = 200

    /// Creates the problem of a unit that has ended without the program saying why.
    private static func failure(of task: PlannedTask, _ status: Int32?, _ unit: String) -> Problem {
        let cause =
            status.map { "systemd could not start its program (status \($0))" } ?? "its unit was stopped or failed"
        return Problem(
            "task '\(task.name)' did not run to its end: \(cause)",
            hint: "see 'journalctl -u \(unit)', or run the task outside of its sandbox with '--here'"
        )
    }

    /// The flags of the commands in the unit.
    private var flags: [String] {
        let environment = configuration.options.environment
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C"
        var variables = [("TERM", environment["TERM"] ?? ""), ("LC_ALL", locale)]
        if outputEnvironment.refusesColours { variables.append(("NO_COLOR", "1")) }
        let pairs = variables.filter { !$0.1.utf8.contains(UInt8(ascii: ",")) }.map { "\($0)=\($1)" }
        return ["--by-hand", pairs.joined(separator: ","), "--output", configuration.options.output.rawValue]
    }
}
