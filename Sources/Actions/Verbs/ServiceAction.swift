import Base
import Host
import Planning

/// Verb `service`: enables, disables, starts, restarts, reloads or stops a systemd unit.
struct ServiceAction: Action {
    let context: ActionContext
    let declaration: ServiceDeclaration

    /// Brings the unit into the declared state, and returns whether anything changed.
    ///
    /// With a root directory, nothing is changed, because the running systemd belongs to this machine.
    func run() async throws -> Bool {
        let unit = declaration.unit
        guard context.run.files.root.isEmpty else {
            context.emit(.warning(subject: unit, "left alone, because '--root' is for another machine"))
            return false
        }
        guard Systemd.isReachable else {
            throw Problem(
                "cannot change unit '\(unit)': systemd does not run here (process 1 is another program)",
                hint: "run the task on the machine itself, or set roles: so that this node does not have it",
            )
        }
        let state = try await currentState()
        let change = change(from: state)
        let isEnabled = declaration.isEnabled == state.isEnabled ? nil : declaration.isEnabled
        if context.run.files.isDryRun {
            if let isEnabled { context.emit(.planned("would \(isEnabled ? "enable" : "disable") unit '\(unit)'")) }
            if let change { context.emit(.planned("would \(change.rawValue) unit '\(unit)'")) }
            return isEnabled != nil || change != nil
        }
        if let isEnabled { try await setEnabled(isEnabled) }
        if let change {
            try await perform(change, from: state)
            context.emit(.change("unit '\(unit)'", change.participle))
        }
        return isEnabled != nil || change != nil
    }

    /// Whether this is a dry run in which another task may install the unit.
    private var mayAppear: Bool {
        guard context.run.files.isDryRun else { return false }
        return context.earlierProgram != nil || context.run.plan.task(writingUnit: declaration.unit) != nil
    }

    /// Reads the state of the unit.
    ///
    /// Unless the task only stops or disables the unit, a masked or missing unit is an error. In a dry run, the unit
    /// may be missing if another task may install it.
    private func currentState() async throws -> InstalledUnit {
        let unit = declaration.unit
        let state: InstalledUnit
        do throws(SystemError) {
            state = try await Systemd.installedUnit(unit)
        } catch {
            throw Problem("cannot change unit '\(unit)'", hint: error.advice, cause: error)
        }
        let isAbsent = state.unit.load == "not-found"
        let near = isAbsent ? nearestUnit : nil
        if declaration.mayBeAbsent {
            if let near {
                context.emit(.warning(subject: unit, "there is no such unit, but there is '\(near)'"))
            }
            return state
        }
        if isAbsent, !mayAppear {
            throw problem(
                "there is no unit '\(unit)'",
                near.map { "did you mean '\($0)'?" } ?? "install its package, or write its file in an earlier task"
            )
        }
        if state.unit.load == "masked" {
            throw problem("unit '\(unit)' is masked", "run 'systemctl unmask \(unit)', if it may run")
        }
        return state
    }

    /// The unit on this machine with the most similar name, excluding templates.
    private var nearestUnit: String? {
        let names = Plan.unitDirectories.flatMap { (try? FileSystem.list($0)) ?? [] }
        let suffix = declaration.unit.split(separator: ".").last ?? ""
        return nearestName(to: declaration.unit, in: names.filter { $0.hasSuffix(".\(suffix)") && !$0.contains("@.") })
    }

    private func change(from state: InstalledUnit) -> Systemd.ServiceChange? {
        switch declaration.state {
        case nil: nil
        case .started: state.unit.isActive ? nil : .start
        case .stopped: state.isUp ? .stop : nil
        case .restarted: .restart
        case .reloaded: state.unit.isActive ? .reload : .start
        }
    }

