import Base
import Host
import Planning
import YAML

/// The evaluation of a Nix file by `nix-instantiate`, which reads no other file and connects to nothing.
struct NixEvaluation {
    let file: SourceFile

    /// The environment of this program, of which Nix gets the search path for programs only.
    let environment: [String: String]

    /// How long Nix may take.
    static let timeLimit = Duration.seconds(20)

    /// The bytes of memory that Nix may use.
    private static let memoryLimit = 1 << 30

    /// The largest value.
    private static let outputLimit = 16 << 20

    /// The largest message.
    private static let errorsLimit = 1 << 20

    /// Evaluates the file.
    ///
    /// - Returns: Its value, with the places of its attributes, and what in it is no data.
    /// - Throws: ``ImportError`` with what Nix reports about the file, or why Nix itself has failed.
    func value() async throws(ImportError) -> (node: Node, problems: [Problem]) {
        let path: String
        do throws(SystemError) {
            // Nix follows links, and names the file by the path that they lead to.
            path = try FileSystem.realPath(Configuration.absolute(file.path))
        } catch {
            throw .tool(Problem("\(error)"))
        }
        let result = try await evaluate(NixValue.expression, path)
        switch result.status {
        case .exited(0):
            return try ImportError.checking { () throws(Problems) in
                try NixValue.node(from: result.output.copy, of: file, path: path)
            }
        case .timedOut:
            let seconds = Self.timeLimit.components.seconds
            let message = "Nix cannot evaluate the file within \(seconds) seconds"
            let hint = "write the values themselves instead of what computes them"
            throw .inventory(Problems([Problem(message, at: SourceLocation(file: file.path), hint: hint)]))
        case .exited, .signalled, .cancelled:
            try await checkNix(path)
            throw .inventory(Problems([NixValue.problem(from: result.errors, of: file, path: path)]))
        }
    }

    /// Checks that Nix can evaluate anything, as otherwise it has not failed because of the file.
    private func checkNix(_ path: String) async throws(ImportError) {
        let result = try await evaluate("{ }", path)
        guard result.status != .exited(0) else { return }
        let reason = NixValue.reason(from: result.errors)
        let message = "'nix-instantiate' cannot evaluate any file (\(reason.isEmpty ? "\(result.status)" : reason))"
        throw .tool(Problem(message, hint: "update Nix (package nix-bin), or \(Self.otherWay)"))
    }

    private func evaluate(_ expression: String, _ path: String) async throws(ImportError) -> FilterResult {
        do throws(SystemError) {
            return try await filter(
                command(expression, path),
                input: SecretBytes(copying: []),
                outputLimit: Self.outputLimit,
                errorsLimit: Self.errorsLimit,
                deadline: .now + Self.timeLimit,
            )
        } catch {
            let hint = error.isNotFound ? "install Nix (package nix-bin), or \(Self.otherWay)" : nil
            throw .tool(Problem("\(error)", hint: hint))
        }
    }

    /// Advice without Nix on this machine.
    private static let otherWay = "import the file as JSON, as nix-instantiate prints it elsewhere"

    private func command(_ expression: String, _ path: String) -> Host.Command {
        let arguments = [
            "--eval", "--strict", "--json", "--show-trace", "--log-format", "internal-json",
            // Only the file itself can be read, no address be fetched, and nothing be built or stored.
            "--option", "restrict-eval", "true", "--option", "allow-import-from-derivation", "false",
            "--store", "dummy://", "-I", "nest=\(path)", "--expr", expression,
        ]
        // No configuration of this machine or of a user, and no more memory than a large inventory needs.
        let own = [
            "HOME": "/nonexistent", "NIX_CONF_DIR": "/nonexistent", "NIX_USER_CONF_FILES": "",
            "GC_MAXIMUM_HEAP_SIZE": "\(Self.memoryLimit)",
        ]
        return Host.Command(
            "nix-instantiate",
            arguments,
            environment: own.merging(environment.filter { $0.key == "PATH" }) { own, _ in own },
        )
    }
}
