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

    /// Prints the roles and bindings, which `kubectl apply -f -` reads.
    ///
    /// - Returns: Whether every manifest could be read.
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        let http = try HTTPClient()
        let (access, findings) = await NodeCheck(configuration.environment(http)).requiredAccess()
        await http.shutDown()
        output.report(warnings: findings.warnings)
        guard findings.problems.isEmpty else {
            output.report(findings.problems, .taskFileWrong)
            return .data
        }
        let objects = access.objects(user: user)
        switch configuration.options.output {
        case .json:
            let list = Node.mapping([
                ("apiVersion", .string("v1")), ("kind", .string("List")), ("items", .sequence(objects)),
            ])
            output.writeData(String(decoding: list.json(), as: UTF8.self) + "\n")
        case .text:
            output.writeData(objects.map { $0.yamlLines().joined(separator: "\n") + "\n" }.joined(separator: "---\n"))
        }
        return .success
    }
}
