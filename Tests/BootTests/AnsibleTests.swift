import TestSupport
import Testing

extension BootedTests {
    /// The role of `examples/ansible`, run over SSH on a machine that has nothing but an SSH server and Python.
    ///
    /// They run in `make check-all` only.
    @Suite(.temporaryDirectory, .needsAnsible) struct AnsibleTests {
        private static let directory = "\(TestCluster.sourceRoot)/examples/ansible"
        private static let tasks = """
            tasks:
              address: {file: {path: /etc/kubernetes/kubelet.env, content: "NODE_IP=${node.address}\\n"}}
              namespaces: {file: {path: /etc/kubernetes/namespaces.yaml, source: manifests/namespaces.yaml}}

            """

        /// The result of a playbook, with the numbers of its last line.
        private struct Play {
            var result: ToolResult
            var changed: Int?
            /// Everything that was printed, on one line, because Ansible folds long messages.
            var text: String { result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        }

        private func write(_ text: String, to name: String) throws {
            try Files.write(Array(text.utf8), to: TemporaryDirectory.file(name), mode: 0o644)
        }

        /// Writes the inventory of the example with the package of this test, and the files of the node.
        private func writeInventory(tasks: String = tasks) async throws {
            let digest = try await Tool.run("sha256sum", [TestMachine.package]).output.prefix(64)
            let example = try Files.text("\(Self.directory)/inventory.yml")
            let inventory =
                example
                .replacing("https://packages.example.com/nest-bootstrap_0.1.0-2_amd64.deb", with: TestMachine.package)
                .replacing(String(repeating: "0", count: 64), with: digest)
            try write(inventory, to: "inventory.yml")
            try write(tasks, to: "node/bootstrap.yaml")
            try write("{apiVersion: v1, kind: Namespace}\n", to: "node/manifests/namespaces.yaml")
        }

        /// Runs the playbook of the example on node `cp1` of its inventory.
        private func play(at network: MachineNetwork, _ arguments: String...) async throws -> Play {
            let environment: [String: String?] = [
                "ANSIBLE_CONFIG": "\(Self.directory)/ansible.cfg",
                "ANSIBLE_HOME": TemporaryDirectory.file("ansible"),
                "ANSIBLE_HOST_KEY_CHECKING": "False",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=5s -o UserKnownHostsFile=/dev/null",
                "ANSIBLE_SSH_RETRIES": "5",
                "LC_ALL": "C.UTF-8",
            ]
            let command =
                [
                    "--net=\(network.path)", ExtractedPrograms.ansiblePlaybook, "--inventory",
                    TemporaryDirectory.file("inventory.yml"), "--limit", "cp1", "--user", "root", "--private-key",
                    TemporaryDirectory.file("key"), "\(Self.directory)/site.yml",
                ] + arguments
            let result = try await Tool.run("nsenter", command, environment: environment)
            let recap = result.output.firstMatch(of: /cp1 +: ok=\d+ +changed=(\d+)/)
            return Play(result: result, changed: recap.flatMap { Int($0.output.1) })
        }

        /// Lends a machine that root can log in to, with the address that the example's inventory has.
        private func withMachine(_ body: (TestMachine, MachineNetwork) async throws -> Void) async throws {
            let key = TemporaryDirectory.file("key")
            try await TestMachine.withNetworkForSSH(key: key) { network in
                try await TestMachine.withFresh("cp1", package: "", variant: "managed") { machine in
                    try await machine.boot(at: network, address: "10.0.0.11", admitting: "\(key).pub")
                    try await body(machine, network)
                }
            }
        }

