import TestSupport
import Testing

extension BootedTests {
    /// A machine that boots with an invalid task file, is shut down while its tasks run, and loses its power.
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

        @Test func `neither an invalid task file, nor a shutdown, nor a power failure while tasks run needs a hand`()
            async throws
        {
            let path = "/etc/nest-bootstrap/bootstrap.yaml"
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write("tasks:\n  here: {symlnk: {path: /etc/here, target: /etc/there}}\n", to: path)
                try await machine.boot()
                try await isInvalid(machine, "\(path):2:")
                // A corrected file needs no reboot.
                try await machine.place(Self.tasks + "  waits: {wait: {tcp: \"127.0.0.1:1\"}}\n", at: path)
                try await machine.startTasks()
                #expect(try await machine.becomes("cat /var/lib/x/begun") { $0 == "begun\n" })
                let waits = "systemctl show -p StatusText k8s-bootstrap-waits"
                #expect(try await machine.becomes(waits) { $0.contains("connection refused") })

                // While the file is invalid, what runs goes on, and nothing else starts or counts as success.
                try await machine.place("tasks: {a: {foo: 1}}\n", at: path)
                try await machine.must("systemctl daemon-reload")
                #expect(try await machine.run("systemctl", "start", "k8s-bootstrap-after").status != 0)
                #expect(try await machine.run("systemctl", "is-active", "k8s-bootstrap.target").status != 0)
                #expect(try await machine.output("systemctl is-active k8s-bootstrap-middle || true") == "activating\n")
                try await machine.place(Self.tasks + "  waits: {wait: {tcp: \"127.0.0.1:1\"}}\n", at: path)
                try await machine.startTasks()

                // A task that is stopped by a shutdown is interrupted, and has not failed.
                try await machine.halt()
                let interrupted = try await machine.journal("MESSAGE_ID=437e91afabea48ddb957a200dd54d68c")
                #expect(Set(interrupted.compactMap { $0["NEST_TASK"]?.string }) == ["middle", "waits"])
                #expect(try await machine.journal("MESSAGE_ID=118f49fc9451426c86a2e04616f00ed9").isEmpty)

                try machine.write(Self.tasks, to: path)
                try await machine.boot()
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-middle") { $0 == "activating\n" })
                #expect(try await machine.becomes(TestMachine.countSleepProcesses) { $0 == "1\n" })
                try await machine.cutPower()

                try machine.write("", to: "/etc/go-on")
                try await machine.boot()
                try await machine.succeeds("after")
                #expect(try await machine.output("cat /var/lib/x/*") == "endall of itbegun\nended\n")
                #expect(
                    try await machine.records() == ["before": "unchanged", "middle": "changed", "after": "changed"]
                )
                #expect(try await machine.output("ls -A /var/lib/x") == "after\nbefore\nbegun\nended\n")
                #expect(try await machine.isRunningWithoutFailures())
            }
        }

        /// The boot completes, and says what is wrong with the task file.
        private func isInvalid(_ machine: TestMachine, _ location: String) async throws {
            #expect(try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" })
            let target = "systemctl status k8s-bootstrap.target"
            #expect(
                try await machine.becomes(target) { $0.contains(location) && $0.contains("did you mean 'symlink'?") }
            )
            // A mistake in the task file is an entry of its own kind.
            let entries = "journalctl -b -o cat PRIORITY=3 MESSAGE_ID=dac022759bc4403b9791cc761fcd81fe"
            #expect(try await machine.becomes(entries) { $0.contains(location) })
            #expect(try await machine.becomes("systemctl is-system-running") { $0 == "degraded\n" })
            #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "inactive\n")
            let failed = "systemctl --failed --plain --no-legend | cut -d' ' -f1"
            #expect(try await machine.becomes(failed) { $0 == "k8s-bootstrap-health.service\n" })
            #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 78)
        }
    }
}

extension SecondMachineTests {
    /// Tasks that are run from two places.
    @Suite struct TaskFileTests {
        @Test func `systemctl restart and run --task do the same, and never at the same time`() async throws {
            let tasks = "tasks: {alone: {exec: {command: sh, args: [/etc/alone], writes: [/run/alone/]}}}\n"
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
                    (until grep -q 'runs it' /run/alone/said; do sleep 0.1; done; touch /run/alone/go) &
                    nest-bootstrap run --task alone >/run/alone/said
                    """
                let byHand = try await machine.run("sh", "-c", both)
                #expect(byHand.status == 0, "\(byHand)")
                try await machine.succeeds("alone")
                #expect(try await machine.output("cat /run/alone/log") == "ran\nran\nran\n")
            }
        }
    }
}
