import Glibc
import TestSupport
import Testing

extension BootedTests {
    /// `certificates push` to two machines over ssh.
    ///
    /// They run in `make push-test` only.
    @Suite(.temporaryDirectory) struct CertificatePushTests {
        private static let hosts = ["ducksnest-laptop-old", "ducksnest-laptop-ultra"]

        /// The operator's machine and two nodes.
        private struct Site {
            let nodes: CertificateNodes
            let machines: [TestMachine]
            let network: MachineNetwork

            /// The configuration of ssh, with lines for one connection.
            func settings(_ more: String = "") throws -> String {
                let path = nodes.path("ssh-config")
                let hosts = zip(BootedTests.CertificatePushTests.hosts, 11...).map {
                    "Host \($0)\n  HostName 10.0.0.\($1)\n"
                }
                let common = """
                    Host *
                      User root
                      IdentityFile \(nodes.path("key"))
                      StrictHostKeyChecking no
                      UserKnownHostsFile /dev/null
                      LogLevel ERROR

                    """
                try Files.write(Array((more + hosts.joined() + common).utf8), to: path, mode: 0o600)
                return path
            }

            /// Starts a push.
            func start(to hosts: [String], settings more: String = "") throws -> Tool {
                let ssh = "nsenter --net=\(network.path) ssh -F \(try settings(more))"
                return try nodes.start(["push", "--ssh", ssh] + hosts)
            }

            func push(settings more: String = "") async throws -> ToolResult {
                try await start(to: BootedTests.CertificatePushTests.hosts, settings: more).result()
            }

            /// The digests of the files that a node has, by path; `nil` if it has no directory.
            func files(_ machine: TestMachine) async throws -> [String: String] {
                let list =
                    "cd /etc/nest-bootstrap/secrets/certs 2>/dev/null && find . -type f -exec sha256sum {} + || true"
                return try Self.digests(of: await machine.must(list))
            }

            /// The digests of the files that a node is to have.
            func expected(_ host: String) async throws -> [String: String] {
                let list = "cd '\(nodes.set)' && sha256sum ./ca/k8s.crt ./derived/\(host)/*"
                return try Self.digests(of: await nodes.must("sh", "-c", list))
            }

            private static func digests(of lines: String) throws -> [String: String] {
                let pairs = lines.split(separator: "\n").map { $0.split(separator: " ") }
                return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[1]), String($0[0])) })
            }
        }

        private func withSite(_ body: (Site) async throws -> Void) async throws {
            let nodes = try await CertificateNodes()
            try await nodes.declare("defaults: {key: ecdsa-p256}")
            try await nodes.renew()
            let key = nodes.path("key")
            try await TestMachine.withNetworkForSSH(key: key) { network in
                try await TestMachine.withFresh(Self.hosts[0], variant: "managed") { first in
                    try await TestMachine.withFresh(Self.hosts[1], variant: "managed") { second in
                        for (machine, number) in zip([first, second], 11...) {
                            for file in ["bootstrap.yaml", "bootstrap.d/50-test.yaml"] {
                                try machine.write(try nodes.text(file), to: "/etc/nest-bootstrap/\(file)")
                            }
                            // The tasks of the example are not of interest here.
                            let target = machine.disk("/etc/systemd/system/k8s-bootstrap.target")
                            try Files.makeSymbolicLink(at: target, to: "/dev/null", replacing: true)
                            try await machine.boot(at: network, address: "10.0.0.\(number)", admitting: "\(key).pub")
                        }
                        try await body(Site(nodes: nodes, machines: [first, second], network: network))
                    }
                }
            }
        }

        @Test func `two machines get their files, and each keeps the old ones or has the new ones after every cut`()
            async throws
        {
            try await withSite { site in
                let (nodes, machines) = (site.nodes, site.machines)
                let first = try await site.push()
                print(first.output)
                #expect(first.status == 0, "\(first.errors)")
                var old: [[String: String]] = []
                for (host, machine) in zip(Self.hosts, machines) {
                    old.append(try await site.expected(host))
                    #expect(try await site.files(machine) == old.last)
                }
                try await nodes.renew("--all")
                var new = [try await site.expected(Self.hosts[0]), try await site.expected(Self.hosts[1])]
                #expect(new[0] != old[0] && new[1] != old[1])

                // The connection to the second machine ends after some bytes; the first gets its files.
                var outcomes: [Bool: Int] = [:]
                for count in [0, 100, 2_000, 4_000, 6_000, 8_000, 1_000_000] {
                    let relay = "dd bs=1 count=\(count) status=none"
                    let cut = "ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/22; cat <&3 & \(relay) >&3; kill $!'"
                    let result = try await site.push(settings: "Match host \(Self.hosts[1])\n  \(cut)\n")
                    #expect(try await site.files(machines[0]) == new[0])
                    let found = try await site.files(machines[1])
                    #expect(found == old[1] || found == new[1], "\(count): \(result)")
                    #expect(result.status == (found == new[1] ? 0 : 1), "\(count): \(result)")
                    outcomes[found == new[1], default: 0] += 1
                }
                #expect(outcomes.count == 2, "\(outcomes)")

                // The sender is killed, later each time, until a machine has got its files nevertheless.
                old[1] = new[1]
                try await nodes.renew("--all")
                new = [try await site.expected(Self.hosts[0]), try await site.expected(Self.hosts[1])]
                outcomes = [:]
                var pause = Duration.milliseconds(20)
                repeat {
                    let tool = try site.start(to: [Self.hosts[1]])
                    try await ContinuousClock().sleep(for: pause)
                    _ = kill(tool.processIdentifier, SIGKILL)
                    _ = await tool.result()
                    // ssh may continue with what it has read.
                    let receiver = ["pgrep", "-f", "receive-certificates"]
                    #expect(
                        try await becomes {
                            try await machines[1].run(receiver[0], receiver[1], receiver[2]).status == 1
                        }
                    )
                    let found = try await site.files(machines[1])
                    #expect(found == old[1] || found == new[1], "killed after \(pause)")
                    outcomes[found == new[1], default: 0] += 1
                    pause *= 2
                } while outcomes[true] == nil
                #expect(outcomes.count == 2, "\(outcomes)")

                // The machine is killed.
                old[1] = new[1]
                try await nodes.renew("--all")
                new = [try await site.expected(Self.hosts[0]), try await site.expected(Self.hosts[1])]
                let last = try site.start(to: [Self.hosts[1]])
                try await ContinuousClock().sleep(for: .milliseconds(300))
                try await machines[1].cutPower()
                _ = kill(last.processIdentifier, SIGKILL)
                _ = await last.result()
                try await machines[1].boot(at: site.network, address: "10.0.0.12", admitting: nodes.path("key.pub"))
                let found = try await site.files(machines[1])
                #expect(found == old[1] || found == new[1], "after the machine was killed")

                let complete = try await site.push()
                #expect(complete.status == 0, "\(complete.errors)")
                for (machine, files) in zip(machines, new) { #expect(try await site.files(machine) == files) }
                let again = try await site.push()
                #expect(again.status == 0, "\(again.errors)")
                let lines = zip(Self.hosts, new).map { "\($0): \($1.count) unchanged" }
                #expect(again.resultLines.sorted() == lines.sorted())
                #expect(try await machines[1].output("ls -A /etc/nest-bootstrap/secrets") == "certs\n")
            }
        }
    }
}
