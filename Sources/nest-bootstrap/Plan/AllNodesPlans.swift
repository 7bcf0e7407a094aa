import Actions
import Base
import HTTP
import Kubernetes
import Planning
import Reporting

/// The plans of all nodes of the task file, for `check --all-nodes` on any machine.
struct AllNodesPlans {
    let options: Options
    let output: ConsoleOutput

    /// Prints the problems of all nodes, or the number of tasks of each node.
    func check() async throws -> ExitCode {
        let sources: [SourceFile]
        do {
            sources = try Configuration.sources(options)
        } catch {
            if options.output.isForPrograms {
                output.writeObjects(checkJSON(error.all, warnings: [], nil, TaskFileKeys([])))
            } else {
                output.report(error, .taskFileWrong)
            }
            return .configuration
        }
        let all = AllNodes(sources)
        var report = AllNodesReport(all.problems, TaskFileKeys(sources))
        var isReadable = all.problems.isEmpty
        let http = HTTPClient()
        var known: [CheckedPlan: NodeCheck.Findings] = [:]
        func findings(of node: NodeReading, _ configuration: Configuration) async -> NodeCheck.Findings {
            let plan = CheckedPlan(configuration)
            if let same = known[plan] { return same }
            let check = NodeCheck(configuration.environment(http), isOffline: true)
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
        await http.shutDown()
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

/// The key for findings, which are determined only once for nodes with the same plan.
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
    /// Creates the counts for one node from its findings.
    init(_ plan: Plan, _ findings: NodeCheck.Findings) {
        self.init(
            tasks: plan.steps.count,
            objects: findings.objectCount,
            uncheckedObjects: findings.uncheckedObjectCount,
            tasksWithoutSandbox: plan.steps.count { !$0.task.footprint.hasSandbox },
        )
    }
}