    private func setEnabled(_ isEnabled: Bool) async throws {
        let unit = declaration.unit
        let state: InstalledUnit
        do throws(SystemError) {
            state = try await Systemd.setEnabled(isEnabled, unit)
        } catch {
            throw Problem(
                "\(error)",
                hint: error.advice ?? "run 'systemctl \(isEnabled ? "enable" : "disable") \(unit)' to see it again"
            )
        }
        guard state.isEnabled == isEnabled else {
            throw problem(
                "unit '\(unit)' cannot be \(isEnabled ? "enabled" : "disabled"): systemd calls it '\(state.file)'",
                "remove 'enable', or see 'systemctl status \(unit)'"
            )
        }
        context.emit(.change("unit '\(unit)'", isEnabled ? "enabled" : "disabled"))
    }

    private func perform(_ change: Systemd.ServiceChange, from state: InstalledUnit) async throws {
        let unit = declaration.unit
        let words = "unit '\(unit)' to be \(change.participle)"
        context.emit(.waiting(Wait(.init(.condition, words), reason: "it is \(state.unit)")))
        let start = Timestamp.now()
        let failure: ServiceFailure?
        do throws(SystemError) {
            failure = try await Systemd.change(unit, change, from: ownUnits, deadline: context.deadline)
        } catch {
            try Task.checkCancellation()
            throw Problem(
                "\(error)",
                hint: error.advice ?? "see 'systemctl status \(unit)'"
            )
        }
        if let failure { throw problem(failure, change, await output(since: start)) }
    }

    /// The units of this task, and the units that wait for it: the target, and those of dependent tasks.
    private var ownUnits: [String] {
        let plan = context.run.plan
        let name = context.task.name
        let waiting = zip(plan.steps, plan.stepsRunning(after: name)).filter(\.1).map(\.0.task.unitName)
        return [context.task.unitName, repetitionUnitName(ofTask: name), targetName] + waiting
    }

    private func problem(
        _ failure: ServiceFailure,
        _ change: Systemd.ServiceChange,
        _ output: String?,
    ) -> Problem {
        let unit = declaration.unit
        let cannot = "cannot \(change.rawValue) unit '\(unit)'"
        switch failure {
        case .waitsForCaller(let first):
            return problem(
                "\(cannot): it is ordered after '\(first)', which waits for this task",
                "remove 'After=\(first)' from the unit; or remove 'state': with enable: true systemd starts it later"
            )
        case .notInTime:
            return problem(
                "\(cannot): systemd has not finished within the task's timeout of \(context.task.timeout.text)",
                "see 'systemctl status \(unit)', or write a longer 'timeout'"
            )
        case .failed(let end):
            let reason = "\(cannot): \(Self.reason(end))"
            var problem = problem(reason, "see 'journalctl -u \(unit)'")
            guard let output else { return problem }
            problem.message += "; its output: \(output)"
            // The output of a service can contain secrets.
            problem.publicMessage = reason
            return problem
        }
    }

    /// Returns the reason that systemd gives for a failed job.
    private static func reason(_ end: ServiceEnd) -> String {
        if end.job == "dependency" { return "a unit that it requires has failed" }
        if end.lacksCondition { return "a condition of the unit is not met" }
        let status = end.exitStatus.map { ", status \($0)" } ?? ""
        return "it is \(end.state)" + (end.result.isEmpty ? "" : ", with result '\(end.result)'\(status)")
    }

    /// Returns the last lines that the unit's processes wrote to the journal since a time.
    ///
    /// - Returns: `nil` if there is no line, or the journal cannot be read.
    private func output(since start: Timestamp) async -> String? {
        let arguments = [
            "--quiet", "--no-pager", "--output=cat", "--lines=3", "--since=@\(start.seconds)",
            "_SYSTEMD_UNIT=\(declaration.unit)",
        ]
        let journal = Command("journalctl", arguments, environment: context.run.processEnvironment)
        // The last lines may reach the journal shortly after systemd reports the end of the process.
        try? await Task.sleep(for: .milliseconds(300))
        let lines = LastLines()
        _ = try? await Host.run(journal, deadline: .now + .seconds(5)) { lines.keep($0) }
        return lines.text
    }

    private func problem(_ message: String, _ hint: String) -> Problem {
        Problem(message, at: declaration.location, hint: hint)
    }
}
