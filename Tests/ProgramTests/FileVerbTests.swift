import TestSupport
import Testing

/// Tasks that write on the node, in their units.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct FileVerbTests {
    @Test func `what a unit makes is put in place after it, or the task has failed`() async throws {
        let node = try TestNode(
            """
            tasks:
              file: {file: {path: /etc/nest/file, content: text}}
              link: {symlink: {path: /etc/nest/link, target: /nowhere}}
              data: {directory: {path: /etc/nest/data, mode: "0710"}}
              copy: {file: {path: /etc/nest/copy, source: original}}
            """
        )
        let unit = ["NEST_UNIT": "yes"]
        for task in ["file", "link", "data"] {
            #expect(try await node.run("run", "--task", task, environment: unit).status == 0)
            #expect(try Files.exists(node.written("/etc/nest/\(task)")) == false)
            #expect(try await node.run("supervise", task, environment: unit).status == 0)
        }
        #expect(try Files.text(node.written("/etc/nest/file")) == "text")
        #expect(try Files.status(node.written("/etc/nest/link"))?.target == "/nowhere")
        #expect(try Files.status(node.written("/etc/nest/data"))?.mode == 0o710)
        let again = try await node.run("run", "--task", "file", environment: unit)
        #expect(again.outputLines.last?.hasSuffix("unchanged") == true, "\(again.output)")

        // What an attempt has left is not put in place after another has failed.
        try node.write("another", to: "original")
        #expect(try await node.run("run", "--task", "copy", environment: unit).status == 0)
        let record = node.written("/run/nest-bootstrap/tasks/copy/record.json")
        let failed = try Files.text(record).replacing(#""outcome":"changed""#, with: #""outcome":"failed""#)
        try Files.write(Array(failed.utf8), to: record, mode: 0o600)
        #expect(try await node.run("supervise", "copy", environment: unit).status == 0)
        #expect(try Files.exists(node.written("/etc/nest/copy")) == false)
        try Files.remove(node.path("original"))
        #expect(try await node.run("run", "--task", "copy", environment: unit).status == 1)
        #expect(try await node.run("supervise", "copy", environment: unit).status == 0)
        #expect(try Files.exists(node.written("/etc/nest/copy")) == false)
    }

    @Test func `a product that cannot be put in place is a failure of its task`() async throws {
        let node = try TestNode("tasks: {file: {file: {path: /etc/nest/file, content: text}}}\n")
        let unit = ["NEST_UNIT": "yes"]
        #expect(try await node.run("run", "--task", "file", environment: unit).status == 0)
        try Files.write([], to: node.written("/etc/nest/file/in/the/way"), mode: 0o600)
        let result = try await node.run("supervise", "file", environment: unit)
        #expect(result.status == 1)
        let location = node.written("/etc/nest/file")
        let reason = "cannot put '/etc/nest/file' in place: cannot write '\(location)': a directory is in the way"
        #expect(result.errors.hasPrefix("nest-bootstrap: task 'file' failed: \(reason)"), "\(result.errors)")
        let status = try await node.run("status", "file")
        #expect(status.status == 1)
        #expect(status.output.contains(reason), "\(status.output)")
        #expect(try Files.text(location + "/in/the/way") == "")
    }
}

/// Tasks that run programs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ExecVerbTests {
    @Test func `a script has its environment, its arguments and what preStart made`() async throws {
        let node = try TestNode(
            """
            variables: {place: north}
            tasks:
              seed:
                exec:
                  script: seed.sh
                  args: [one, "two words", "$HOME"]
                  environment: {PLACE: "${place}", STAMP: \(TemporaryDirectory.file("stamp"))}
                  preStart: |
                    echo "prepared for $PLACE" > "$STAMP"
            """
        )
        try node.write(
            """
            cat "$STAMP"
            echo "$NEST_TASK $#: $1, $2, $3"
            echo "problems go here" >&2
            """,
            to: "seed.sh",
        )
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        for line in ["prepared for north", "seed 3: one, two words, $HOME", "problems go here"] {
            #expect(result.outputLines.contains("seed: | \(line)"), "\(result.output)")
        }
    }

    @Test func `a program that fails is reported with its place, its code and its last line`() async throws {
        let node = try TestNode("tasks:\n  fails: {exec: {script: fails.sh}}\n")
        try node.write("echo first\necho the disk is full >&2\nexit 7\n", to: "fails.sh")
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("fails: error: \(node.config):2:26: '"), "\(result.errors)")
        #expect(result.errors.contains("fails.sh' exited with code 7; its last output was: first | the disk is full"))
    }
}

