import TestSupport
import Testing

extension RunningMachineTests {
    /// Services that need what tasks make, started as the documents say.
    @Suite struct ServiceTests {
        private static let tasks = "tasks: {settings: {file: {path: /etc/settings, source: /etc/source}}}\n"

        @Test func `a service that the target starts begins after a retry, and is not restarted with the target`()
            async throws
        {
            let path = "\(TestCluster.sourceRoot)/docs/systemd.md"
            let document = try Files.text(path)
            let start = try #require(document.firstRange(of: "```ini\n[Unit]\nAfter=k8s-bootstrap.target\n"))
            let dropIn = try #require(
                document[start.lowerBound...].dropFirst("```ini\n".count).split(separator: "```").first
            )
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                let unit = "/etc/systemd/system/k3s.service"
                try await machine.place("[Service]\nExecStart=sleep infinity\n", at: unit)
                try await machine.place("\(dropIn)", at: "\(unit).d/nest-bootstrap.conf")
                try await machine.must("systemctl add-wants k8s-bootstrap.target k3s.service")
                try await machine.startTasks()
                #expect(try await machine.fails("settings"))
                #expect(try await machine.output("systemctl is-active k3s") == "inactive\n")
                try await machine.must("echo one >/etc/source")
                #expect(try await machine.becomes("systemctl is-active k3s") { $0 == "active\n" })
                let process = try await machine.must("systemctl show --property=MainPID k3s")
                try await machine.must("systemctl restart k8s-bootstrap.target")
                #expect(try await machine.must("systemctl show --property=MainPID k3s") == process)
            }
        }
    }
}

extension BootedTests {
    /// The services of a control plane, which need what tasks make.
    @Suite(.temporaryDirectory) struct LateCertificateTests {
        @Test func `a control plane whose certificates come late starts its services by itself`() async throws {
            try await ControlPlanes.withFresh { planes in
                let machine = planes.servers[0].machine
                let secrets = "/etc/nest-bootstrap/secrets"
                try Files.removeTree(machine.disk(secrets))
                try await planes.boot([planes.servers[0]])
                #expect(try await machine.fails("certificate-authority"))
                let ask = "systemctl show --property=SubState --value etcd keepalived"
                #expect(try await machine.becomes(ask) { $0 == "auto-restart\n\nauto-restart\n" })
                #expect(try await machine.run("ls", "/var/lib/etcd").output.isEmpty, "etcd has begun a cluster")
                // Through the machine's own mounts: its disk may not be changed from outside while it is on.
                let copy = try await Tool.run(
                    "sh",
                    [
                        "-euc", "tar -C \"$1\" -c secrets | \"$2\" \"$3\" tar -C /etc/nest-bootstrap -x", "sh",
                        TemporaryDirectory.path, "\(TestMachine.scripts)/inside", machine.directory,
                    ],
                )
                try #require(copy.status == 0, "\(copy.errors)")
                // etcd waits for another member.
                #expect(try await machine.becomes(ask) { $0 == "start\n\nrunning\n" })
                show("a control plane alone, whose certificates came late", try await machine.status())
            }
        }
    }
}
