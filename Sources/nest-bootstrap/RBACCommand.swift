import Actions
import Base
import HTTP
import Kubernetes
import Planning
import Reporting
import YAML

/// Command `rbac`: the roles that the agent needs at the API server.
struct RBACCommand {
    let configuration: Configuration
    let user: String

    /// The user if none is given.
    static let defaultUser = "nest-bootstrap"

    /// Prints the roles and bindings, which `kubectl apply -f -` reads.
    ///
    /// - Returns: Whether every manifest could be read.
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        let http = try HTTPClient()
        var (access, findings) = await NodeCheck(configuration.environment(http)).requiredAccess()
        await http.shutDown()
        let reports = configuration.declarations.cluster.report?.kubeconfig != nil
        if reports { access.report() }
        output.report(warnings: findings.warnings)
        guard findings.problems.isEmpty else {
            output.report(findings.problems, .taskFileWrong)
            return .data
        }
        guard reports || configuration.plan.steps.contains(where: { $0.task.footprint.kubeconfig != nil }) else {
            output.report(warnings: [Problem("no task of this node talks to the API server, so it needs no roles")])
            write([], output)
            return .success
        }
        // The nodes of another role have other tasks: their roles must not replace these.
        let parts = ["nest-bootstrap", user == Self.defaultUser ? nil : user].compactMap(\.self)
        let name = (parts + configuration.declarations.roles).joined(separator: ":")
        write(access.objects(user: user, name: name), output)
        return .success
    }

    private func write(_ objects: [Node], _ output: ConsoleOutput) {
        let format = configuration.options.output
        if format.isForPrograms {
            let list = Node.mapping([
                ("apiVersion", .string("v1")), ("kind", .string("List")), ("items", .sequence(objects)),
            ])
            output.writeObject(list, as: format)
        } else {
            output.writeData(objects.map { $0.yamlLines().joined(separator: "\n") + "\n" }.joined(separator: "---\n"))
        }
    }
}
