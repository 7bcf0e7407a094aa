import TestSupport
import Testing

extension TestNode {
    /// Puts an administrator's kubeconfig with its credentials in it on the node, as k3s and kubeadm do.
    func installKubeconfig(of cluster: TestCluster, at path: String) async throws {
        let result = try await cluster.kubectl("config", "view", "--raw", "--flatten", "--minify")
        try #require(result.status == 0, "\(result.errors)")
        try Files.write(Array(result.output.utf8), to: written(path), mode: 0o600)
    }

    /// The output of a command on this node as a document shows it, with its paths and without the flags of the test.
    func asDocumented(_ output: String) -> String {
        output.replacing(" --config \(config) --root \(root)", with: "")
            .replacing("\(directory)/", with: "/etc/nest-bootstrap/")
    }

    /// Runs the program on a terminal, where its output looks otherwise than in a pipe.
    ///
    /// - Parameters:
    ///   - arguments: The command and what follows; `--config` and `--root` are added.
    ///   - columns: The width of the terminal.
    /// - Returns: The exit status, and what the terminal shows at the end.
    /// - Throws: ``SupportError`` if there is no terminal or no such program.
    func runOnTerminal(_ arguments: [String], columns: Int = 120) async throws -> (status: Int32, text: String) {
        let environment: [String: String?] = [
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": nil, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
        ]
        let flags = ["--config", config, "--root", root]
        let run = try TerminalTool(Self.program, arguments + flags, environment: environment, columns: columns)
        let status = await run.result()
        return (status, run.screen.text)
    }
}

extension StringProtocol {
    /// The text without the times that tasks took, and without the spaces after these.
    var withoutTimes: String { String(self).replacing(/\d+(\.\d+)? m?s\ */, with: "") }
}
