import TestSupport
import Testing

/// Command `init` on machines of several kinds, each a directory with the files that such a machine has.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct InitTests {
    private static let kubeconfig = """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://10.1.2.3:6443"}}]
        users: [{name: u, user: {token: abc}}]
        contexts: [{name: x, context: {cluster: c, user: u}}]
        current-context: x
        """

    /// A machine: its files, and lines of the task file that is made of them.
    struct Machine: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var files: [String: String]
        var lines: [String]
    }

    private static let machines = [
        Machine(
            testDescription: "empty",
            files: [:],
            lines: [
                "# * no Kubernetes, and no credentials for it", "  cp-1: {role: worker}", "  nodeAddress: {}",
                "  # servers: {control-plane: \"https://127.0.0.1:6443\", worker: \"https://HOST:6443\"}",
            ]
        ),
        Machine(
            testDescription: "control plane of kubeadm",
            files: [
                "etc/kubernetes/manifests/kube-apiserver.yaml": "", "etc/kubernetes/admin.conf": kubeconfig,
                "etc/kubernetes/kubelet.conf": kubeconfig, "etc/kubernetes/pki/ca.crt": "",
                "etc/kubernetes/pki/front-proxy-ca.crt": "",
            ],
            lines: [
                "# * a control plane of kubeadm", "# * kubeconfig /etc/kubernetes/admin.conf",
                "  certificateAuthority: /etc/kubernetes/pki/ca.crt", "    control-plane: https://10.1.2.3:6443",
                "  cp-1: {role: control-plane}", "    wait: {apiServer: /etc/kubernetes/admin.conf}",
            ]
        ),
        Machine(
            testDescription: "worker of kubeadm",
            files: ["etc/kubernetes/kubelet.conf": kubeconfig, "etc/kubernetes/pki/ca.crt": ""],
            lines: [
                "# * a worker of kubeadm", "    worker: https://10.1.2.3:6443", "    wait: {unit: kubelet.service}",
            ]
        ),
        Machine(
            testDescription: "server of k3s",
            files: [
                "etc/rancher/k3s/k3s.yaml": kubeconfig, "var/lib/rancher/k3s/agent/kubelet.kubeconfig": kubeconfig,
            ],
            lines: [
                "# * a server of k3s", "    wait: {apiServer: /etc/rancher/k3s/k3s.yaml}",
                "  # Gives k3s its address. In a drop-in of k3s.service: After=k8s-bootstrap-node-ip.service.",
                "  #  wantedBy: [k3s.service]",
                "  #  file: {path: /etc/rancher/k3s/config.yaml.d/node-ip.yaml, "
                    + "content: \"node-ip: ${node.address}\\n\"}",
                "  # /usr/share/doc/nest-bootstrap/docs/migration/from-k3s-manifests.md.",
                "  #  apply: {kubeconfig: /etc/rancher/k3s/k3s.yaml, "
                    + "manifests: [/etc/nest-bootstrap/monitoring.yaml]}",
            ]
        ),
        Machine(
            testDescription: "agent of k3s",
            files: ["var/lib/rancher/k3s/agent/kubelet.kubeconfig": kubeconfig],
            lines: [
                "# * an agent of k3s", "    worker: https://10.1.2.3:6443", "    wait: {unit: k3s-agent.service}",
                "  #  wantedBy: [k3s-agent.service]",
            ]
        ),
        Machine(
            testDescription: "control plane of NixOS with agenix",
            files: [
                "etc/NIXOS": "", "run/agenix/k8s-ca.crt": "", "run/agenix/etcd-ca.crt": "",
                "run/agenix/kube-admin.crt": "", "run/agenix/kube-admin.key": "",
            ],
            lines: [
                "# * credentials of a control plane, and no Kubernetes yet",
                "# * NixOS, where tasks can be options of the system: see docs/nixos.md",
                "  certificateAuthority: /run/agenix/k8s-ca.crt", "    control-plane: https://127.0.0.1:6443",
                "      certificate: /run/agenix/kube-admin.crt", "      key: /run/agenix/kube-admin.key",
            ]
        ),
        Machine(
            testDescription: "worker of NixOS with agenix",
            files: ["etc/NIXOS": "", "run/agenix/k8s-ca.crt": "", "run/agenix/kubelet.crt": ""],
            lines: ["# * credentials of a worker, and no Kubernetes yet", "  cp-1: {role: worker}"]
        ),
        Machine(
            testDescription: "broken and odd files",
            files: [
                "etc/kubernetes/admin.conf": ": [", "etc/kubernetes/manifests/kube-apiserver.yaml": "",
                "etc/kubernetes/a b, {c}.kubeconfig": "", "etc/kubernetes/pki/x: [y], ca.crt": "",
            ],
            lines: [
                "# * kubeconfig /etc/kubernetes/a b, {c}.kubeconfig",
                "  certificateAuthority: \"/etc/kubernetes/pki/x: [y], ca.crt\"",
            ]
        ),
    ]

    /// Makes the files of a machine, and returns its root.
    private func makeRoot(_ machine: Machine) throws -> String {
        let root = "\(TemporaryDirectory.path)/machine"
        for (path, text) in machine.files.merging(["etc/hostname": "cp-1\n"], uniquingKeysWith: { $1 }) {
            let directory = path.split(separator: "/").dropLast().joined(separator: "/")
            try Files.makeDirectories("\(root)/\(directory)")
            try Files.write(Array(text.utf8), to: "\(root)/\(path)", mode: 0o600)
        }
        return root
    }

    private func initialise(_ arguments: String...) async -> ToolResult { await callProgram(["init"] + arguments) }

    private func check(_ path: String) async -> ToolResult {
        await callProgram(["check", "--offline", "--host-name", "cp-1", "--config", path])
    }

    @Test(arguments: machines)
    func `a machine gets a task file that passes check, also with its examples`(machine: Machine) async throws {
        let (root, path) = (try makeRoot(machine), "\(TemporaryDirectory.path)/first.yaml")
        let result = await initialise("--root", root, "--output", path)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "'\(path)' written; check it with 'nest-bootstrap check --config \(path)'\n")
        let text = try Files.text(path)
        let lines = text.split(separator: "\n").map(String.init)
        for line in machine.lines { #expect(lines.contains(line), "\(line)\n\(text)") }
        let checked = await check(path)
        #expect(checked.status == 0, "\(checked.errors)\n\(text)")
        #expect(checked.output.hasSuffix(" for this node, nothing wrong\n"), "\(checked.errors)")
        // What the comment says.
        let examples = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.wholeMatch(of: #/  #((?:  )*[^ ].*)/#).map { "  \($0.output.1)" } ?? String(line)
        }
        // k3s has no kubelet.service.
        #expect(examples.contains(text.contains(" of k3s\n") ? "  node-ip:" : "  kubelet-address:"))
        #expect(text.contains("kubelet") != text.contains(" of k3s\n"))
        try Files.write(Array(examples.joined(separator: "\n").utf8), to: path, mode: 0o600)
        let all = await check(path)
        #expect(all.status == 0, "\(all.errors)\n\(examples.joined(separator: "\n"))")
    }

    @Test func `links of a root lead to files of the root`() async throws {
        let root = try makeRoot(Machine(testDescription: "", files: ["etc/static/hostname": "inside\n"], lines: []))
        try Files.makeSymbolicLink(at: "\(root)/etc/hostname", to: "/etc/static/hostname", replacing: true)
        let inside = await initialise("--root", root)
        #expect(inside.output.contains("\n  inside: {role: worker}\n"), "\(inside.output)")
        try Files.makeSymbolicLink(at: "\(root)/etc/hostname", to: "/etc/passwd", replacing: true)
        let outside = await initialise("--root", root)
        #expect(outside.status == 0)
        #expect(!outside.output.contains("root:"), "\(outside.output)")
    }

    @Test func `a root that is missing is an error only if it is the misspelling of another one`() async throws {
        try Files.makeDirectories(TemporaryDirectory.file("image/etc"))
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Array("tasks: {a: {file: {path: /etc/a, content: x}}}\n".utf8), to: config, mode: 0o644)
        func run(_ name: String) async -> ToolResult {
            await callProgram(["run", "--config", config, "--root", TemporaryDirectory.file(name)])
        }
        let misspelt = await run("imgae")
        #expect(misspelt.status == 64)
        #expect(misspelt.errors.contains("(did you mean '\(TemporaryDirectory.file("image"))'?)"), "\(misspelt.errors)")
        #expect(try Files.exists(TemporaryDirectory.file("imgae")) == false)
        // Directories whose names differ in numbers are different ones.
        for name in ["other", "image2"] {
            let made = await run(name)
            #expect(made.status == 0, "\(made.errors)")
            #expect(made.errors.contains("does not exist; correct it if it is misspelt; a run creates it"))
            #expect(try Files.exists(TemporaryDirectory.file("\(name)/etc/a")))
        }
    }

    @Test func `a root that is no directory is an error`() async throws {
        let missing = TemporaryDirectory.file("missing")
        for (root, status, message) in [
            (missing, 1, "cannot list '\(missing)'"),
            ("/etc/passwd", 64, "'--root' names '/etc/passwd', which is a regular file (name a directory)"),
        ] {
            let result = await initialise("--root", root)
            #expect(result.status == status)
            #expect(result.output == "")
            #expect(result.errors.contains(message), "\(result.errors)")
        }
    }

    @Test func `this machine's task file is for its name and interfaces`() async throws {
        let result = await initialise("--host-name", "n1", "--role", "worker")
        #expect(result.status == 0)
        #expect(result.output.contains("\n  n1: {role: worker}\n"), "\(result.output)")
        let node = try TestNode(result.output)
        let checked = await node.call(["check", "--offline", "--host-name", "n1"])
        #expect(checked.status == 0, "\(checked.errors)")
    }

    @Test func `a file is not overwritten without --force`() async throws {
        let path = "\(TemporaryDirectory.path)/first.yaml"
        try Files.write(Array("mine".utf8), to: path, mode: 0o600)
        let refused = await initialise("--output", path)
        #expect(refused.status == 1)
        #expect(
            refused.errors == "nest-bootstrap: '\(path)' exists; pass '--force' to replace it, "
                + "or '--output' with another file\n"
        )
        #expect(try Files.read(path) == Array("mine".utf8))
        #expect(await initialise("--output", path, "--force").status == 0)
        #expect(try Files.read(path).count > 100)
        let impossible = await initialise("-o", "\(path)/first.yaml")
        #expect(impossible.status == 1)
        #expect(impossible.errors.contains("is a regular file"), "\(impossible.errors)")
    }

    @Test(arguments: ["json", "plain", "text", "yaml"])
    func `a format in the place of the file is refused`(format: String) async throws {
        let result = await initialise("-o", format)
        #expect(result.status == 64)
        #expect(
            result.errors == "nest-bootstrap: '--output' of 'init' is a file, found the format '\(format)'; "
                + "write ./\(format) for a file of that name; see 'nest-bootstrap init --help'\n"
        )
        #expect(try !Files.exists(format))
    }

    @Test func `the heading has what to do after a change`() async throws {
        let result = await initialise("--host-name", "n1")
        #expect(result.output.contains(" After a change:\n#     nest-bootstrap up\n#\n"), "\(result.output)")
    }

    @Test func `a task file that is missing has a hint how to begin one`() async throws {
        let path = TemporaryDirectory.file("missing.yaml")
        let result = await check(path)
        #expect(
            result.errors == "\(path): cannot read the task file: No such file or directory; "
                + "create it ('nest-bootstrap init' prints one), or pass '--config FILE'\n"
        )
    }

    @Test(.enabled(if: (try? Files.exists("/etc/nest-bootstrap")) == false, "this machine has a task file"))
    func `a node without a task file has no tasks, and learns how to begin one`() async throws {
        let path = "/etc/nest-bootstrap/bootstrap.yaml"
        let warning =
            "warning: there is no task file '\(path)', so this node has no tasks; "
            + "run 'nest-bootstrap init --output \(path)' to begin one\n"
        for (command, output) in [
            ("check", "0 tasks for this node, 1 warning\n"), ("status", "no task for this node\n"), ("graph", ""),
        ] {
            let result = await callProgram([command])
            #expect(result.status == 0 && result.output == output, "\(command): \(result.output)")
            #expect(result.errors == warning, "\(command): \(result.errors)")
        }
        let named = await callProgram(["check", "--config", path])
        #expect(named.status == 0)
    }

    @Test func `the call that checks the file has quotes where a shell needs them`() async throws {
        let path = TemporaryDirectory.file("my tasks.yaml")
        let result = await initialise("--output", path)
        #expect(result.output == "'\(path)' written; check it with nest-bootstrap check --config '\(path)'\n")
    }

    @Test func `the flag for the file may come first`() async throws {
        let path = "\(TemporaryDirectory.path)/first.yaml"
        let result = await callProgram(["--output", path, "init"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.exists(path))
    }
}
