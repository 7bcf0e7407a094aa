import Actions
import HTTP
import Planning
import Speaking

/// Command `check`: task files, manifests, paths and certificates, without an API server.
struct CheckCommand {
    let configuration: Configuration

    /// Tells every problem, and returns whether there was none.
    ///
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run(_ outlet: Outlet) async throws -> ExitCode {
        let http = try HTTPClient()
        let problems = await NodeCheck(configuration.environment(http)).problems()
        await http.shutDown()
        guard problems.isEmpty else {
            outlet.tell(problems.map(Problem.init), as: configuration.options.output, .taskFileWrong)
            return .data
        }
        if configuration.options.output == .text {
            let count = configuration.plan.steps.count
            outlet.write("\(count) task\(count == 1 ? "" : "s") for this node, nothing wrong\n")
        }
        return .success
    }
}
