import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting

/// Command `check`: task files, manifests, paths and certificates, without an API server.
struct CheckCommand {
    let options: Options
    let serverVersion: KubernetesVersion?

    /// Prints every problem and warning, and returns whether there was a problem.
    ///
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        var configuration: Configuration
        var choice: AddressChoice?
        do {
            configuration = try Configuration(checking: options)
            if !options.isOffline, configuration.problems.isEmpty { choice = configuration.addressChoice }
            if let address = choice?.address { configuration = try configuration.with(.known(address)) }
        } catch {
            if options.output.isForPrograms {
                output.writeObjects(checkJSON(error.all, warnings: [], nil), as: options.output)
            } else {
                output.report(error, .taskFileWrong)
            }
            return .configuration
        }
        let http = try HTTPClient()
        let check = NodeCheck(
            configuration.environment(http),
            serverVersion: serverVersion,
            isOffline: options.isOffline,
        )
        let isReadable = configuration.problems.isEmpty
        var findings = isReadable ? await check.findings() : await check.manifestFindings()
        if let absence = Configuration.absence(options) { findings.warnings.append(absence) }
        if !options.isOffline { findings.warnings += Configuration.distrusted(options) }
        if let rule = configuration.declarations.cluster.addressRule, let choice, choice.chosen == nil {
            findings.warnings.append(Self.noAddress(rule, choice))
        }
        // With a root this machine is not the node.
        if options.root == nil, !options.isOffline {
            findings.warnings += await machineWarnings(configuration.declarations, choice?.address)
            findings.warnings += await missingUser(configuration.plan)
        }
        await http.shutDown()
        let problems = configuration.problems + findings.problems
        let taskCount = configuration.plan.steps.count
        let counts = CheckCounts(
            tasks: taskCount,
            objects: findings.objectCount,
            uncheckedObjects: findings.uncheckedObjectCount,
        )
        if options.output.isForPrograms {
            let report = checkJSON(problems, warnings: findings.warnings, counts, choice)
            output.writeObjects(report, as: options.output)
        } else {
            output.report(warnings: findings.warnings)
            output.report(problems, .taskFileWrong)
            let warnings = findings.warnings.count
            let result = warnings == 0 ? "nothing wrong" : "\(warnings) warning\(warnings == 1 ? "" : "s")"
            if problems.isEmpty {
                let lines = choice.map { addressLines($0, columns: nil) } ?? []
                output.write(lines.map { $0 + "\n" }.joined())
                let note = counts.schemaNote(isOffline: options.isOffline, arguments: options.commonArguments)
                output.write(note)
                output.write("\(taskCount) task\(taskCount == 1 ? "" : "s") for this node, \(result)\n")
            }
        }
        if problems.isEmpty { return .success }
        return isReadable ? .data : .configuration
    }

    /// Warns where the tasks that use the address would wait for it.
    private static func noAddress(_ rule: AddressRule, _ choice: AddressChoice) -> Problem {
        Problem(
            "no address of this node matches, so tasks that use it wait for one: \(choice.summary)",
            at: rule.location,
            hint: NodeAddress.advice(rule),
        )
    }

    /// Warns of what on this machine, and between it and the other nodes, does not match what the task files say.
    private func machineWarnings(_ declarations: Declarations, _ chosen: IPAddress?) async -> [Problem] {
        guard let facts = MachineCheck.Facts.current() else { return [] }
        let warnings = MachineCheck(declarations, facts, chosen: chosen).warnings()
        return await warnings + PortCheck(declarations, hasRoute: facts.hasRoute).warnings()
    }

    /// Warns where the user of units does not exist, so that systemd cannot start them.
    private func missingUser(_ plan: Plan) async -> [Problem] {
        let count = plan.steps.count { $0.task.footprint.isOfUnitUser }
        guard count > 0, Systemd.isRunning else { return [] }
        do throws(SystemError) {
            _ = try await FileSystem.lookupUser(unitUser, until: .now + FileSystem.accountLookupLimit)
            return []
        } catch {
            // A database that does not answer may have the user.
            if let advice = error.advice { return [Problem("\(error)", hint: advice)] }
        }
        let units = count == 1 ? "the unit of 1 task" : "the units of \(count) tasks"
        let message = "user '\(unitUser)' does not exist, so systemd cannot start \(units)"
        return [Problem(message, hint: "run 'systemd-sysusers nest-bootstrap.conf'")]
    }
}
