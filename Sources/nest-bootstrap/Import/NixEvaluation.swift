import Base
import Host
import Planning
import YAML

/// The evaluation of a Nix file by `nix-instantiate`, which reads no other file and connects to nothing.
struct NixEvaluation {
    let file: SourceFile

    /// The environment of this program; only `PATH` is passed to Nix.
    let environment: [String: String]

    static let timeLimit = Duration.seconds(20)
    private static let memoryLimit = 1 << 30
    private static let outputLimit = 16 << 20
    private static let errorsLimit = 1 << 20

    /// Evaluates the file.
    ///
    /// - Returns: The value of the file, with the locations of its attributes, and problems for parts that are not
    ///   data.
    /// - Throws: ``Base/Problems`` with the errors that Nix reports in the file, ``Base/Problem`` if Nix cannot be run.
    func value() async throws -> (node: Node, problems: [Problem]) {
        // Nix follows links, and reports the path of their target.
        let path = try FileSystem.realPath(Configuration.absolute(file.path))
        let result = try await evaluate(NixValue.expression, path)
        switch result.status {
        case .exited(0):
            return try NixValue.node(from: result.output.copy, of: file, path: path)
        case .timedOut:
            let seconds = Self.timeLimit.components.seconds
            let message = "Nix cannot evaluate the file within \(seconds) seconds"
            let hint = "write the values themselves instead of what computes them"
            throw Problems([Problem(message, at: SourceLocation(file: file.path), hint: hint)])
        case .exited, .signalled, .cancelled:
            throw Problems([NixValue.problem(from: result.errors, of: file, path: path)])
        }
    }

    private func evaluate(_ expression: String, _ path: String) async throws(Problem) -> FilterResult {
        do throws(SystemError) {
            return try await filter(
                command(expression, path),
                input: SecretBytes(copying: []),
                outputLimit: Self.outputLimit,
                errorsLimit: Self.errorsLimit,
                keepsTerminal: true,
                deadline: .now + Self.timeLimit,
            )
        } catch {
            let hint =
                "install Nix (package nix-bin), or import the file as JSON, as nix-instantiate prints it elsewhere"
            throw Problem("\(error)", hint: error.isNotFound ? hint : nil)
        }
    }

    private func command(_ expression: String, _ path: String) -> Host.Command {
        let arguments = [
            "--eval", "--strict", "--json", "--show-trace", "--log-format", "internal-json",
            // Nix can read only the file itself. It cannot download, build or store anything.
            "--option", "restrict-eval", "true", "--option", "allow-import-from-derivation", "false",
            "--store", "dummy://", "-I", "nest=\(path)", "--expr", expression,
        ]
        // Nix ignores the system's and the user's Nix configuration, and gets only the memory that a large inventory
        // needs.
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
