import TestSupport
import Testing

extension FirstMachineTests {
    /// A machine whose tasks ran in their units, reset to what it was.
    @Suite struct ResetTests {
        private static let tasks = """
            tasks:
              settings:
                restart: [uses.service]
                reset: systemctl disable --now uses.service
                file: {path: /etc/uses/deep/settings, content: "one\\n", mode: "0600"}
              linked: {after: [settings], symlink: {path: /opt/tools/settings, target: /etc/uses/deep/settings}}
              token: {every: 1h, file: {path: /var/lib/join/token, generate: token}}
              program:
                after: [linked]
                reset: |
                  systemctl is-active uses.service
                  rm -r /var/lib/program/data
                exec:
                  command: mkdir
                  args: [/var/lib/program/data]
                  creates: /var/lib/program/data/.
                  writes: [/var/lib/program/]
              fails: {after: [program], reset: echo undone, exec: {command: "false"}}

            """

        private static let service = """
            [Service]
            ExecStart=sleep infinity
            [Install]
            WantedBy=multi-user.target

            """

        /// Returns what is on the disk where tasks write, with the links of units that are enabled.
        private static func tree(of machine: TestMachine) async throws -> Set<String> {
            let format = "-printf '%p %y %m %l\\n'"
            let others = "-not -path '/var/lib/systemd/*' -not -path '/var/lib/private*'"
            let lines = try await machine.must("find /etc /opt /var/lib \(others) \(format)").split(separator: "\n")
            return Set(lines.map(String.init))
        }

        /// The units of the program that are not inactive, or have failed.
        private static let units =
            "systemctl list-units --all --no-legend --plain 'k8s-bootstrap*' | grep -v ' inactive '"

        @Test func `a machine whose tasks ran in their units is reset to what it was`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.service, at: "/etc/systemd/system/uses.service")
                try await machine.must("systemctl daemon-reload")
                let path = "/etc/nest-bootstrap/bootstrap.yaml"
                let before = try await Self.tree(of: machine)
                try await machine.place(Self.tasks, at: path)
                try await machine.must("systemctl enable --now uses.service")
                try await machine.preventRetries()
                try await machine.startTasks()
                #expect(try await machine.fails("fails"))
                #expect(
                    try await machine.records() == [
                        "settings": "changed", "linked": "changed", "token": "changed", "program": "changed",
                        "fails": "failed",
                    ]
                )
                #expect(try await machine.output("stat -c %a /etc/uses/deep/settings") == "600\n")
                try await machine.must("rm -r /etc/systemd/system/k8s-bootstrap-health.timer.d")

                let planned = try await machine.run("nest-bootstrap", "reset", "--dry-run")
                #expect(planned.status == 0, "\(planned.errors)")
                #expect(try await Self.tree(of: machine) != before)
                let result = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(result.status == 0, "\(result.errors)")
                // The service was stopped by the commands of the task that comes first, so it was active before.
                for line in ["fails: undone", "program: active", "settings: /etc/uses/deep/settings deleted"] {
                    #expect(result.output.contains("\(line)\n"), "\(line)")
                }
                #expect(try await machine.output(Self.units) == "")
                #expect(try await machine.output("systemctl is-active uses.service") == "inactive\n")
                #expect(try await machine.output("ls /run/nest-bootstrap /var/lib/nest-bootstrap*; true") == "")
                try await machine.must("rm \(path)")
                #expect(try await Self.tree(of: machine).symmetricDifference(before) == [])
                #expect(try await machine.output("nest-bootstrap reset --yes") == "nothing to reset\n")
            }
        }

        @Test func `a task that runs is stopped, and one that a person runs is waited for`() async throws {
            try await TestMachine.withRunning { machine in
                let tasks = "tasks: {t: {reset: echo undone, exec: {command: sleep, args: [\"1000\"]}}}\n"
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                #expect(try await machine.becomes("nest-bootstrap status") { $0.contains("running") })
                let result = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(result.status == 0, "\(result.output)\(result.errors)")
                #expect(try await machine.output(TestMachine.countSleepProcesses) == "0\n")
                // The target, which waited for the task, does not start without it.
                let units = "systemctl list-units --plain --no-legend 'k8s-bootstrap*' --state=active,activating"
                #expect(try await machine.output(units) == "")
                #expect(try await machine.output("systemctl list-jobs --no-legend 'k8s-bootstrap*'") == "")
                try await machine.must("systemd-run --unit=by-hand nest-bootstrap run")
                #expect(try await machine.becomes("nest-bootstrap status") { $0.contains("running") })
                try await machine.must("systemctl start --no-block k8s-bootstrap.target")
                let state = "systemctl is-active k8s-bootstrap-t.service; true"
                #expect(try await machine.becomes(state) { $0 == "activating\n" })
                let refused = try await machine.run("nest-bootstrap", "reset", "--yes")
                #expect(refused.status == 1, "\(refused)")
                #expect(refused.errors.contains("task 't' is being run, or reset, by process "), "\(refused.errors)")
                // No unit was stopped.
                #expect(try await machine.output(state) == "activating\n")
                try await machine.must("systemctl stop by-hand")
                #expect(try await machine.run("nest-bootstrap", "reset", "--yes").status == 0)
            }
        }
    }
}
