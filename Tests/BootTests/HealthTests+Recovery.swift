import TestSupport
import Testing

extension RunningMachineTests.HealthTests {
    @Test func `a recovery is noted although the attempt began while the service for it ran`() async throws {
        let tasks = """
            tasks:
              first: {exec: {command: sh, args: [-c, "while test -e /run/gate/closed; do sleep 1; done; test -e /run/gate/go"],
                writes: [/run/gate/]}}
              second: {after: [first], symlink: {path: /run/second, target: /etc}}

            """
        let slow = """
            [Service]
            ExecStartPre=sh -c 'while test -e /etc/held; do sleep 1; done'
            TimeoutStartSec=infinity

            """
        try await TestMachine.withRunning { machine in
            try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
            try await machine.place(slow, at: "/etc/systemd/system/k8s-bootstrap-recovery@.service.d/slow.conf")
            try await machine.place("", at: "/etc/held")
            try await machine.startTasks()
            #expect(try await machine.becomes("systemctl is-failed \(Self.health)") { $0 == "failed\n" })
            try await machine.stopRetries()
            let state = "systemctl show --value -p ActiveState"
            #expect(try await machine.becomes("\(state) k8s-bootstrap-recovery@first") { $0 == "activating\n" })

            // The next attempt begins while the service still runs, and goes on after it.
            try await machine.must("touch /run/gate/closed && systemctl start --no-block k8s-bootstrap-first")
            #expect(try await machine.becomes("\(state) k8s-bootstrap-first") { $0 == "activating\n" })
            try await machine.must("rm /etc/held")
            #expect(try await machine.becomes("\(state) k8s-bootstrap-recovery@first") { $0 == "inactive\n" })
            try await machine.must("touch /run/gate/go && rm /run/gate/closed")
            try await becomes(machine, View(failed: [], system: "running", target: "active"), "after a slow service")
            #expect(try await machine.output("readlink /run/second") == "/etc\n")
        }
    }
}
