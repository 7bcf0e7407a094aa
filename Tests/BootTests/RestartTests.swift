import TestSupport
import Testing

extension RunningMachineTests {
    /// Tasks with `restart`, on a machine with a service that uses what they make.
    @Suite struct RestartTests {
        private static let tasks = """
            tasks:
              settings:
                restart: [uses.service, other.service]
                file: {path: /etc/uses/settings, source: /etc/source}

            """
        private static let service = """
            [Service]
            Type=notify
            NotifyAccess=all
            ExecStart=sh -c 'cat /etc/uses/settings >>/run/uses; grep -qv bad /etc/uses/settings && systemd-notify --ready && exec sleep infinity'

            """

        @Test func `a wait for a target that is restarted ends when all is active again`() async throws {
            try await TestMachine.withRunning { machine in
                let tasks = (1...5).map { "  t\($0): {exec: {command: sleep, args: ['0.2']}}\n" }
                try await machine.place("tasks:\n" + tasks.joined(), at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                try await machine.must("nest-bootstrap status --wait=10m")
                let units = (1...5).map { "k8s-bootstrap-t\($0).service" }.joined(separator: " ")
                for _ in 1...10 {
                    try await machine.must("systemctl restart --no-block k8s-bootstrap.target")
                    try await machine.must("nest-bootstrap status --wait=10m")
                    let states = try await machine.output("systemctl is-active k8s-bootstrap.target \(units)")
                    #expect(states == String(repeating: "active\n", count: 6))
                }
            }
        }

        @Test func `a unit is restarted when a task has changed what it uses, and only then`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.service, at: "/etc/systemd/system/uses.service")
                try await machine.place(
                    "[Service]\nExecStart=sleep infinity\n",
                    at: "/etc/systemd/system/other.service"
                )
                try await machine.place("one\n", at: "/etc/source")
                try await machine.startTasks()
                // A unit that is not active stays so.
                try await machine.must("nest-bootstrap status --wait=10m")
                #expect(try await machine.output("systemctl is-active uses") == "inactive\n")
                try await machine.must("systemctl start uses")
                try await machine.must("systemctl restart k8s-bootstrap-settings")
                #expect(try await machine.output("cat /run/uses") == "one\n")
                try await machine.must("echo two >/etc/source && systemctl restart k8s-bootstrap-settings")
                #expect(try await machine.output("cat /run/uses") == "one\ntwo\n")
                // Also by hand.
                try await machine.must("echo three >/etc/source && nest-bootstrap run")
                #expect(try await machine.output("cat /run/uses") == "one\ntwo\nthree\n")
                let planned = try await machine.must("echo four >/etc/source && nest-bootstrap run --dry-run")
                #expect(planned.contains("would restart uses.service, other.service"), "\(planned)")

                try await machine.must("echo bad >/etc/source; systemctl restart k8s-bootstrap-settings || true")
                try await machine.stopRetries()
                #expect(try await machine.becomes("systemctl is-failed k8s-bootstrap-settings") { $0 == "failed\n" })
                let failed = try await machine.run("nest-bootstrap", "status")
                show("status", failed.output)
                #expect(failed.status == 1)
                #expect(
                    failed.output.contains("cannot restart 'uses.service': after the restart it is failed (failed)")
                )
                #expect(failed.output.contains("see 'journalctl -u uses.service'"))
                // The file is in place, so that the next attempt changes nothing; it starts the service all the same.
                try await machine.must("echo five >/etc/uses/settings && cp /etc/uses/settings /etc/source")
                try await machine.must("systemctl start k8s-bootstrap.target")
                #expect(try await machine.output("systemctl is-active uses") == "active\n")
                #expect(try await machine.output("tail -n 1 /run/uses") == "five\n")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)
                #expect(try await machine.output("systemctl is-active other") == "inactive\n")
            }
        }
    }
}
