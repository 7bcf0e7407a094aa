import TestSupport
import Testing

extension BootedTests {
    /// A machine that boots with an invalid task file, and whose power fails while its tasks run.
    @Suite struct PowerFailureTests {
        private static let tasks = """
            tasks:
              before: {file: {path: /var/lib/x/before, content: "all of it"}}
              middle:
                after: [before]
                exec:
                  command: sh
                  args: [-c, "echo begun > /var/lib/x/begun; test -e /etc/go-on || sleep 1000; echo ended > /var/lib/x/ended"]
                  writes: [/var/lib/x/]
              after: {after: [middle], file: {path: /var/lib/x/after, content: end}}

            """

        @Test func `an invalid task file does not stop the boot, and after a power failure the next one does the rest`()
            async throws
        {
            let path = "/etc/nest-bootstrap/bootstrap.yaml"
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write("tasks:\n  here: {symlnk: {path: /etc/here, target: /etc/there}}\n", to: path)
                try await machine.boot()
                #expect(try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" })
                let location = "\(path):2:"
                #expect(try await machine.becomes("systemctl status k8s-bootstrap.target") { $0.contains(location) })
                let status = try await machine.output("systemctl status k8s-bootstrap.target")
                #expect(status.contains("did you mean 'symlink'?"))
                // A mistake in the task file is an entry of its own kind.
                let entry = try await machine.journal("MESSAGE_ID=dac022759bc4403b9791cc761fcd81fe").first
                #expect(entry?["PRIORITY"]?.string == "3" && entry?["MESSAGE"]?.string?.contains(location) == true)
                #expect(try await machine.output("systemctl is-system-running") == "degraded\n")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "inactive\n")
                let failed = try await machine.output("systemctl --failed --plain --no-legend | cut -d' ' -f1")
                #expect(failed == "k8s-bootstrap-health.service\n")
                // The journal may lose the unit of a process that has ended.
                let started = "systemctl status k8s-bootstrap-health || systemctl start k8s-bootstrap-health"
                #expect(try await machine.becomes(started) { $0.contains(location) })
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 78)

                // A corrected file needs no reboot.
                try await machine.place(Self.tasks, at: path)
                try await machine.startTasks()
                #expect(try await machine.becomes("cat /var/lib/x/begun") { $0 == "begun\n" })
                try await machine.cutPower()

                try machine.write("", to: "/etc/go-on")
                try await machine.boot()
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-after") { $0 == "active\n" })
                #expect(try await machine.output("cat /var/lib/x/*") == "endall of itbegun\nended\n")
                #expect(
                    try await machine.records() == ["before": "unchanged", "middle": "changed", "after": "changed"]
                )
                #expect(try await machine.output("ls -A /var/lib/x") == "after\nbefore\nbegun\nended\n")
                #expect(try await machine.isRunningWithoutFailures())
            }
        }
    }
}

extension SecondMachineTests {
    /// Tasks that are run from two places.
    @Suite struct TaskFileTests {
        @Test func `systemctl restart and run --task do the same, and never at the same time`() async throws {
            let tasks = """
                tasks:
                  alone:
                    exec:
                      command: sh
                      args: [/etc/alone]
                      writes: [/run/alone/]
                """
            let script = """
                set -e
                mkdir /run/alone/here
                until [ -e /run/alone/go ]; do sleep 0.1; done
                rmdir /run/alone/here
                echo ran >>/run/alone/log

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(script, at: "/etc/alone")
                try await machine.startTasks()
                #expect(try await machine.becomes("ls /run/alone") { $0.contains("here") })
                try await machine.must("touch /run/alone/go")
                #expect(try await machine.becomes("cat /run/alone/log") { $0 == "ran\n" })
                try await machine.must("rm /run/alone/go; systemctl restart --no-block k8s-bootstrap-alone")
                #expect(try await machine.becomes("ls /run/alone") { $0.contains("here") })
                let both = """
                    (until grep -q 'runs this task' /run/alone/said; do sleep 0.1; done; touch /run/alone/go) &
                    nest-bootstrap run --task alone >/run/alone/said
                    """
                let byHand = try await machine.run("sh", "-c", both)
                #expect(byHand.status == 0, "\(byHand)")
                let ended = "systemctl show --value -p SubState k8s-bootstrap-alone"
                #expect(try await machine.becomes(ended) { $0 == "exited\n" })
                #expect(try await machine.output("cat /run/alone/log") == "ran\nran\nran\n")
            }
        }
    }
}
