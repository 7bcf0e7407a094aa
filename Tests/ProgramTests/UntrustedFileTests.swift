import Glibc
import TestSupport
import Testing

/// Files that `run` refuses, because another user can change them, or read what is secret.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)), .enabled(if: geteuid() == 0))
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
        try node.write("a key", to: "leaf.key")
        try Files.setMode(node.path("leaf.key"), 0o644)
        #expect(
            try await line(node) == "t: error: kubeconfig 'DIR/admin' cannot be used: cannot use private key "
                + "'DIR/leaf.key': every user of the node can read it (owner 0, group 0, mode 0644); "
                + "run 'chmod 0600 DIR/leaf.key'"
        )
    }

    @Test func `a token that every user can change`() async throws {
        let node = try node("  t: {apply: {kubeconfig: admin, manifests: [m.yaml]}}")
        try node.write(kubeconfig("{tokenFile: token}"), to: "admin")
        try node.write("token", to: "token")
        try Files.setMode(node.path("token"), 0o666)
        #expect(
            try await line(node) == "t: error: kubeconfig 'DIR/admin' cannot be used: cannot trust 'DIR/token': "
                + "a user other than root can change it (owner 0, group 0, mode 0666); run 'chmod go-w DIR/token'"
        )
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
