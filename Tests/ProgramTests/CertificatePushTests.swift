import TestSupport
import Testing

/// The transfer of certificates to nodes.
///
/// Each node is a directory on this machine, and a script in place of ssh runs commands with the host name of the node.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)), .enabled(if: TestProcess.isRoot, "only root can set a host name"))
struct CertificatePushTests {
    /// The operator's machine with a set, and six nodes without files.
    private func operatorsMachine() async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        for host in nodes.hosts {
            for file in ["bootstrap.yaml", "bootstrap.d/50-test.yaml"] {
                try Files.write(try Files.read(nodes.path(file)), to: nodes.path("nodes/\(host)/\(file)"), mode: 0o644)
            }
        }
        // The arguments are those of ssh: the name of the node, then a command line for its shell. `-cut COUNT` ends the
        // input after COUNT bytes, `-host NAME` sets another host name, and `-unreachable` fails as ssh does.
        let script = """
            #!/bin/sh
            set -eu
            case $1 in
            -cut) input="head -c $2"; shift 2 ;;
            -host) name=$2; input=cat; shift 2 ;;
            -unreachable) echo "ssh: connect to host $2 port 22: No route to host" >&2; exit 255 ;;
            *) input=cat ;;
            esac
            host=$1
            line=$(printf %s "$2" | sed 's|^nest-bootstrap|\(TestNode.program)|')
            $input | unshare --uts sh -c "hostname ${name:-$host}; exec $line --config \(nodes.path("nodes"))/$host/bootstrap.yaml"
            """
        try Files.write(Array(script.utf8), to: nodes.path("ssh"), mode: 0o755)
        return nodes
    }

    private func push(_ nodes: CertificateNodes, _ arguments: String..., ssh: String = "") async throws -> ToolResult {
        try await nodes.start(["push", "--ssh", "\(nodes.path("ssh")) \(ssh)"] + arguments).result()
    }

    /// The contents of all files of a node by their paths, including files that it should not have.
    private func files(of host: String, _ nodes: CertificateNodes) async throws -> [String: [UInt8]] {
        let directory = nodes.path("nodes/\(host)/secrets")
        guard try Files.exists(directory) else { return [:] }
        let names = try await nodes.must("find", directory, "-type", "f")
        let paths = names.split(separator: "\n").map(String.init)
        return try Dictionary(
            uniqueKeysWithValues: paths.map {
                (String($0.dropFirst(directory.count + "/certs/".count)), try Files.read($0))
            }
        )
    }

    /// The files that a node is to have.
    private func expected(of host: String, _ nodes: CertificateNodes) throws -> [String: [UInt8]] {
        // Control planes also get the certificates with which the others sign tokens.
        let isControlPlane = nodes.hosts[..<2].contains(host)
        return try nodes.contents().filter { path, _ in
            path == "ca/k8s.crt" || path.hasPrefix("derived/\(host)/")
                || isControlPlane && path.hasSuffix("/k8s-service-account.crt")
        }
    }

    @Test func `each node gets the CA and its own files, and nothing the second time`() async throws {
        let nodes = try await operatorsMachine()
        let dryRun = try await push(nodes, "--dry-run")
        #expect(dryRun.status == 0, "\(dryRun.errors)")
        #expect(dryRun.resultLines.first == "ducksnest-controlplane: 28 would be changed, 0 unchanged")
        for host in nodes.hosts { #expect(try await files(of: host, nodes).isEmpty) }
        let result = try await push(nodes)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.resultLines.count == nodes.hosts.count)
        for host in nodes.hosts { #expect(try await files(of: host, nodes) == expected(of: host, nodes), "\(host)") }
        #expect(
            try await push(nodes).resultLines.allSatisfy {
                $0.hasSuffix(": 7 unchanged") || $0.hasSuffix(": 28 unchanged")
            }
        )
    }

    @Test func `after a renewal the named node gets the new files, and loses what is no longer declared`() async throws
    {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        #expect(try await push(nodes).status == 0)
        try await nodes.renew("--all", "--name", "kubelet")
        let own = nodes.path("nodes/\(host)/secrets/certs")
        try Files.write(Array("mine".utf8), to: "\(own)/notes", mode: 0o644)
        try Files.write(
            try Files.read("\(nodes.set)/ca/k8s.crt"),
            to: "\(own)/derived/\(host)/k8s-old.crt",
            mode: 0o644
        )
        let result = try await push(nodes, host, "--output", "json")
        let node = try #require(try result.output.json["nodes"]?[0])
        #expect(node["changed"]?.sequence?.count == 2)
        #expect(node["removed"]?[0]?.string == "derived/\(host)/k8s-old.crt")
        var all = try expected(of: host, nodes)
        all["notes"] = Array("mine".utf8)
        #expect(try await files(of: host, nodes) == all)
        let other = nodes.hosts[3]
        #expect(try await files(of: other, nodes) != expected(of: other, nodes))
    }

    @Test func `a link in place of a file is replaced by a file that only root may write`() async throws {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        #expect(try await push(nodes, host).status == 0)
        let directory = nodes.path("nodes/\(host)/secrets/certs")
        for (file, target) in [("ca/k8s.crt", nodes.path("outside")), ("derived/\(host)/k8s-kubelet.key.age", "/none")]
        {
            try Files.makeSymbolicLink(at: "\(directory)/\(file)", to: target, replacing: true)
        }
        try Files.write(Array("mine".utf8), to: nodes.path("outside"), mode: 0o600)
        #expect(try await push(nodes, host).resultLines == ["\(host): 2 changed, 5 unchanged"])
        #expect(try await files(of: host, nodes) == expected(of: host, nodes))
        let modes = try await nodes.must("find", directory, "-type", "f", "-printf", "%m ")
        #expect(Set(modes.split(separator: " ")) == ["644"], "\(modes)")
        #expect(try nodes.text("outside") == "mine")
    }

    @Test func `a node whose connection ends keeps the files that it had, and the others get theirs`() async throws {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        let size = try expected(of: host, nodes).values.map(\.count).reduce(0, +)
        for count in [0, 1, 100, size / 2, size] {
            let cut = try await push(nodes, host, ssh: "-cut \(count)")
            #expect(cut.status == 1)
            #expect(
                cut.errors.contains("\(host): what was sent is not complete JSON; push again"),
                "\(count): \(cut.errors)"
            )
            #expect(try await files(of: host, nodes).isEmpty)
        }
        try Files.remove(nodes.path("nodes/\(host)/bootstrap.yaml"))
        let result = try await push(nodes)
        #expect(result.status == 1)
        #expect(result.errors.contains("1 of 6 nodes has not confirmed the files"), "\(result.errors)")
        for other in nodes.hosts where other != host {
            #expect(try await files(of: other, nodes) == expected(of: other, nodes))
        }
    }

    @Test func `files for another machine are refused, and so is a node that cannot be reached`() async throws {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        let wrong = try await push(nodes, host, ssh: "-host elsewhere")
        #expect(wrong.status == 1)
        #expect(
            wrong.errors.contains(
                "these are the files of node '\(host)', but the host name of this machine is 'elsewhere'"
            ),
            "\(wrong.errors)"
        )
        #expect(try await files(of: host, nodes).isEmpty)
        let unreachable = try await push(nodes, host, ssh: "-unreachable")
        #expect(unreachable.errors.contains("\(host): ssh: connect to host \(host) port 22: No route to host; try "))
        let unknown = try await push(nodes, "nobody")
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("no node with certificates 'nobody' is declared"))
    }

    @Test(arguments: [
        ("key.age", "-----BEGIN PRIVATE KEY-----\n", "contains a private key that is not encrypted"),
        ("key.age", "nothing", "is not an encrypted key"), ("crt", "nothing", "is not a certificate"),
    ])
    func `a node with a file that cannot be used keeps its files, and the others get theirs`(
        type: String,
        content: String,
        fault: String,
    ) async throws {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        try Files.write(Array(content.utf8), to: "\(nodes.set)/derived/\(host)/k8s-kubelet.\(type)", mode: 0o644)
        let result = try await push(nodes)
        #expect(result.status == 1)
        #expect(result.errors.contains("k8s-kubelet.\(type)' \(fault)"), "\(result.errors)")
        for other in nodes.hosts {
            #expect(try await files(of: other, nodes) == (other == host ? [:] : expected(of: other, nodes)))
        }
    }

    @Test func `owners and permissions stay, and so do lines that a login script prints`() async throws {
        let nodes = try await operatorsMachine()
        let host = nodes.hosts[2]
        #expect(try await push(nodes, host).status == 0)
        let set = nodes.path("nodes/\(host)/secrets/certs")
        try await nodes.must("chown", "-R", "104:105", set)
        try await nodes.must("chmod", "-R", "o-rwx", set)
        let states = "find '\(set)' -printf '%P %U:%G %m\\n' | sort"
        let before = try await nodes.must("sh", "-c", states)
        try await nodes.renew("--all", "--name", "kubelet")
        let script = try nodes.text("ssh").replacing("set -eu\n", with: "set -eu\necho welcome\n") + "\necho goodbye\n"
        try Files.write(Array(script.utf8), to: nodes.path("ssh"), mode: 0o755)
        #expect(try await push(nodes, host).resultLines == ["\(host): 2 changed, 5 unchanged"])
        #expect(try await nodes.must("sh", "-c", states) == before)
    }
}
