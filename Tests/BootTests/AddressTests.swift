import TestSupport
import Testing

extension BootedTests {
    /// Units that look at network interfaces, in their sandboxes, on a machine with a network of its own.
    @Suite struct AddressTests {
        private static let tasks = """
            cluster: {nodeAddress: {range: 100.64.0.0/10}}
            tasks:
              interface: {wait: {interface: host0}}
              network: {wait: {address: 100.64.0.0/10}}
              kubelet-address: {file: {path: /etc/kubelet.env, content: "NODE_IP=${node.address}\\n"}}
              program:
                exec:
                  command: sh
                  args: [-c, "echo $0 >/var/lib/program/address", "${node.address}"]
                  writes: [/var/lib/program/]
              flaky:
                exec:
                  command: sh
                  args: [-c, "test -e /var/lib/probe/tried || { touch /var/lib/probe/tried; exit 1; }"]
                  writes: [/var/lib/probe/]
              last: {after: [flaky, interface, network, kubelet-address, program], exec: {command: "true"}}
            """

        /// Runs `ip` of this machine in the network of another one.
        private func configure(_ machine: TestMachine, _ arguments: String) async throws {
            let script = """
                supervisor=$(cat "$0/pid")
                init=$(cat "/proc/$supervisor/task/$supervisor/children")
                exec nsenter --target "${init%% *}" --net ip \(arguments)
                """
            let result = try await Tool.run("sh", ["-euc", script, machine.directory])
            try #require(result.status == 0, "\(arguments): \(result.errors)")
        }

        @Test func `units wait for an interface and an address that come late, and the timeline shows it`() async throws
        {
            try await TestMachine.withFresh("w1") { machine in
                try machine.write(Self.tasks, to: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.boot("--private-network")
                let names = ["interface", "network", "kubelet-address", "program"]
                for name in names {
                    let command = "systemctl show --property=StatusText k8s-bootstrap-\(name)"
                    #expect(try await machine.becomes(command) { $0.contains("wait") }, "\(name)")
                }
                let waiting = try await timeline(machine)
                #expect(waiting["ongoing"]?.boolean == true)
                #expect(try task(waiting, "interface")["state"]?.string == "running")
                #expect(try kinds(waiting, "last") == ["dependency"])
                try await configure(machine, "link add host0 type veth peer name other0")
                for name in ["host0", "other0"] { try await configure(machine, "link set \(name) up") }
                try await configure(machine, "address add 100.64.0.7/32 dev host0")
                for name in names {
                    let command = "systemctl is-active k8s-bootstrap-\(name)"
                    #expect(try await machine.becomes(command) { $0 == "active\n" }, "\(name)")
                }
                #expect(try await machine.output("cat /etc/kubelet.env") == "NODE_IP=100.64.0.7\n")
                #expect(try await machine.output("cat /var/lib/program/address") == "100.64.0.7\n")
                try #require(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
                let done = try await timeline(machine)
                #expect(done["origin"]?.string == "boot" && done["ongoing"]?.boolean == false)
                #expect(try task(done, "flaky")["attempts"]?.integer == 2)
                #expect(try kinds(done, "flaky").suffix(3) == ["work", "pause", "work"])
                #expect(try kinds(done, "interface").contains("condition"))
                #expect(done["criticalPath"]?.sequence?.last?.string == "last", "\(done)")
                let user = "setpriv --reuid=65534 --regid=65534 --clear-groups nest-bootstrap timeline"
                #expect(try await machine.must(user).contains("2 attempts, "))
            }
        }

        private func timeline(_ machine: TestMachine) async throws -> JSON {
            try JSON(try await machine.must("nest-bootstrap timeline --output json"))
        }

        /// A task of a timeline by its name.
        private func task(_ timeline: JSON, _ name: String) throws -> JSON {
            try #require(timeline["tasks"]?.sequence?.first { $0["task"]?.string == name })
        }

        private func kinds(_ timeline: JSON, _ name: String) throws -> [String] {
            (try task(timeline, name)["spans"]?.sequence ?? []).compactMap { $0["kind"]?.string }
        }
    }
}
