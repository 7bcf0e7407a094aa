import Glibc
import TestSupport
import Testing

/// Command `reset`, with what every verb makes on the node.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ResetTests {
    @Test func `what every verb has made is deleted, and nothing else`() async throws {
        let own = try await ResetNode()
        try await own.run()
        let made = try await own.tree()
        #expect(made.count > own.before.count + 20)
        let planned = try await own.node.run("reset", "--run-commands", "--dry-run")
        #expect(planned.status == 0 && planned.errors.isEmpty, "\(planned.errors)")
        #expect(planned.output.contains("program: would run the reset commands:\n    test -e \"$NEST_ROOT"))
        #expect(planned.output.contains("decrypted: /etc/keys/secret would be deleted\n"), "\(planned.output)")
        #expect(try await own.tree() == made)

        let result = try await own.node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(!result.output.contains("too late"), "\(result.output)")
        #expect(result.outputLines.last == "1 command run, 19 paths deleted", "\(result.output)")
        let deleted = { (text: String) in text.split(separator: "\n").filter { $0.contains("deleted") }.count }
        #expect(deleted(planned.output) == deleted(result.output) - 2, "\(planned.output)\(result.output)")
        #expect(try await own.tree() == own.clean)
        for flag in ["--yes", "--dry-run"] {
            let again = try await own.node.run("reset", flag)
            #expect(again.status == 0 && again.output == "nothing to reset\n", "\(again.output)\(again.errors)")
        }
        // The node can be set up again.
        try await own.run()
    }

    @Test func `a directory that has the program's own lists is no failure`() async throws {
        let node = try TestNode("tasks: {token: {file: {path: /var/lib/x/token, content: a}}}\n")
        #expect(try await node.run("run").status == 0)
        let result = try await node.run("reset", "--yes")
        #expect(
            result.status == 0 && !result.output.contains("/var/lib not deleted"),
            "\(result.output)\(result.errors)"
        )
        #expect(try !Files.exists(node.written("/var/lib/x")))
    }

    @Test func `a path that was in the way of a failed task is not suggested for deletion`() async throws {
        let file = "file: {file: {path: /etc/file, content: x}}"
        let node = try TestNode("tasks: {link: {symlink: {path: /etc/link, target: /etc/x}}, \(file)}\n")
        try Files.makeDirectories(node.written("/etc/file"))
        try Files.write(Array("own".utf8), to: node.written("/etc/link"), mode: 0o644)
        #expect(try await node.run("run").status == 1)
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 0 && !result.output.contains("/etc/"), "\(result.output)\(result.errors)")
        #expect(try Files.text(node.written("/etc/link")) == "own")
    }

    @Test(arguments: ["", "tasks: {}\n", "tasks: [\n"])
    func `tasks that left the task file are reset after a reboot, also if the file is invalid or gone`(
        text: String
    ) async throws {
        let own = try await ResetNode()
        try await own.run()
        try Files.removeTree(own.node.written("/run/nest-bootstrap"))
        if text.isEmpty {
            try Files.remove(own.node.config)
        } else {
            try own.node.write(text, to: "bootstrap.yaml")
        }
        let result = try await own.node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0, "\(result.errors)")
        #expect(!result.output.contains("too late"), "\(result.output)")
        #expect(
            result.errors.isEmpty == (text == "tasks: {}\n")
                && result.errors.isEmpty != result.errors.contains("warning: the task file cannot be used: "),
            "\(result.errors)"
        )
        #expect(try await own.tree() == own.clean)
    }

    @Test func `what somebody has changed stays and is listed, until it is as it was or gone`() async throws {
        let own = try await ResetNode()
        let node = own.node
        try await own.run()
        let token = try Files.read(node.written("/var/lib/join/token"))
        try node.write("changed", to: "root/var/lib/join/token", mode: 0o600)
        try Files.setMode(node.written("/etc/nest/deep/written"), 0o600)
        try Files.makeSymbolicLink(at: node.written("/opt/bin/tool"), to: "/bin/true", replacing: true)
        try Files.makeSymbolicLink(at: node.written("/etc/kubernetes/admin.conf"), to: "x", replacing: true)
        try Files.remove(node.written("/etc/keys/secret"))
        try Files.makeDirectories(node.written("/etc/keys/secret"))
        try node.write("mine", to: "root/etc/pki/mine")
        let expected = [
            "token: /var/lib/join/token not deleted: it has been changed since",
            "written: /etc/nest/deep/written not deleted: it has another owner or other permissions now",
            "linked: /opt/bin/tool not deleted: it is a link to '/bin/true' now",
            "admin: /etc/kubernetes/admin.conf not deleted: it is a link to 'x' now",
            "decrypted: /etc/keys/secret not deleted: it is a directory now",
        ]
        let planned = try await node.run("reset", "--run-commands", "--dry-run")
        #expect(planned.status == 1)
        #expect(Set(planned.outputLines).isSuperset(of: expected), "\(planned.output)")
        let directories = [
            "token: /var/lib/join", "written: /etc/nest/deep", "written: /etc/nest", "admin: /etc/kubernetes",
            "decrypted: /etc/keys", "issued: /etc/pki",
        ]
        let notEmpty = directories.map { "\($0) not deleted: it is not empty" }
        for round in 1...2 {
            let result = try await node.run("reset", "--run-commands", "--yes")
            #expect(result.status == 1)
            let kept = result.outputLines.filter { $0.contains(" not deleted: it ") }
            #expect(Set(kept) == Set(expected + notEmpty), "round \(round): \(result.output)")
            #expect(result.output.contains("11 paths not deleted\n"), "\(result.output)")
            #expect(try Files.exists(node.written("/run/nest-bootstrap")) == false)
        }
        try Files.write(token, to: node.written("/var/lib/join/token"), mode: 0o600)
        try Files.setMode(node.written("/etc/nest/deep/written"), 0o640)
        for path in ["/opt/bin/tool", "/etc/kubernetes/admin.conf", "/etc/pki/mine"] {
            try Files.remove(node.written(path))
        }
        try Files.removeTree(node.written("/etc/keys/secret"))
        #expect(try await node.run("reset", "--run-commands", "--yes").status == 0)
        #expect(try await own.tree() == own.clean)
    }

    @Test func `links that others have put above a path lead nowhere`() async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/made/f, content: x}}}\n")
        try Files.makeDirectories(node.written("/etc"))
        try #require(try await node.run("run").status == 0)
        let victim = TemporaryDirectory.file("victim")
        let moved = try await Tool.run("mv", [node.written("/etc/made"), victim])
        try #require(moved.status == 0)
        try Files.makeSymbolicLink(at: node.written("/etc/made"), to: victim)
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 1)
        #expect(result.output.contains("t: /etc/made/f not deleted: it is below '"), "\(result.output)")
        #expect(try Files.list(victim) == ["f"])
    }

    @Test func `a link above a path that was there before is followed to where the file is`() async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/short/new/f, content: x}}}\n")
        try Files.makeDirectories(node.written("/srv/long"))
        for path in ["/etc", "/run", "/var/lib"] { try Files.makeDirectories(node.written(path)) }
        try Files.makeSymbolicLink(at: node.written("/etc/short"), to: "/srv/long")
        let before = try await ResetNode.tree(node)
        try #require(try await node.run("run").status == 0)
        let result = try await node.run("reset", "--yes")
        #expect(result.outputLines.prefix(2) == ["t: /srv/long/new/f deleted", "t: /srv/long/new deleted"])
        #expect(try await ResetNode.tree(node) == before)
    }
}

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
