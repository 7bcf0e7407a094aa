import Actions
import Base
import HTTP
import Kubernetes
import Planning
import Reporting

struct RBACCommand: Command {
    static let name = "rbac"

    static let help = CommandHelp(
        summary: "print the role that the agent needs at the API server",
        details: [
            "The tasks of this node succeed with it, for all objects of the kinds in the manifests. "
                + "An administrator applies it once, and again when manifests get objects of other kinds. The certificate "
                + "of the kubeconfig that the tasks use needs the user as its CN and no O. To apply a role, a user needs the "
                + "permission to escalate it."
        ],
        exitCodes: [Row("0", "printed"), .usageError, Row("65", "a manifest cannot be read"), .wrongTaskFile],
        examples: [
            "rbac | kubectl apply -f -", "rbac --role control-plane --user node-bootstrap", "rbac --host-name cp1",
        ],
    )

    static let flags: [Flag<Self>] = [
        Flag("--user", "NAME", "the user of the roles, the CN of its certificate (default: nest-bootstrap)", \.user),
        .config, .role, .hostName, .root,
    ]

    var user: String?

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) { try await print($0, program.output) }
    }

    private func print(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> ExitCode {
        var (access, findings) = await NodeCheck(configuration.environment(HTTPClient())).requiredAccess()
        let reports = configuration.declarations.cluster.report?.kubeconfig != nil
        if reports { access.report() }
        output.report(warnings: findings.warnings)
        guard findings.problems.isEmpty else {
            output.report(findings.problems, .taskFileWrong)
            return .data
        }
        guard reports || configuration.plan.steps.contains(where: { $0.task.footprint.kubeconfig != nil }) else {
            output.report(warnings: [Problem("no task of this node talks to the API server, so it needs no roles")])
            return .success
        }
        // Nodes with other node roles may run other tasks, and need RBAC roles with other names.
        let parts = ["nest-bootstrap", user].compactMap(\.self) + configuration.declarations.roles
        let objects = access.objects(user: user ?? "nest-bootstrap", name: parts.joined(separator: ":"))
        output.write(objects.map { $0.yamlLines().joined(separator: "\n") + "\n" }.joined(separator: "---\n"))
        return .success
    }
}