        @Test func `the role installs and runs the tasks, changes nothing again, and fails with the program's message`()
            async throws
        {
            try await writeInventory()
            try await withMachine { machine, network in
                let ignored = try await play(at: network, "-e", "{nest_bootstrap_drop_ins: {nodes.yml: 'nodes: {}'}}")
                #expect(ignored.result.status == 2)
                #expect(
                    ignored.text.contains("do not end in .yaml or contain a directory: nodes.yml"),
                    "\(ignored.text)"
                )
                let digest = String(repeating: "a", count: 64)
                let other = try await play(at: network, "-e", "nest_bootstrap_checksum=sha256:\(digest)")
                #expect(other.result.status == 2)
                #expect(other.text.contains("nest_bootstrap_checksum is sha256:aaaa"), "\(other.result.output)")
                let preview = try await play(at: network, "--check")
                #expect(preview.result.status == 0 && preview.changed ?? 0 > 0, "\(preview.result.output)")
                #expect(try await machine.run("test", "-e", "/usr/bin/nest-bootstrap").status == 1)
                let first = try await play(at: network)
                #expect(first.result.status == 0, "\(first.result.output)\(first.result.errors)")
                #expect(try await machine.output("cat /etc/kubernetes/kubelet.env") == "NODE_IP=10.0.0.11\n")
                #expect(Set(try await machine.records().values) == ["changed"])
                let second = try await play(at: network)
                #expect(second.result.status == 0 && second.changed == 0, "\(second.result.output)")
                try await expectChange(machine, network)
                try await expectFailures(machine, network)
            }
        }

        /// A change runs changed and new tasks, and the role removes a drop-in that is not of this inventory.
        private func expectChange(_ machine: TestMachine, _ network: MachineNetwork) async throws {
            try await machine.must("echo 'tasks: {}' >/etc/nest-bootstrap/bootstrap.d/90-other.yaml")
            let link = "link: {symlink: {path: /etc/link, target: /etc/kubernetes}}"
            let tasks = Self.tasks.replacing("NODE_IP", with: "ADDRESS")
            try await writeInventory(tasks: tasks + "  \(link)\n")
            let difference = try await play(at: network, "--check", "--diff")
            #expect(difference.result.status == 0 && difference.changed ?? 0 > 0, "\(difference.result.output)")
            #expect(difference.result.output.contains("+  \(link)"))
            #expect(try await machine.run("test", "-e", "/etc/link").status == 1)
            let third = try await play(at: network, "--extra-vars", "nest_bootstrap_exclusive=true")
            #expect(third.result.status == 0, "\(third.result.output)")
            #expect(try await machine.output("readlink /etc/link") == "/etc/kubernetes\n")
            #expect(try await machine.output("cat /etc/kubernetes/kubelet.env") == "ADDRESS=10.0.0.11\n")
            #expect(try await machine.output("ls /etc/nest-bootstrap/bootstrap.d") == "10-nodes.yaml\n")
            #expect(try await machine.output("ls -d /tmp/*nest-bootstrap*") == "")
        }

        private func expectFailures(_ machine: TestMachine, _ network: MachineNetwork) async throws {
            let valid = try await machine.must("cat /etc/nest-bootstrap/bootstrap.yaml")
            try await writeInventory(tasks: "tasks:\n  here: {symlnk: {path: /etc/here, target: /etc}}\n")
            let invalid = try await play(at: network)
            #expect(invalid.result.status == 2)
            #expect(invalid.text.contains("/etc/nest-bootstrap/bootstrap.yaml:2:"))
            #expect(try await machine.must("cat /etc/nest-bootstrap/bootstrap.yaml") == valid)
            #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")

            // A manifest that the task file names has to come with it.
            try await writeInventory(tasks: Self.tasks.replacing("manifests/namespaces", with: "manifests/other"))
            let missing = try await play(at: network)
            #expect(missing.result.status == 2)
            #expect(missing.text.contains("/etc/nest-bootstrap/manifests/other.yaml"), "\(missing.result.output)")

            try await writeInventory(tasks: Self.tasks + "  fails: {exec: {command: \"false\"}}\n")
            let failed = try await play(at: network, "-e", "nest_bootstrap_wait=5s")
            #expect(failed.result.status == 2)
            #expect(failed.text.contains("fails failed"), "\(failed.result.output)")
        }
    }
}