/// Keys of the homelab's certificates, decrypted on a node with its SSH key.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DecryptVerbTests {
    private static let host = "ducksnest-laptop-old"

    /// A node of the set that decrypts the key of its kubelet.
    private func node(_ nodes: CertificateNodes, certificate: String = "kubelet") throws -> TestNode {
        let own = "\(nodes.set)/derived/\(Self.host)/k8s-"
        return try TestNode(
            """
            tasks:
              kubelet-key:
                decrypt:
                  path: /run/kubernetes/kubelet.key
                  source: \(own)kubelet.key.age
                  certificate: \(own)\(certificate).crt
                  identity: \(nodes.path("private/\(Self.host)"))
                  mode: "0400"

            """,
            in: nodes.path("node")
        )
    }

    private func set() async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        return nodes
    }

    @Test func `a node decrypts its key, and again after a renewal`() async throws {
        let nodes = try await set()
        let node = try node(nodes)
        #expect(try await node.run("check").status == 0)
        for command in [["run", "--dry-run"], ["diff"]] {
            let result = try await node.start(command).result()
            #expect(result.output.contains("/run/kubernetes/kubelet.key"), "\(command): \(result.errors)")
            #expect(!result.output.contains("KEY-----"), "\(command)")
        }
        #expect(try Files.list(node.root) == [])
        #expect(try await node.run("run").outputLines.last == "1 task: 1 changed")
        let key = node.written("/run/kubernetes/kubelet.key")
        #expect(try Files.status(key)?.mode == 0o400)
        let certificate = "\(nodes.set)/derived/\(Self.host)/k8s-kubelet.crt"
        let first = try await nodes.must("openssl", "pkey", "-in", key, "-pubout")
        #expect(first == (try await nodes.must("openssl", "x509", "-in", certificate, "-noout", "-pubkey")))
        #expect(try await node.run("run").outputLines.last == "1 task: 1 unchanged")
        try await nodes.renew("--all", "--node", Self.host)
        let renewed = try await node.run("run")
        #expect(renewed.outputLines.last == "1 task: 1 changed", "\(renewed.errors)")
        let second = try await nodes.must("openssl", "pkey", "-in", key, "-pubout")
        #expect(second != first)
        #expect(second == (try await nodes.must("openssl", "x509", "-in", certificate, "-noout", "-pubkey")))
        #expect(try Files.list(node.written("/run/kubernetes")) == ["kubelet.key"])
    }

    @Test func `a key of another certificate, or of another node, is not put in place`() async throws {
        let nodes = try await set()
        let mixed = try node(nodes, certificate: "kube-proxy")
        let result = try await mixed.run("run")
        #expect(result.status == 1)
        let own = "\(nodes.set)/derived/\(Self.host)/k8s-"
        let place = "kubelet-key: error: \(mixed.config)"
        #expect(result.errors.hasPrefix("\(place):6:20: key '\(own)kubelet.key.age' does not belong to "))
        let other = nodes.path("private/ducksnest-laptop-ultra")
        try mixed.write(
            try nodes.text("node/bootstrap.yaml").replacing(nodes.path("private/\(Self.host)"), with: other),
            to: "bootstrap.yaml"
        )
        let refused = try await mixed.run("run")
        #expect(refused.status == 1)
        #expect(refused.errors.hasPrefix("\(place):5:15: cannot decrypt '\(own)kubelet.key.age': "))
        #expect(try !Files.exists(mixed.written("/run/kubernetes")))
    }

    @Test func `a unit decrypts with the copy of the key that systemd has made for it`() async throws {
        let nodes = try await set()
        let node = try node(nodes)
        let identity = nodes.path("private/\(Self.host)")
        let escaped = try await nodes.must("systemd-escape", "--path", identity)
        let name = escaped.split(separator: "\n").first.map(String.init) ?? ""
        try await nodes.must("mv", identity, try node.write("", to: "credentials/\(name)", mode: 0o600))
        let unit = ["NEST_UNIT": "yes", "CREDENTIALS_DIRECTORY": node.path("credentials")]
        let result = try await node.run("run", "--task", "kubelet-key", environment: unit)
        #expect(result.status == 0, "\(result.errors)")
        let key = node.written("/run/kubernetes/kubelet.key")
        #expect(try !Files.exists(key))
        #expect(try await node.run("supervise", "kubelet-key", environment: unit).status == 0)
        #expect(try Files.status(key)?.mode == 0o400)
        try await nodes.must("openssl", "pkey", "-in", key, "-noout")
        try node.write("no such file when the unit was started", to: "credentials/\(name)", mode: 0o600)
        let missing = try await node.run("run", "--task", "kubelet-key", environment: unit)
        #expect(missing.errors.contains("cannot read '\(identity)': No such file or directory"), "\(missing.errors)")
    }
}
