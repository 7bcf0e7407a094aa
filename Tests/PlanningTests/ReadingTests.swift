import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct ReadingTests {
    private func read<Declaration>(
        _: Declaration.Type,
        _ task: String,
        in text: String,
        role: String? = "control-plane",
    ) throws -> Declaration {
        let task = try declarations(text, role: role).tasks.first { $0.name == task }
        return try #require(task?.verb.declaration as? Declaration)
    }

    @Test func `tasks are read with all that they say`() throws {
        let read = try declarations(exampleFile, role: nil, host: "ducksnest-controlplane")
        #expect(read.roles == ["control-plane"])
        #expect(
            read.tasks.map(\.name)
                == ["generate-kubeconfig", "calico-ipam", "bootstrap-rbac", "calico-crds", "calico-node"]
        )
        #expect(read.tasks[0].description == "Generate the admin kubeconfig")
        #expect(read.tasks[0].roles == ["control-plane"])
        #expect(read.tasks[0].location.description == "bootstrap.yaml:14:3")
        #expect(read.tasks[1].roles == nil)
        #expect(read.tasks[2].timeout == .seconds(600))
        #expect(read.tasks[3].timeout == .seconds(1200))
        #expect(read.cluster.certificateAuthority?.path == "/run/agenix/k8s-ca.crt")
        #expect(read.nodes.entry(of: "ducksnest-laptop-firebat")?.roles == ["worker"])
    }

    @Test func `a kubeconfig takes from the cluster what it does not say`() throws {
        let verb = try read(KubeconfigDeclaration.self, "generate-kubeconfig", in: exampleFile)
        #expect(verb.server.path == "https://127.0.0.1:6443")
        #expect(verb.certificateAuthority.path == "/run/agenix/k8s-ca.crt")
        #expect(verb.clusterName == "ducksnest")
        #expect(verb.context == "default")
        #expect(!verb.inlineCredentials)
    }

    @Test func `names in after are tasks, units of tasks, or other units`() throws {
        let read = try declarations(exampleFile)
        #expect(read.tasks[0].afterUnits == ["agenix.service", "kube-apiserver.service"])
        #expect(read.plan.dependencies(of: "calico-crds") == ["bootstrap-rbac"])
    }

    @Test func `exec reads from the task and from below exec`() throws {
        let text = """
            tasks:
              seed:
                script: scripts/apply.sh
                args: [-p, 6443]
                environment: {PORT: 6443, EMPTY: ''}
                preStart: echo $${HOME}
              mixed:
                environment: {A: b}
                exec: {command: ./bin/x, creates: /run/x}
            """
        let read = try declarations([("/etc/nest/bootstrap.yaml", text)])
        let seed = try #require(read.tasks.first?.verb.declaration as? ExecDeclaration)
        let mixed = try #require(read.tasks.last?.verb.declaration as? ExecDeclaration)
        #expect(seed.program.text == "script /etc/nest/scripts/apply.sh")
        #expect(seed.arguments == ["-p", "6443"])
        #expect(seed.environment == ["PORT": "6443", "EMPTY": ""])
        #expect(seed.preStart == "echo ${HOME}")
        #expect(mixed.program.text == "command /etc/nest/bin/x")
        #expect(mixed.environment == ["A": "b"])
        #expect(mixed.creates?.path == "/run/x")
    }

    @Test(arguments: [
        ("/etc/nest/bootstrap.yaml", "rbac", "/etc/nest/rbac"),
        ("/etc/nest/bootstrap.yaml", "../x/./rbac", "/etc/x/rbac"),
        ("/bootstrap.yaml", "../rbac", "/rbac"), ("bootstrap.yaml", "./rbac", "rbac"),
        ("conf/b.yaml", "rbac", "conf/rbac"),
        ("conf/b.yaml", "../../rbac", "../rbac"), ("/etc/nest/bootstrap.yaml", "/a/../b", "/a/../b"),
    ])
    func `a path that is read is relative to the folder of its file`(
        _ file: String,
        _ path: String,
        _ read: String
    ) throws {
        let text = "tasks: {t: {apply: {kubeconfig: /k, manifests: ['\(path)']}}}"
        let footprint = try #require(try declarations([(file, text)]).tasks.first?.footprint)
        #expect(footprint.reads.map(\.path.path) == ["/k", read])
    }

    @Test(
        arguments: [
            ("0644", 0o644), ("\"0600\"", 0o600), ("0o755", 0o755), ("644", 0o644), ("07777", 0o7777),
            ("'0o0640'", 0o640),
        ] as [(String, UInt16)]
    )
    func `permissions are octal however they are written`(_ written: String, _ mode: UInt16) throws {
        let text = "tasks: {t: {file: {path: /x, content: '', mode: \(written)}}}"
        let file = try read(FileDeclaration.self, "t", in: text)
        #expect(file.mode == mode)
    }

    @Test(arguments: [
        ("apiServer: /k", "apiServer /k"), ("apiServer: true, kubeconfig: /k", "apiServer /k"),
        ("tcp: 'localhost:80'", "tcp localhost 80"), ("tcp: '[::1]:6443'", "tcp ::1 6443"), ("file: /x", "file /x"),
        ("url: http://x/healthz", "url http://x/healthz -"),
        ("url: https://x, certificateAuthority: /ca", "url https://x /ca"), ("unit: etcd.service", "unit etcd.service"),
        ("address: 100.64.0.0/10", "address 100.64.0.0/10"), ("address: 'fd00::1'", "address fd00::1"),
        ("interface: tailscale0", "interface tailscale0"), ("interface: 'en*'", "interface en*"),
        (
            "object: {apiVersion: apps/v1, kind: DaemonSet, name: d, namespace: kube-system}, kubeconfig: /k",
            "object apps/v1 DaemonSet kube-system d /k"
        ),
    ])
    func `wait reads each condition`(_ written: String, _ read: String) throws {
        let wait = try self.read(WaitDeclaration.self, "t", in: "tasks: {t: {wait: {\(written)}}}")
        #expect(wait.text == read)
    }
}

extension ExecDeclaration.Program {
    fileprivate var text: String {
        switch self {
        case .script(let path): "script \(path.path)"
        case .command(let command, _): "command \(command)"
        }
    }
}

extension WaitDeclaration {
    fileprivate var text: String {
        switch condition {
        case .apiServer: "apiServer \(kubeconfig.path)"
        case .tcp(let host, let port): "tcp \(host) \(port)"
        case .file(let path): "file \(path.path)"
        case .url(let url): "url \(url) \(certificateAuthority?.path ?? "-")"
        case .unit(let unit): "unit \(unit)"
        case .address(let range): "address \(range)"
        case .interface(let name): "interface \(name)"
        case .object(let object):
            "object \(object.apiVersion) \(object.kind) \(object.namespace ?? "-") \(object.name) \(kubeconfig.path)"
        }
    }
}
