import Actions
import Base
import HTTP
import Host
import Planning
import Reporting

struct CheckCommand: Command {
    static let name = "check"

    static let help = CommandHelp(
        summary: "find mistakes in task files and manifests, without a server",
        details: [
            "Every mistake is one line on standard error: FILE:LINE:COLUMN: problem; hint. Warnings, such as a "
                + "certificate that expires soon, begin with 'warning:' and do not change the exit code.",
            "With '--offline' or '--all-nodes' this machine need not be a node: paths of the node, accounts and "
                + "certificates are not looked at.",
        ],
        exitCodes: [
            Row("0", "nothing found, or only warnings"), .usageError,
            Row("65", "a manifest, a path or a certificate is wrong"),
            .wrongTaskFile,
        ],
        examples: [
            "check", "check --config ./bootstrap.yaml --role worker",
            "check --offline --config ./bootstrap.yaml --host-name cp1", "check --all-nodes --config ./bootstrap.yaml",
        ],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .hostName,
        Flag(
            "--all-nodes",
            "every node of section 'nodes' instead of this one, each with its roles there; no file of a node is looked at",
            \.isForAllNodes
        ),
        .offline, .root, .output,
    ]

    var isForAllNodes = false

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names)
        guard isForAllNodes, options.hostName != nil || options.role != nil else { return }
        let other = options.hostName == nil ? "--role" : "--host-name"
        throw UsageError("'--all-nodes' and '\(other)' are mutually exclusive")
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let output = program.output
        let check: PlanCheck
        do {
            guard !isForAllNodes else {
                return try await checkAllNodes(try Configuration.sources(options), options, output)
            }
            check = try PlanCheck(options)
        } catch let error as Problems {
            if options.output.isForPrograms {
                output.writeObjects(checkJSON(error.all, warnings: [], nil, TaskFileKeys([])))
            } else {
                output.report(error, .taskFileWrong)
            }
            return .configuration
        }
        return try await print(check, options, output)
    }

    private func print(_ check: PlanCheck, _ options: Options, _ output: ConsoleOutput) async throws -> ExitCode {
        let configuration = check.configuration
        let findings = try await check.findings()
        let problems = findings.problems
        let counts = CheckCounts(configuration.plan, findings)
        if options.output.isForPrograms {
            output.writeObjects(
                checkJSON(problems, warnings: findings.warnings, counts, configuration.keys, check.choice)
            )
        } else {
            output.report(warnings: findings.warnings)
            output.report(problems, .taskFileWrong)
            let warnings = findings.warnings.count
            let result = warnings == 0 ? "nothing wrong" : "\(warnings) warning\(warnings == 1 ? "" : "s")"
            if problems.isEmpty {
                let lines = check.choice.map { addressLines($0, columns: nil) } ?? []
                output.write(lines.map { $0 + "\n" }.joined())
                output.write(counts.schemaNote)
                let without = counts.tasksWithoutSandbox
                let note = without == 0 ? "" : " (\(without) without a sandbox)"
                output.write("\(counts.tasks) task\(counts.tasks == 1 ? "" : "s") for this node\(note), \(result)\n")
            }
        }
        if problems.isEmpty { return .success }
        return check.isReadable ? .data : .configuration
    }

    private func checkAllNodes(
        _ sources: [SourceFile],
        _ options: Options,
        _ output: ConsoleOutput
    ) async throws -> ExitCode {
        let all = AllNodes(sources)
        var report = AllNodesReport(all.problems, TaskFileKeys(sources))
        var isReadable = all.problems.isEmpty
        var known: [CheckedPlan: NodeCheck.Findings] = [:]
        func findings(of node: NodeReading, _ configuration: Configuration) async -> NodeCheck.Findings {
            let plan = CheckedPlan(configuration)
            if let same = known[plan] { return same }
            let check = NodeCheck(configuration.environment(HTTPClient()), isOffline: true)
            let findings = node.problems.isEmpty ? await check.findings() : await check.manifestFindings()
            known[plan] = findings
            return findings
        }
        for node in all.nodes {
            let configuration = Configuration(options, sources, node)
            let findings = await findings(of: node, configuration)
            isReadable = isReadable && node.problems.isEmpty
            report.add(
                node,
                node.problems + findings.problems,
                warnings: findings.warnings,
                CheckCounts(configuration.plan, findings)
            )
        }
        let problems = report.problems
        if options.output.isForPrograms {
            output.writeObjects(report.json)
        } else {
            output.report(warnings: report.warnings)
            output.report(problems, .taskFileWrong)
            if problems.isEmpty { output.write(report.summary) }
        }
        if problems.isEmpty { return .success }
        return isReadable ? .data : .configuration
    }
}

/// The facts on which findings depend; nodes with equal facts share their findings.
private struct CheckedPlan: Hashable {
    let plan: Plan
    let variables: Variables
    let isReadable: Bool

    init(_ configuration: Configuration) {
        plan = configuration.plan
        let substitutes = plan.steps.contains { $0.task.footprint.manifests?.substitutesVariables == true }
        variables = substitutes ? configuration.declarations.variables : Variables()
        isReadable = configuration.problems.isEmpty
    }
}

extension CheckCounts {
    init(_ plan: Plan, _ findings: NodeCheck.Findings) {
        self.init(
            tasks: plan.steps.count,
            objects: findings.objectCount,
            uncheckedObjects: findings.uncheckedObjectCount,
            tasksWithoutSandbox: plan.steps.count { !$0.task.footprint.hasSandbox },
        )
    }
}

/// A check of this node's task files and of what they name.
struct PlanCheck {
    /// The task files with the address of this node, if that is known.
    let configuration: Configuration

    /// The task files as the generator of the units reads them, without the address of this node.
    let configurationWithoutAddress: Configuration

    /// The choice of this node's address, `nil` if no address rule was applied.
    let choice: AddressChoice?

    /// Whether the task files are valid.
    var isReadable: Bool { configuration.problems.isEmpty }

    /// Reads the task files.
    ///
    /// - Throws: ``Base/Problems`` if a file cannot be read, or is wrong with this node's address. Other problems in
    ///   the files are findings.
    init(_ options: Options) throws(Problems) {
        let read = try Configuration(checking: options)
        configurationWithoutAddress = read
        choice = options.isOffline || !read.problems.isEmpty ? nil : read.addressChoice
        configuration = try choice?.address.map { address throws(Problems) in try read.with(.known(address)) } ?? read
    }

    /// Checks what the task files name, and returns the findings with the problems in the task files first.
    func findings() async throws -> NodeCheck.Findings {
        let options = configuration.options
        let check = NodeCheck(configuration.environment(HTTPClient()), isOffline: options.isOffline)
        var findings = isReadable ? await check.findings() : await check.manifestFindings()
        if let absence = Configuration.absence(options) { findings.warnings.append(absence) }
        if !options.isOffline { findings.add(.distrust(Configuration.distrusted(options))) }
        if let rule = configuration.declarations.cluster.addressRule, let choice, choice.chosen == nil {
            let message = "no address of this node matches, so tasks that use it wait for one: \(choice.summary)"
            findings.warnings.append(Problem(message, at: rule.location, hint: NodeAddress.advice(rule)))
        }
        findings.problems = configuration.problems + findings.problems
        return findings
    }
}
