import TestSupport
import Testing

/// A node with a task of every verb that makes something on the node, each with real credentials.
struct ResetNode {
    let node: TestNode

    /// Whose files exist as long as it does.
    private let authority: TestAuthority

    /// The root before the first run.
    let before: [String]

    /// Makes the node with some directories of a system, and a file that a task finds as described.
    init() async throws {
        let authority = try TestAuthority()
        self.authority = authority
        let client = try authority.issue("client")
        let identity = TemporaryDirectory.file("identity")
        _ = try await Tool.run("age-keygen", ["-o", identity])
        try Files.setMode(identity, 0o600)
        let recipient = try await Tool.run("age-keygen", ["-y", identity]).output.filter { $0 != "\n" }
        let secret = TemporaryDirectory.file("secret")
        try Files.write(Array("hidden".utf8), to: secret, mode: 0o600)
        _ = try await Tool.run("age", ["-r", recipient, "-o", "\(secret).age", secret])
        node = try TestNode(
            """
            cluster: {name: nest, servers: "https://127.0.0.1:1", certificateAuthority: \(authority.certificatePath)}
            tasks:
              written: {file: {path: /etc/nest/deep/written, content: "x\\n", mode: "0640"}}
              found: {file: {path: /etc/found, content: "as described\\n"}}
              replaced: {file: {path: /etc/replaced, content: "new\\n"}}
              token: {file: {path: /var/lib/join/token, generate: token}}
              linked: {after: [written], symlink: {path: /opt/bin/tool, target: ../../etc/nest/deep/written}}
              data: {directory: {path: /srv/made/data, mode: "0700"}}
              inside: {after: [data], file: {path: /srv/made/data/inside, content: x}}
              corrected: {directory: {path: /opt/bin, mode: "0755"}}
              admin:
                kubeconfig:
                  path: /etc/kubernetes/admin.conf
                  user: admin
                  certificate: \(client.certificatePath)
                  key: \(client.keyPath)
              decrypted: {decrypt: {path: /etc/keys/secret, source: \(secret).age, identity: \(identity), mode: "0400"}}
              issued:
                certificate:
                  path: /etc/pki/made.crt
                  key: /etc/pki/made.key
                  leaf: {commonName: made, usages: [client auth], key: ecdsa-p256, validity: 1h}
                  ca: {certificate: \(authority.certificatePath), key: \(authority.path("ca.key"))}
              program:
                after: [linked]
                reset: |
                  test -e "$NEST_ROOT/opt/bin/tool" || echo "$NEST_TASK too late"
                  rm -r "$NEST_ROOT/var/lib/program/data"
                exec: {command: sh, args: [-c, 'mkdir "$NEST_ROOT/var/lib/program/data"'], writes: [/var/lib/program/]}

            """
        )
        for directory in ["run", "var/lib", "etc", "opt/bin"] {
            try Files.makeDirectories("\(node.root)/\(directory)")
        }
        try node.write("as described\n", to: "root/etc/found")
        try node.write("old\n", to: "root/etc/replaced")
        try node.write("mine\n", to: "root/opt/bin/other")
        before = try await Self.tree(node)
    }

    /// The paths below the root with kinds, modes and links' targets.
    static func tree(_ node: TestNode) async throws -> [String] {
        let result = try await Tool.run("find", [node.root, "-printf", "%P %y %m %l\n"])
        try #require(result.status == 0, "\(result.errors)")
        return result.outputLines.sorted()
    }

    /// The root now.
    func tree() async throws -> [String] { try await Self.tree(node) }

    /// The root without what was replaced, which is not restored.
    var clean: [String] { before.filter { !$0.hasPrefix("etc/replaced ") } }

    /// Runs all tasks, which must change what they describe.
    func run() async throws {
        let result = try await node.run("run")
        try #require(result.outputLines.last == "12 tasks: 10 changed, 2 unchanged", "\(result.output)\(result.errors)")
    }
}
