import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting

/// Command `check`: the check of task files, manifests, paths and certificates, without an API server.
struct CheckCommand: Command {
    static let name = "check"

    static let help = CommandHelp(
        summary: "find mistakes in task files and manifests, without a server",
        description: "Finds every mistake that can be found without an API server: in the task file and its drop-ins, "
            + "and in the manifests, paths and certificates that they name.",
        usage: ["nest-bootstrap check [FLAG]..."],
        details: [
            "Every mistake is one line on standard error: FILE:LINE:COLUMN: problem; hint. Warnings, such as a "
                + "certificate that expires soon, begin with 'warning:' and do not change the exit code. "
                + "With '--output json' standard output has one JSON object with all of them.",
            "Custom resources are checked against the CustomResourceDefinitions of the same plan; other objects "
                + "against the schema that the API server had at the last 'diff' or refusal.",
            "With '--offline' this machine need not be the node: paths of the node, accounts and certificates are not "
                + "looked at. A manifest that is only on the node is a warning.",
            "With '--all-nodes' this machine need not be a node: every node of section 'nodes' is checked as with "
                + "'--offline', a pattern such as worker-* as a host that it matches. A mistake that only some nodes "
                + "have is printed with their names.",
            "With a rule 'nodeAddress' in the task file it prints the address of this node, and why the others were "
                + "not chosen; 'status' does the same.",
        ],
        exitCodes: [
            Row("0", "nothing found, or only warnings"), .usageError,
            Row("65", "a manifest, a path or a certificate is wrong"),
            .wrongTaskFile,
        ],
        examples: [
            "check", "check --config ./bootstrap.yaml --role worker", "check --server-version 1.34",
            "check --offline --config ./bootstrap.yaml --host-name cp1", "check --all-nodes --config ./bootstrap.yaml",
        ],
        files: Row.taskFiles + [Row("/var/lib/nest-bootstrap/cache", "schemas of API servers")],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--server-version",
            "VERSION",
            "the version of the API server, such as 1.34: APIs that it does not serve are errors "
                + "(default: that of the server at its last 'diff' or refusal, if known)"
        ) { (command, _, value) throws(UsageError) in
            guard let version = KubernetesVersion(value) else {
                throw UsageError("invalid value '\(value)' for '--server-version': expected a version such as 1.34")
            }
            command.serverVersion = version
        },
        .config, .role, .hostName, .allNodes, .offline, .root, .output,
    ]

    /// The given version of the API server, if any.
    var serverVersion: KubernetesVersion?

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        guard options.isForAllNodes else { return try await check(options, program.output) }
        return try await AllNodesPlans(options: options, output: program.output).check(serverVersion)
    }

    /// Prints every problem and warning, and returns the exit code.
    private func check(_ options: Options, _ output: ConsoleOutput) async throws -> ExitCode {
        let check: PlanCheck
        do {
            check = try PlanCheck(options)
        } catch {
            if options.output.isForPrograms {
                output.writeObjects(checkJSON(error.all, warnings: [], nil, TaskFileKeys([])), as: options.output)
            } else {
                output.report(error, .taskFileWrong)
                output.adviseOnCodes(of: error.all)
            }
            return .configuration
        }
        let configuration = check.configuration
        let findings = try await check.findings(serverVersion: serverVersion)
        let problems = findings.problems
        let counts = CheckCounts(configuration.plan, findings)
        if options.output.isForPrograms {
            output.writeObjects(
                checkJSON(problems, warnings: findings.warnings, counts, configuration.keys, check.choice),
                as: options.output
            )
        } else {
            output.report(warnings: findings.warnings)
            output.report(problems, .taskFileWrong)
            let warnings = findings.warnings.count
            let result = warnings == 0 ? "nothing wrong" : "\(warnings) warning\(warnings == 1 ? "" : "s")"
            if problems.isEmpty {
                let lines = check.choice.map { addressLines($0, columns: nil) } ?? []
                output.write(lines.map { $0 + "\n" }.joined())
                output.write(counts.schemaNote(isOffline: options.isOffline, arguments: options.commonArguments))
                let without = counts.tasksWithoutSandbox
                let note = without == 0 ? "" : " (\(without) without a sandbox)"
                output.write("\(counts.tasks) task\(counts.tasks == 1 ? "" : "s") for this node\(note), \(result)\n")
            }
        }
        if !options.output.isForPrograms { output.adviseOnCodes(of: problems + findings.warnings) }
        if problems.isEmpty { return .success }
        return check.isReadable ? .data : .configuration
    }
}
