import Base
import TestSupport
import Testing

@testable import nest_bootstrap

/// Command `init KIND`: complete directories of kinds of nodes.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct InitDirectoryTests {
    private static let digest = String(repeating: "4a", count: 32)

    /// Writes the directory of a kind for node `cp-1`.
    private func initialise(
        _ kind: InitCommand.Kind,
        _ arguments: [String] = [],
        at path: String = TemporaryDirectory.file("node")
    ) async throws -> ToolResult {
        await callProgram(["init", kind.rawValue, "--host-name", "cp-1", "--output", path] + arguments)
    }

    @Test(arguments: InitCommand.Kind.allCases)
    func `the directory of a kind passes check, and lists what is to be changed`(kind: InitCommand.Kind) async throws {
        let result = try await initialise(kind)
        #expect(result.status == 0, "\(result.errors)")
        let path = TemporaryDirectory.file("node")
        #expect(result.output.hasPrefix("'\(path)/"), "\(result.output)")
        #expect(result.output.hasSuffix("\ncheck with: nest-bootstrap check --config \(path)/bootstrap.yaml\n"))
        let lines = try Files.text("\(path)/\(kind.adaptedFile)").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let listed = result.output.matches(of: /\.yaml:([0-9]+): to change: (.*)\n/)
        #expect(listed.count == lines.count { $0.contains("CHANGE") })
        for match in listed {
            let line = try #require(Int(match.output.1))
            #expect(lines[line - 1].hasSuffix("# CHANGE: \(match.output.2)"))
        }
        if kind == .worker {
            try Files.makeDirectories("\(path)/secrets", mode: 0o700)
            try Files.write(Array("token".utf8), to: "\(path)/secrets/bootstrap-token", mode: 0o600)
            try Files.write(Array("-----BEGIN CERTIFICATE-----\n".utf8), to: "\(path)/ca.crt", mode: 0o644)
        }
        let config = "\(path)/bootstrap.yaml"
        let checked = await callProgram(["check", "--config", config, "--host-name", "cp-1", "--offline"])
        #expect(checked.status == 0, "\(checked.errors)")
    }

    @Test(arguments: InitCommand.Kind.allCases)
    func `the program has all files of the repository's directory`(kind: InitCommand.Kind) throws {
        let directory = "\(TestCluster.sourceRoot)/examples/init/\(kind.rawValue)"
        let templates = Dictionary(uniqueKeysWithValues: kind.templates.map { ($0.path, $0.content) })
        for name in try Files.list(directory) {
            let isDirectory = ["bootstrap.d", "manifests"].contains(name)
            for file in isDirectory ? try Files.list("\(directory)/\(name)").map({ "\(name)/\($0)" }) : [name] {
                #expect(try templates[file] == Files.read("\(directory)/\(file)"), "\(file)")
            }
        }
        #expect(templates["bootstrap.yaml"] != nil)
    }

    @Test func `a node has the host name and the variables of the flags`() async throws {
        let result = try await initialise(.kubeadm, ["--set", "podCIDR=10.64.0.0/16"])
        #expect(!result.output.contains("to change"), "\(result.output)")
        let text = try Files.text(TemporaryDirectory.file("node/bootstrap.yaml"))
        #expect(text.contains("\n  cp-1: {role: control-plane}\n"), "\(text)")
        #expect(text.contains("\n  podCIDR: \"10.64.0.0/16\"\n") && !text.contains("CHANGE"), "\(text)")
        #expect(!text.contains("node-1"))
    }

    @Test func `no file is replaced`() async throws {
        let path = TemporaryDirectory.file("node")
        // As the package creates it.
        try Files.makeDirectories("\(path)/manifests")
        try Files.write(Array("mine\n".utf8), to: "\(path)/manifests/apps.yaml", mode: 0o644)
        let refused = try await initialise(.k3s)
        #expect(refused.status == 1 && refused.output == "")
        #expect(refused.errors.hasPrefix("nest-bootstrap: '\(path)/manifests/apps.yaml' exists"), "\(refused.errors)")
        #expect(try Files.list(path) == ["manifests"])
        #expect(try Files.text("\(path)/manifests/apps.yaml") == "mine\n")
    }

    @Test(
        arguments: [
            (["kubeadn", "-o", "d"], 64, "unknown kind of node 'kubeadn' (did you mean 'kubeadm'?)"),
            (["kubeadm"], 64, "'init kubeadm' needs '--output DIR', such as"),
            (["kubeadm", "k3s", "-o", "d"], 64, "'init' takes no arguments: 'k3s'"),
            (
                ["kubeadm", "-o", "d", "--set", "podCIDR"], 64,
                "invalid value 'podCIDR' for '--set': expected NAME=VALUE"
            ),
            (["kubeadm", "-o", "d", "--set", "podCDR=1"], 64, "unknown variable of 'init kubeadm' 'podCDR' (did"),
            (["kubeadm", "-o", "/proc/d"], 1, "cannot create directory '/proc/d"),
        ] as [([String], Int32, String)]
    )
    func `wrong arguments are refused`(arguments: [String], status: Int32, message: String) async {
        let result = await callProgram(["init"] + arguments)
        #expect(result.status == status && result.output == "")
        #expect(result.errors.hasPrefix("nest-bootstrap: \(message)"), "\(result.errors)")
    }
}
