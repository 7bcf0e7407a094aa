import TestSupport
import Testing

extension SecondMachineTests {
    /// Services that need what tasks make, started as the documents say, and tasks that wait for services.
    @Suite struct ServiceTests {
        private static let tasks = """
            tasks:
              settings: {file: {path: /etc/settings, source: /etc/source}}
              late: {after: [slow.service], wantedBy: [storage.target], symlink: {path: /run/late, target: /etc}}

            """

        @Test func `units wait for tasks, also for a retry, and tasks for units; wantedBy starts tasks`() async throws {
            let document = try Files.text("\(TestCluster.sourceRoot)/docs/systemd.md")
            let start = try #require(document.firstRange(of: "```ini\n[Unit]\nAfter=k8s-bootstrap.target\n"))
            let dropIn = try #require(
                document[start.lowerBound...].dropFirst("```ini\n".count).split(separator: "```").first
            )
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                let units = "/etc/systemd/system"
                let slow = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 3\n"
                try await machine.place(slow, at: "\(units)/slow.service")
                try await machine.place("[Unit]\nDescription=storage\n", at: "\(units)/storage.target")
                try await machine.place("[Service]\nExecStart=sleep infinity\n", at: "\(units)/k3s.service")
                try await machine.place("\(dropIn)", at: "\(units)/k3s.service.d/nest-bootstrap.conf")
                try await machine.must("systemctl add-wants k8s-bootstrap.target k3s.service")
                try await machine.startTasks(with: "slow.service")
                #expect(try await machine.fails("settings"))
                try await machine.succeeds("late")
                let times = try await machine.output(
                    "systemctl show --value -p ExecMainExitTimestampMonotonic slow.service; "
                        + "systemctl show --value -p ExecMainStartTimestampMonotonic k8s-bootstrap-late"
                )
                let numbers = times.split(separator: "\n").compactMap { Int($0) }
                #expect(numbers.count == 2 && numbers[0] > 0 && numbers[1] >= numbers[0], "\(times)")
                #expect(try await machine.output("systemctl is-active k3s") == "inactive\n")

                try await machine.must("echo one >/etc/source")
                #expect(try await machine.becomes("systemctl is-active k3s") { $0 == "active\n" })
                let process = try await machine.must("systemctl show --property=MainPID k3s")
                try await machine.must("systemctl restart k8s-bootstrap-settings k8s-bootstrap.target")
                #expect(try await machine.must("systemctl show --property=MainPID k3s") == process)
                try await machine.must("systemctl stop k8s-bootstrap-late && systemctl start storage.target")
                try await machine.succeeds("late")
            }
        }
    }
}

extension SecondMachineTests {
    /// Tasks that change units of the machine, in their own units.
    @Suite struct ServiceVerbTests {
        private static let taskFile = "/etc/nest-bootstrap/bootstrap.yaml"

        private static let tasks = """
            tasks:
              unit:
                file:
                  path: /etc/systemd/system/used.service
                  content: |
                    [Service]
                    ExecStart=sleep infinity
                    ExecReload=true
                    [Install]
                    WantedBy=multi-user.target
              used: {after: [unit], service: {name: used, enable: true, state: started}}

            """

        private func states(_ machine: TestMachine) async throws -> String {
            try await machine.output("systemctl is-enabled used.service; systemctl is-active used.service")
        }

        @Test func `a unit is enabled and started, and reset restores its former state`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: Self.taskFile)
                let first = try await machine.run("nest-bootstrap", "up")
                #expect(first.status == 0, "\(first)")
                #expect(try await states(machine) == "enabled\nactive\n")
                let again = try await machine.run("nest-bootstrap", "run", "--task", "used")
                #expect(again.status == 0, "\(again)")
                #expect(again.output.contains("used: unchanged"), "\(again.output)")
                try await machine.must("systemctl stop used.service")
                let changed = try await machine.run("nest-bootstrap", "run", "--task", "used")
                #expect(changed.output.contains("unit 'used.service' started"), "\(changed.output)")
                let reset = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(reset.status == 0, "\(reset)")
                #expect(try await machine.output("systemctl is-active used.service || true") == "inactive\n")
                let links = "find /etc/systemd/system -name used.service"
                #expect(try await machine.output(links) == "")
            }
        }

        @Test func `a unit that fails, waits for the task or does not exist is a failure with its reason`() async throws
        {
            try await TestMachine.withRunning { machine in
                let path = "/etc/systemd/system"
                let program = "[Service]\nType=oneshot\nExecStart=sh -c 'echo no such flag: --x >&2; exit 7'\n"
                try await machine.place(program, at: "\(path)/fails.service")
                let waiting = "[Unit]\nAfter=k8s-bootstrap.target\n[Service]\nExecStart=sleep infinity\n"
                try await machine.place(waiting, at: "\(path)/waits.service")
                // Nothing is ordered after a target that has failed already.
                for tasks in ["waits", "fails, fials"] {
                    let lines = tasks.split(separator: ", ").map {
                        "  \($0): {service: {name: \($0), state: started}}\n"
                    }
                    try await machine.place("tasks:\n" + lines.joined(), at: Self.taskFile)
                    let result = try await machine.run("nest-bootstrap", "up")
                    #expect(result.status == 75, "\(result)")
                }
                let log = try await machine.output("nest-bootstrap logs; true")
                for text in [
                    "cannot start unit 'fails.service': it is failed (failed), with result 'exit-code', status 7",
                    "no such flag: --x", "it is ordered after 'k8s-bootstrap.target'", "did you mean 'fails.service'?",
                ] { #expect(log.contains(text), "\(log)") }
            }
        }
    }
}

extension SecondMachineTests {
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

        @Test func `a wait for tasks that are restarted ends when all is active again`() async throws {
            try await TestMachine.withRunning { machine in
                let tasks = (1...5).map { "  t\($0): {exec: {command: sleep, args: ['0.2']}}\n" }
                try await machine.place("tasks:\n" + tasks.joined(), at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                try await machine.must("nest-bootstrap status --wait=10m")
                let units = (1...5).map { "k8s-bootstrap-t\($0).service" }.joined(separator: " ")
                for _ in 1...10 {
                    try await machine.must("systemctl restart --no-block \(units)")
                    try await machine.must("nest-bootstrap status --wait=10m")
                    let states = try await machine.output("systemctl is-active k8s-bootstrap.target \(units)")
                    #expect(states == String(repeating: "active\n", count: 6))
                }
            }
        }

        @Test func `a unit is restarted when a task has changed what it uses, and only then`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.preventRetries()
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

                try await machine.must("echo bad >/etc/source; ! systemctl restart k8s-bootstrap-settings")
                let failed = try await machine.run("nest-bootstrap", "status")
                #expect(failed.status == 1, "\(failed)")
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
