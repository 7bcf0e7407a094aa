import Glibc
import TestSupport
import Testing

/// The files in `examples/k3s`, read by the programs that they are for.
///
/// k3s itself is not in Debian: what it would read is compared with the keys that it documents.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct K3sExampleTests {
    static let directory = "\(TestCluster.sourceRoot)/examples/k3s"
    private static let secrets = "/etc/nest-bootstrap/secrets"

    /// The keys of k3s' configuration that the example uses, as the reference of `k3s server` and `k3s agent` has them.
    private static let serverKeys: Set<String> = [
        "cluster-init", "flannel-iface", "node-ip", "node-name", "server", "tls-san", "token-file",
    ]
    private static let agentKeys: Set<String> = ["node-ip", "node-name", "server", "token-file"]

    /// The tasks that only write files, by role.
    private static let first = ["join-token", "k3s-token", "keepalived", "k3s-server", "k3s-first-server"]
    private static let next = ["k3s-token", "keepalived", "k3s-server", "k3s-next-server"]
    private static let worker = ["k3s-token", "k3s-agent"]

    private func root(_ host: String) -> String { TemporaryDirectory.file(host) }

    private func text(_ path: String, on host: String) throws -> String {
        try Files.text(root(host) + path)
    }

    /// Runs tasks as a host does, below a root of its own.
    private func run(_ tasks: [String], on host: String) async throws -> ToolResult {
        try Files.makeDirectories(root(host))
        let script = "hostname \"$1\"; shift; exec \"$@\""
        let command = [TestNode.program, "run", "--config", "\(Self.directory)/bootstrap.yaml", "--root", root(host)]
        return try await Tool.run(
            "unshare",
            ["--uts", "sh", "-euc", script, "sh", host] + command + tasks.flatMap { ["--task", $0] },
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
    }

    /// Makes the token on the first control plane, copies it to another host as an administrator does, and runs its tasks.
    private func runAll(_ hosts: [(name: String, tasks: [String])]) async throws {
        for (host, tasks) in hosts {
            if host != "cp-01" {
                let token = try text("\(Self.secrets)/join-token", on: "cp-01")
                try Files.write(Array(token.utf8), to: "\(root(host))\(Self.secrets)/join-token", mode: 0o600)
            }
            let result = try await run(tasks, on: host)
            #expect(result.status == 0, "\(host): \(result.errors)")
        }
    }

    /// The configuration that k3s would read on a host: the file, then those of the directory, whose values replace others.
    private func configuration(_ host: String) async throws -> [String: JSON] {
        let directory = "/etc/rancher/k3s/config.yaml.d"
        let more = (try? Files.list(root(host) + directory)) ?? []
        var values: [String: JSON] = [:]
        for path in ["/etc/rancher/k3s/config.yaml"] + more.sorted().map({ "\(directory)/\($0)" }) {
            let document = try #require(try await text(path, on: host).yamlDocuments().first)
            for entry in document.entries ?? [] { values[entry.key] = entry.value }
        }
        return values
    }

    @Test func `every node of the file has a plan without mistakes`() async throws {
        let config = "\(Self.directory)/bootstrap.yaml"
        let check = try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output.hasSuffix("7 nodes, nothing wrong\n"), "\(check.output)")
        #expect(check.output.contains("spare-* (minimal, as spare-0): 2 tasks\n"), "\(check.output)")
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can give a host another name"))
    func `each host configures k3s with documented keys, and all have one token`() async throws {
        try await runAll([
            ("cp-01", Self.first), ("cp-02", Self.next), ("cp-03", Self.next), ("worker-01", Self.worker),
            ("worker-99", Self.worker),
        ])
        let (first, second) = (try await configuration("cp-01"), try await configuration("cp-02"))
        #expect(first["cluster-init"]?.boolean == true && first["server"] == nil)
        #expect(second["server"]?.string == "https://192.168.1.100:6443" && second["cluster-init"] == nil)
        let names = ["192.168.1.100", "192.168.1.101", "192.168.1.102", "192.168.1.103"]
        for values in [first, second] {
            #expect(values["tls-san"]?.sequence?.map(\.string) == names)
            #expect(Set(values.keys).isSubset(of: Self.serverKeys), "\(values.keys)")
        }
        for host in ["worker-01", "worker-99"] {
            let agent = try await configuration(host)
            #expect(Set(agent.keys).isSubset(of: Self.agentKeys), "\(agent.keys)")
            #expect(agent["server"]?.string == "https://192.168.1.100:6443")
            #expect(agent["node-name"]?.string == host)
        }
        let token = try text("/etc/rancher/k3s/token", on: "cp-01")
        #expect(token.utf8.count == 65)
        for host in ["cp-02", "cp-03", "worker-01", "worker-99"] {
            #expect(try text("/etc/rancher/k3s/token", on: host) == token)
            let status = try Files.status("\(root(host))/etc/rancher/k3s/token")
            #expect(status?.mode == 0o600)
        }
        try await runAll([("cp-01", Self.first)])
        #expect(try text("/etc/rancher/k3s/token", on: "cp-01") == token)
    }

    @Test(.needsNetworkNamespace) func `keepalived moves the virtual IP address to a server whose API answers`()
        async throws
    {
        let hosts = ["cp-01", "cp-02", "cp-03"]
        try await runAll([("cp-01", Self.first), ("cp-02", Self.next), ("cp-03", Self.next)])
        for host in hosts {
            let file = "\(root(host))/etc/keepalived/keepalived.conf"
            let test = try await Tool.run("keepalived", ["--config-test", "--use-file=\(file)"])
            #expect(test.status == 0, "\(test.errors)")
        }
        let bytes = try Files.read("\(TestCluster.sourceRoot)/Tests/ProgramTests/virtual-address.sh")
        let script = String(decoding: bytes, as: UTF8.self)
        let result = try await Tool.run(
            "unshare",
            [
                "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script, "sh",
                TemporaryDirectory.path,
            ],
        )
        let expected = [
            "no API server: ", "API servers of cp-02 and cp-03: cp-02", "API server of cp-01: cp-01",
            "cp-01 does not answer: cp-02", "cp-01 answers: cp-01", "cp-01 is off: cp-02",
            "cp-01 is on without its API server: ", "others keep it: cp-02", "API server of cp-01: cp-01",
        ]
        #expect(result.outputLines == expected, "\(result.output)\(result.errors)")
    }
}

