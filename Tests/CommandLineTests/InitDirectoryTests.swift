import Base
import Host
import TestSupport
import Testing

@testable import nest_bootstrap

/// Command `init KIND`: complete directories of kinds of nodes.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct InitDirectoryTests {
    private static let digest = String(repeating: "4a", count: 32)

    /// Writes the directory of a kind for node `cp-1`, whose files are below an empty root.
    private func initialise(
        _ kind: NodeKind,
        _ arguments: [String] = [],
        at path: String = TemporaryDirectory.file("node")
    ) async throws -> ToolResult {
        let root = TemporaryDirectory.file("root")
        try Files.makeDirectories(root)
        let common = ["init", kind.rawValue, "--root", root, "--host-name", "cp-1", "--output", path]
        return await callProgram(common + arguments)
    }

    /// Returns the flags with which the directory of a kind is complete but for its open places.
    private func join(_ kind: NodeKind) throws -> [String] {
        guard kind == .worker else { return [] }
        return ["--join", try kubeconfig("{token: abcdef.0123456789abcdef}")]
    }

    /// Writes a kubeconfig with a CA and a user.
    private func kubeconfig(_ user: String) throws -> String {
        let path = TemporaryDirectory.file("join.kubeconfig")
        let authority = TemporaryDirectory.file("authority.pem")
        try Files.write(Array("-----BEGIN CERTIFICATE-----\n".utf8), to: authority)
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "https://10.1.2.3:6443", certificate-authority: authority.pem}}]
            users: [{name: u, user: \(user)}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            """
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
        return path
    }

    private func check(_ arguments: String...) async -> ToolResult {
        let config = TemporaryDirectory.file("node/bootstrap.yaml")
        return await callProgram(["check", "--config", config, "--host-name", "cp-1"] + arguments)
    }

    /// Returns a directory with programs of a node that the machine of the tests may lack.
    private func programs() throws -> String {
        let path = TemporaryDirectory.file("programs")
        try Files.makeDirectories(path)
        try Files.write(Array("#!/bin/sh\n".utf8), to: "\(path)/sysctl", mode: 0o755)
        return path
    }

    @Test(arguments: NodeKind.allCases)
    func `a dry run of the directory of a kind succeeds on a machine that has nothing yet`(kind: NodeKind) async throws
    {
        let digests = ["apiServer", "controllerManager", "scheduler"].flatMap {
            kind == .controlPlane ? ["--set", "\($0)Digest=\(Self.digest)"] : []
        }
        #expect(try await initialise(kind, join(kind) + digests).status == 0)
        for command in [["run", "--dry-run"], ["diff"]] {
            let path = TemporaryDirectory.file("node/bootstrap.yaml")
            let root = TemporaryDirectory.file("root")
            let result = await callProgram(command + ["--config", path, "--host-name", "cp-1", "--root", root])
            #expect(result.status == (command == ["diff"] ? 1 : 0), "\(result.output)\(result.errors)")
            #expect(!(result.output + result.errors).contains("error: "), "\(result.output)\(result.errors)")
        }
    }

    /// The names in a directory, sorted.
    private func names(_ path: String) throws -> [String] { try Files.list(path).sorted() }

    @Test(arguments: NodeKind.allCases)
    func `the directory of a kind passes check as it is, on the node and elsewhere`(kind: NodeKind) async throws {
        let result = try await initialise(kind, join(kind))
        #expect(result.status == 0, "\(result.errors)")
        let path = TemporaryDirectory.file("node")
        #expect(result.output.hasPrefix("'\(path)' written and checked:\n    bootstrap.yaml\n"), "\(result.output)")
        #expect(result.output.contains("\n    nest-bootstrap check --config \(path)/bootstrap.yaml\n"))
        for arguments in [["--offline"], ["--root", TemporaryDirectory.file("root")]] {
            let checked = await callProgram(
                ["check", "--config", "\(path)/bootstrap.yaml", "--host-name", "cp-1"] + arguments,
                environment: ["PATH": "\(try programs()):/usr/bin:/bin"]
            )
            #expect(checked.status == 0, "\(checked.errors)")
            let others = checked.errors.split(separator: "\n").filter { !$0.contains("is a placeholder of zeros") }
            #expect(others.isEmpty, "\(checked.errors)")
        }
    }

    @Test(arguments: NodeKind.allCases)
    func `places to change have a comment and are listed, until flags fill them`(kind: NodeKind) async throws {
        let result = try await initialise(kind)
        let config = TemporaryDirectory.file("node/\(kind.adaptedFile)")
        let lines = try Files.text(config).split(separator: "\n", omittingEmptySubsequences: false)
        let listed = result.output.matches(of: /\.yaml:([0-9]+): ([A-Za-z]+): (.*)\n/)
        #expect(listed.count == lines.count { $0.contains("CHANGE") })
        for match in listed {
            let line = try #require(Int(match.output.1))
            #expect(lines[line - 1].hasPrefix("  \(match.output.2): "), "\(match.output.0)")
            #expect(lines[line - 2] == "  # CHANGE: \(match.output.3)")
        }
        let values = ["podCIDR": "10.64.0.0/16", "apiServer": "https://cp1:6443"]
        let settings = listed.flatMap { match in
            ["--set", "\(match.output.2)=\(values[String(match.output.2)] ?? Self.digest)"]
        }
        let filled = try await initialise(kind, settings + ["--force"] + join(kind))
        #expect(filled.status == 0 && !filled.output.contains("To change"), "\(filled.output)\(filled.errors)")
        #expect(try !Files.text(config).contains("CHANGE"))
        let checked = await check("--offline")
        #expect(checked.status == 0 && checked.errors == "", "\(checked.errors)")
        #expect(checked.output.hasSuffix(" for this node, nothing wrong\n"))
    }

    @Test(arguments: NodeKind.allCases)
    func `the program has all files of the repository's directory`(kind: NodeKind) throws {
        let directory = "\(TestCluster.sourceRoot)/examples/init/\(kind.rawValue)"
        let templates = Dictionary(uniqueKeysWithValues: kind.templates.map { ($0.path, $0.content) })
        for name in try Files.list(directory) {
            let isDirectory = ["bootstrap.d", "manifests"].contains(name)
            for file in isDirectory ? try Files.list("\(directory)/\(name)").map({ "\(name)/\($0)" }) : [name] {
                #expect(try templates[file] == Files.read("\(directory)/\(file)"), "\(file)")
            }
        }
        #expect(templates[NodeKind.taskFileName] != nil)
        #expect(!kind.variables.isEmpty)
    }

    @Test func `a worker joins with the server, the CA and the token of a kubeconfig`() async throws {
        let result = try await initialise(.worker, join(.worker))
        #expect(result.status == 0 && !result.output.contains("To change"), "\(result.errors)")
        let path = TemporaryDirectory.file("node")
        #expect(try Files.text("\(path)/ca.crt") == "-----BEGIN CERTIFICATE-----\n")
        #expect(try Files.text("\(path)/secrets/bootstrap-token") == "abcdef.0123456789abcdef")
        #expect(try Files.status("\(path)/secrets/bootstrap-token")?.mode == 0o600)
        #expect(try Files.status("\(path)/secrets")?.mode == 0o700)
        #expect(try Files.text("\(path)/bootstrap.d/50-site.yaml").contains("\n  apiServer: https://10.1.2.3:6443\n"))
        let other = TemporaryDirectory.file("other")
        let certificate = try await initialise(
            .worker,
            ["--join", kubeconfig("{client-certificate: a, client-key: b}")],
            at: other
        )
        #expect(certificate.status == 1)
        #expect(certificate.errors.contains("has no token, so no node can join with it; make one with"))
        let missing = try await initialise(.worker, ["--join", TemporaryDirectory.file("none")], at: other)
        #expect(missing.status == 1 && missing.errors.contains("No such file or directory"), "\(missing.errors)")
        #expect(try !Files.exists(other))
    }

    @Test func `a node has the role and the host name of the flags`() async throws {
        _ = try await initialise(.kubeadm, ["--role", "worker,storage"])
        let text = try Files.text(TemporaryDirectory.file("node/bootstrap.yaml"))
        #expect(text.contains("\n  cp-1: {roles: [worker, storage]}\n"), "\(text)")
        #expect(!text.contains("node-1"))
    }

    @Test func `a directory with files is refused, or keeps its other files`() async throws {
        let path = TemporaryDirectory.file("node")
        // As the package creates it.
        try Files.makeDirectories("\(path)/bootstrap.d")
        #expect(try await initialise(.k3s).status == 0)
        #expect(try names(path) == ["bootstrap.d", "bootstrap.yaml", "manifests"])
        let config = "\(path)/bootstrap.yaml"
        let text = try Files.text(config)
        try Files.write(Array("mine\n".utf8), to: config, mode: 0o644)
        try Files.write(Array("mine\n".utf8), to: "\(path)/token", mode: 0o600)
        let refused = try await initialise(.k3s)
        #expect(refused.status == 1)
        #expect(
            refused.errors == "nest-bootstrap: directory '\(path)' is not empty: it has 'bootstrap.yaml' and 2 more; "
                + "pass '--force' to replace the files of the same names, or '--output' with another directory\n"
        )
        #expect(try Files.text(config) == "mine\n")
        let replaced = try await initialise(.k3s, ["--force"])
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try Files.text(config) == text)
        let copies = "\nReplaced files that were different, and their copies:\n    bootstrap.yaml: bootstrap.yaml"
        #expect(replaced.output.contains("\(copies).bak\nNext:\n"), "\(replaced.output)")
        #expect(try Files.text("\(config).bak") == "mine\n")
        // The same again keeps nothing, and other edits are kept beside the first ones.
        let again = try await initialise(.k3s, ["--force"])
        #expect(again.status == 0 && !again.output.contains("Replaced"), "\(again.output)")
        try Files.write(Array("more\n".utf8), to: config, mode: 0o600)
        #expect(try await initialise(.k3s, ["--force"]).output.contains("\(copies).bak2\n"))
        #expect(try Files.text("\(config).bak2") == "more\n" && Files.status("\(config).bak2")?.mode == 0o600)
        #expect(
            try names(path) == [
                "bootstrap.d", "bootstrap.yaml", "bootstrap.yaml.bak", "bootstrap.yaml.bak2", "manifests", "token",
            ]
        )
        #expect(try Files.text("\(path)/token") == "mine\n")
    }

    @Test func `a directory that fails the check or cannot be written leaves nothing behind`() async throws {
        let path = TemporaryDirectory.file("node")
        let wrong = try await initialise(.controlPlane, ["--set", "etcdDigest=12"])
        #expect(wrong.status == 78)
        #expect(wrong.errors.hasPrefix("\(path)/bootstrap.yaml:"), "\(wrong.errors)")
        #expect(wrong.errors.contains("'file.sha256' of task 'etcd-program' must be a SHA-256 digest"))
        #expect(try names(TemporaryDirectory.path) == ["root"])
        // The task file can be written, and the manifests cannot.
        try Files.makeDirectories(path)
        try Files.write(Array("mine\n".utf8), to: "\(path)/manifests", mode: 0o644)
        let blocked = try await initialise(.kubeadm, ["--force"])
        #expect(blocked.status == 1)
        #expect(blocked.errors.hasPrefix("nest-bootstrap: "), "\(blocked.errors)")
        #expect(try names(TemporaryDirectory.path) == ["node", "root"])
        #expect(try names(path) == ["manifests"])
        for (place, message) in [
            ("\(path)/manifests", "'\(path)/manifests' is a regular file; name a directory"),
            ("\(path)/a/b", "cannot write directory '\(path)/a/b': '\(path)/a' is not a directory; create it"),
            ("/proc/node", "cannot replace directory '/proc/node'"),
        ] {
            let result = try await initialise(.kubeadm, at: place)
            #expect(result.status == 1 && result.output == "")
            #expect(result.errors.hasPrefix("nest-bootstrap: \(message)"), "\(result.errors)")
        }
        #expect(try names(path) == ["manifests"])
    }

    @Test(
        arguments: [
            (["kubeadn", "-o", "d"], "unknown kind of node 'kubeadn' (did you mean 'kubeadm'?)"),
            (["kubeadm"], "'init kubeadm' writes a directory: add '--output DIR', such as"),
            (["kubeadm", "-o", "-"], "'init kubeadm' writes a directory: add '--output DIR', such as"),
            (["kubeadm", "k3s", "-o", "d"], "'init' takes no arguments: 'k3s'"),
            (["kubeadm", "-o", "d", "--set", "podCIDR"], "invalid value 'podCIDR' for '--set': expected NAME=VALUE"),
            (
                ["kubeadm", "-o", "d", "--set", "podCIDR="],
                "'--set podCIDR=' has no value after '=': write a value such as 10.244.0.0/16"
            ),
            (
                ["kubeadm", "-o", "d", "--set", "podCIDR=hello"],
                "invalid value 'hello' of 'podCIDR' for '--set': expected a network in CIDR notation, such as 10.244.0.0/16"
            ),
            (
                ["kubeadm", "-o", "d", "--set", "podCIDR=10.1.0.0"],
                "invalid value '10.1.0.0' of 'podCIDR' for '--set': expected a network in CIDR notation"
            ),
            (
                ["worker", "-o", "d", "--set", "clusterDNS=dns"],
                "invalid value 'dns' of 'clusterDNS' for '--set': expected an IP address, such as 10.96.0.10"
            ),
            (
                ["worker", "-o", "d", "--set", "apiServer=cp-1:6443"],
                "invalid value 'cp-1:6443' of 'apiServer' for '--set': expected a URL, such as https://192.0.2.10:6443"
            ),
            (
                ["control-plane", "-o", "d", "--set", "kubernetesVersion=latest"],
                "invalid value 'latest' of 'kubernetesVersion' for '--set': expected a version, such as v1."
            ),
            (
                ["control-plane", "-o", "d", "--set", "pki=pki"],
                "invalid value 'pki' of 'pki' for '--set': expected an absolute path, such as /etc/kubernetes/pki"
            ),
            (
                ["k3s", "-o", "d", "--set", "maxPods=many"],
                "invalid value 'many' of 'maxPods' for '--set': expected a number, such as 150"
            ),
            (
                ["control-plane", "-o", "d", "--set", "serviceCIDR=10.43.0.0/16"],
                "'serviceAddress' is 10.96.0.1, which is not in 'serviceCIDR' 10.43.0.0/16: add --set serviceAddress=ADDRESS"
            ),
            (
                ["kubeadm", "-o", "d", "--set", "podCDR=1"],
                "unknown variable of 'init kubeadm' 'podCDR' (did you mean 'podCIDR'?)"
            ),
            (["kubeadm", "-o", "d", "--join", "f"], "'--join' goes with 'init worker' only"),
            (["--set", "podCIDR=1"], "'--set' needs a kind of node: kubeadm|k3s|"),
        ] as [([String], String)]
    )
    func `wrong arguments are refused before anything is looked at`(arguments: [String], message: String) async {
        let result = await callProgram(["init"] + arguments)
        #expect(result.status == 64 && result.output == "")
        #expect(result.errors.hasPrefix("nest-bootstrap: \(message)"), "\(result.errors)")
    }

    @Test func `a node with another host name does not get an interface of this machine`() async throws {
        let survey = { name in try MachineSurvey(root: nil, hostName: name) }
        #expect(try survey("nest-other-machine").address == nil)
        #expect(try survey(nil).address != nil)
        #expect(try survey(Machine.hostName()).address != nil)
    }
}
