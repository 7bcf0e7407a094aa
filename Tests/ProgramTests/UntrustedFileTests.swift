import Glibc
import TestSupport
import Testing

/// Files that `run` refuses, because another user can change them, or read what is secret.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)), .enabled(if: geteuid() == 0))
struct UntrustedFileTests {
    private func kubeconfig(_ user: String) -> String {
        """
        {apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
         clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority: leaf.crt}}],
         users: [{name: u, user: \(user)}]}
        """
    }

    private func node(_ tasks: String) throws -> TestNode {
        let node = try TestNode("tasks:\n\(tasks)\n")
        try Files.setMode(node.directory, 0o755)
        try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: untrusted}}", to: "m.yaml")
        return node
    }

    private func line(_ node: TestNode) async throws -> String {
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.errorLines.count == 1)
        return (result.errorLines.first ?? "").replacing(node.directory, with: "DIR")
    }

    @Test func `a client key that every user can read`() async throws {
        let node = try node("  t: {apply: {kubeconfig: admin, manifests: [m.yaml]}}")
        try node.write(kubeconfig("{client-certificate: leaf.crt, client-key: leaf.key}"), to: "admin")
        let files = ["-keyout", node.path("leaf.key"), "-out", node.path("leaf.crt")]
        let made = try await Tool.run(
            "openssl",
            ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=u", "-days", "1"] + files
        )
        try #require(made.status == 0, "\(made.errors)")
        try Files.setMode(node.path("leaf.key"), 0o644)
        let text = try await line(node)
        #expect(text.hasPrefix("t: error: kubeconfig 'DIR/admin' cannot be used: ") && text.contains("0644"), "\(text)")
    }

    @Test func `a token that every user can change`() async throws {
        let node = try node("  t: {apply: {kubeconfig: admin, manifests: [m.yaml]}}")
        try node.write(kubeconfig("{tokenFile: token}"), to: "admin")
        try node.write("token", to: "token")
        try Files.setMode(node.path("token"), 0o666)
        let text = try await line(node)
        #expect(text.contains(": cannot trust 'DIR/token': a user other than root can change it "), "\(text)")
    }

    @Test func `a program that every user can change`() async throws {
        let node = try node("  t: {exec: {command: ./program}}")
        try node.write("#!/bin/sh\ntouch ran\n", to: "program")
        try Files.setMode(node.path("program"), 0o777)
        let text = try await line(node)
        #expect(text.hasPrefix("t: error: DIR/bootstrap.yaml:2:23: 'DIR/program' is not run: cannot trust "), "\(text)")
        #expect(try Files.exists(node.path("ran")) == false)
    }

    @Test func `a manifest of another user`() async throws {
        let node = try node("  t: {apply: {kubeconfig: admin, manifests: [m.yaml]}}")
        try #require(unsafe chown(node.path("m.yaml"), 65534, 0) == 0)
        let text = try await line(node)
        #expect(text.hasPrefix("t: error: DIR/bootstrap.yaml:2:"), "\(text)")
        #expect(text.contains(": cannot trust 'DIR/m.yaml': a user other than root can change it "), "\(text)")
    }
}

/// The default task file, in an `/etc` of its own.
@Suite(.temporaryDirectory, .enabled(if: geteuid() == 0, "only root can mount"), .timeLimit(.minutes(15)))
struct AbsentTaskFileTests {
    /// Runs the program where `/etc/nest-bootstrap` has what a shell script puts there.
    private func run(_ preparation: String, _ arguments: String...) async throws -> ToolResult {
        let script = """
            mount -t tmpfs none /etc
            mkdir /etc/nest-bootstrap
            cd /etc/nest-bootstrap
            \(preparation)
            exec "$@"
            """
        let program = [TestNode.program] + arguments
        return try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", script, "sh"] + program,
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
    }

    @Test func `a link that leads nowhere is not a missing task file`() async throws {
        let file = try await run("ln -s /srv/gone bootstrap.yaml", "check")
        #expect(file.status == 78)
        #expect(file.errors.contains("it is a link to '/srv/gone'"), "\(file.errors)")
        let directory = try await run("ln -s /srv/gone bootstrap.d", "check")
        #expect(directory.status == 78)
        #expect(directory.errors.hasPrefix("/etc/nest-bootstrap/bootstrap.d: "), "\(directory.errors)")
        let generated = try await run("ln -s /srv/gone bootstrap.yaml; \(try generator())", "")
        #expect(generated.status == 0, "\(generated.errors)")
        #expect(try Files.exists(TemporaryDirectory.file("normal/k8s-bootstrap-health.service")))
        let closed = try Files.text(TemporaryDirectory.file("normal/k8s-bootstrap.target.d/50-tasks.conf"))
        #expect(closed.contains("the task file is invalid"), "\(closed)")
    }

    /// A shell command that replaces the program by a generator, which writes to `normal`.
    private func generator(_ flags: String = "") throws -> String {
        let path = TemporaryDirectory.file("nest-bootstrap-generator")
        try Files.makeSymbolicLink(at: path, to: TestNode.program, replacing: true)
        let directories = ["normal", "early", "late"].map(TemporaryDirectory.file).joined(separator: " ")
        return "set -- \(path) \(directories) --root \(TemporaryDirectory.file("root")) \(flags)"
    }

    /// systemd creates the directory of a task before its program starts and writes the record.
    @Test func `a task that is just starting keeps its unit while the task file is invalid`() async throws {
        try Files.makeDirectories(TemporaryDirectory.file("root/run/nest-bootstrap/tasks/starting"), mode: 0o711)
        let invalid = "echo 'tasks: {t: {exec: {comand: ls}}}' >bootstrap.yaml"
        let generated = try await run("\(invalid); \(try generator())", "")
        #expect(generated.status == 0, "\(generated.errors)")
        #expect(try Files.exists(TemporaryDirectory.file("normal/k8s-bootstrap-starting.service")))
    }

    @Test func `a drop-in needs no task file`() async throws {
        let dropIn = "mkdir bootstrap.d; echo 'tasks: {a: {exec: {command: /bin/true}}}' >bootstrap.d/50-a.yaml"
        let result = try await run(dropIn, "check", "--offline")
        #expect(result.status == 0 && result.output == "1 task for this node, nothing wrong\n", "\(result.errors)")
    }

    @Test func `the unit of a task whose task file is gone says so`() async throws {
        let result = try await run("export NOTIFY_SOCKET=/nowhere", "run", "--task", "a")
        #expect(result.status == 78)
        #expect(
            result.errors.contains("there is no task file '/etc/nest-bootstrap/bootstrap.yaml'"),
            "\(result.errors)"
        )
    }
}