/// The scripts in `examples/k3s`.
extension K3sExampleTests {
    /// A machine of the cluster with a volume that belongs to another machine; `$1` is the example.
    private static let member = """
        for path in /run /var/lib /root; do mount -t tmpfs tmpfs "$path"; done
        mkdir -p /run/data /run/k3s /var/lib/kubelet/pods/1/data /var/lib/rancher/k3s /root/.ssh
        echo precious >/run/data/file
        mount --bind /run/data /var/lib/kubelet/pods/1/data
        printf '%s\\n' 'ssh-ed25519 AAAA other' 'from="::/0" ssh-ed25519 AA k3s-machine-key' >/root/.ssh/authorized_keys
        nft -D subnet=192.168.1.0/24 -f "$1/firewall-server.nft"
        leave() {
            status=0
            sh "$1/leave-cluster.sh" keepalived k3s login firewall >/run/out 2>&1 || status=$?
            echo "$status $(cat /run/data/file) $(tail -n 1 /run/out)"
        }

        """

    @Test(.needsNetworkNamespace) func `a machine that leaves keeps what is mounted, and nothing of the cluster`()
        async throws
    {
        let script =
            Self.member + """
                leave "$1"
                mkdir /run/bin
                printf '%s\\n' '#!/bin/sh' 'umount /var/lib/kubelet/pods/1/data' 'exit 1' >/run/bin/k3s-killall.sh
                chmod 755 /run/bin/k3s-killall.sh
                PATH="/run/bin:$PATH"
                leave "$1"
                find /var/lib
                [ ! -e /run/k3s ]
                cat /root/.ssh/authorized_keys
                nft list ruleset
                rm /run/bin/k3s-killall.sh
                leave "$1"
                """
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--net", "sh", "-euc", script, "sh", Self.directory],
        )
        let expected = [
            "1 precious pods still run or their volumes are mounted; restart the machine, and try again", "0 precious ",
            "/var/lib", "/var/lib/rancher", "ssh-ed25519 AAAA other", "0 precious ",
        ]
        #expect(result.outputLines == expected, "\(result)")
    }
}
