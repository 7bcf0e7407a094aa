import TestSupport
import Testing

extension RunningMachineTests {
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
                show("up: a unit", first.output + first.errors)
                #expect(first.status == 0)
                #expect(try await states(machine) == "enabled\nactive\n")
                let again = try await machine.run("nest-bootstrap", "run", "--task", "used")
                #expect(again.status == 0)
                #expect(again.output.contains("used: unchanged"), "\(again.output)")
                try await machine.must("systemctl stop used.service")
                let changed = try await machine.run("nest-bootstrap", "run", "--task", "used")
                #expect(changed.output.contains("unit 'used.service' started"), "\(changed.output)")
                let reset = try await machine.run("nest-bootstrap", "reset", "--yes")
                show("reset of a unit", reset.output + reset.errors)
                #expect(reset.status == 0)
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
                let tasks = """
                    tasks:
                      fails: {service: {name: fails, state: started}}
                      waits: {service: {name: waits, state: started}}
                      absent: {service: {name: fials, state: started}}

                    """
                try await machine.place(tasks, at: Self.taskFile)
                let result = try await machine.run("nest-bootstrap", "up")
                show("up: units that do not start", result.output + result.errors)
                #expect(result.status == 75)
                let log = try await machine.output("nest-bootstrap logs; true")
                for text in [
                    "cannot start unit 'fails.service': it is failed (failed), with result 'exit-code', status 7",
                    "no such flag: --x",
                    "it is ordered after 'k8s-bootstrap.target', which waits for this task",
                    "there is no unit 'fials.service'; did you mean 'fails.service'?",
                ] {
                    #expect(log.contains(text), "\(log)")
                }
                try await machine.must("rm \(path)/fails.service \(path)/waits.service; systemctl daemon-reload")
            }
        }
    }
}
