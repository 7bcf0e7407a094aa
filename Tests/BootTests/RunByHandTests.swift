import TestSupport
import Testing

extension ThirdMachineTests {
    /// Runs of named tasks by hand, in units that are those of the tasks at boot.
    @Suite struct RunByHandTests {
        private static let taskFile = "/etc/nest-bootstrap/bootstrap.yaml"

        private static let two = """
            tasks:
              first: {exec: {command: sh, args: [-c, 'echo ran >>/run/first/log; test -e /run/first/go'], writes: [/run/first/]}}
              second: {after: [first], exec: {command: sh, args: [-c, 'echo ran >>/run/second/log'], writes: [/run/second/]}}
            """

        private func run(_ machine: TestMachine, _ arguments: String) async throws -> ToolResult {
            try await machine.run("sh", "-c", "nest-bootstrap run \(arguments)")
        }

        /// The number of runs of a task.
        private func runs(_ task: String, _ machine: TestMachine) async throws -> Int {
            try await machine.output("cat /run/\(task)/log").split(separator: "\n").count
        }

        @Test func `a task has the sandbox of its unit, unless it runs here`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(
                    "tasks: {beyond: {exec: {command: touch, args: [/etc/beyond]}}}\n",
                    at: Self.taskFile
                )
                try await machine.must("systemctl daemon-reload")
                let inUnit = try await run(machine, "--task beyond")
                #expect(inUnit.status == 1, "\(inUnit)")
                #expect((inUnit.output + inUnit.errors).contains("see 'reads', 'writes'"))
                #expect(try await machine.run("test", "-e", "/etc/beyond").status == 1)
                let here = try await run(machine, "--task beyond --here")
                #expect(here.status == 0, "\(here)")
                #expect(try await machine.run("test", "-e", "/etc/beyond").status == 0)
                try await machine.must("rm /etc/beyond")
                // Nothing is left of the units.
                #expect(try await machine.output("ls /run/systemd/system").contains("by-hand") == false)
                let units = "systemctl list-units --all --no-legend 'k8s-bootstrap-by-hand*'"
                #expect(try await machine.output(units) == "")
            }
        }

        @Test func `the success of a failed task ends the failure of its unit and starts what depends on it`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.two, at: Self.taskFile)
                // A retry would start the unit too.
                try await machine.preventRetries()
                let failed = try await machine.run("nest-bootstrap", "up")
                #expect(failed.status == 75, "\(failed)")
                #expect(try await machine.output("systemctl is-failed k8s-bootstrap-first || true") == "failed\n")
                let before = try await runs("first", machine)

                let again = try await run(machine, "--task first")
                #expect(again.status == 1, "\(again)")
                #expect(try await machine.output("systemctl is-failed k8s-bootstrap-first || true") == "failed\n")
                let missing = try await run(machine, "--task second")
                #expect(missing.status == 75, "\(missing)")

                try await machine.must("touch /run/first/go")
                let byHand = try await run(machine, "--task first")
                #expect(byHand.status == 0, "\(byHand)")
                #expect(byHand.output.contains("unit 'k8s-bootstrap-first.service' had failed and is active now\n"))
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
                #expect(try await machine.output("systemctl --failed --no-legend 'k8s-*'") == "")
                #expect(try await machine.run("nest-bootstrap", "status").status == 0)
                #expect(try await runs("second", machine) == 1)
                // The start of the unit has repeated nothing.
                let journal = try await machine.output("journalctl -b -u k8s-bootstrap-first -o cat")
                #expect(journal.contains("has succeeded by hand, and is not repeated"))
                #expect(try await runs("first", machine) == before + 2)

                // The next start runs the task.
                let count = try await runs("first", machine)
                try await machine.must("systemctl restart k8s-bootstrap-first")
                #expect(try await runs("first", machine) == count + 1)

                // A run of all tasks ends the failure too.
                try await machine.must("rm /run/first/go; ! systemctl restart k8s-bootstrap-first; touch /run/first/go")
                let all = try await run(machine, "")
                #expect(
                    all.output.contains("unit 'k8s-bootstrap-first.service' had failed and is active now\n"),
                    "\(all)"
                )
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
                #expect(try await machine.run("nest-bootstrap", "status").status == 0)
            }
        }

        @Test func `a task whose unit is active leaves the tasks after it alone`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.two, at: Self.taskFile)
                try await machine.must("mkdir -p /run/first; touch /run/first/go; nest-bootstrap up")
                let unit = "systemctl show -p ActiveEnterTimestampMonotonic k8s-bootstrap-first k8s-bootstrap-second"
                let before = try await machine.output(unit)
                let json = try await run(machine, "--task first --task second --output json")
                #expect(json.status == 0, "\(json)")
                #expect(json.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
                #expect(try await machine.output(unit) == before)
                #expect(try await [runs("first", machine), runs("second", machine)] == [2, 2])
                try await machine.must("rm /run/first/go")
                #expect(try await run(machine, "--task first").status == 1)
                #expect(try await machine.output(unit) == before)
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
            }
        }

        /// A program that writes what it sees of its user, privileges, environment and mounts.
        private static let view = """
            id
            grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status
            env | grep -vE '^(INVOCATION_ID|JOURNAL_STREAM|MEMORY_PRESSURE_.*|SYSTEMD_EXEC_PID|_)=' | sort
            cut -d ' ' -f 2-4 /proc/self/mounts | sort
            ls /run /var/lib
            cat "$CREDENTIALS_DIRECTORY/token"

            """

        @Test func `user, sandbox, environment and credentials are those of the unit, the output is the caller's`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                let exec = "script: /etc/view, args: [/run/view/out], writes: [/run/view/]"
                try await machine.place("tasks: {view: {exec: {\(exec)}}}\n", at: Self.taskFile)
                try await machine.place("echo seen\n( \(Self.view) ) >\"$1\"\n", at: "/etc/view")
                let directory = "/etc/systemd/system/k8s-bootstrap-view.service.d"
                let settings = "[Service]\nEnvironment=COLOUR=green\nSetCredential=token:secret\n"
                try await machine.place(settings, at: "\(directory)/50-own.conf")
                try await machine.must("systemctl daemon-reload; systemctl start k8s-bootstrap-view")
                let atBoot = try await machine.output("cat /run/view/out")
                #expect(atBoot.contains("COLOUR=green\n") && atBoot.hasSuffix("secret"))
                let result = try await run(machine, "--task view")
                #expect(result.status == 0, "\(result)")
                #expect(result.output.contains("view: | seen\n"))
                let byHand = try await machine.output("cat /run/view/out")
                let unit = try Regex("k8s-bootstrap-(view|by-hand@view-[0-9a-f]+)\\.service")
                #expect(byHand.replacing(unit, with: "UNIT") == atBoot.replacing(unit, with: "UNIT"))
                // A file gets everything, in order.
                try await machine.must("nest-bootstrap run --task view >/run/out 2>&1; echo end >>/run/out")
                #expect(try await machine.output("cat /run/out").contains("view: | seen\n"))
                #expect(try await machine.output("tail -n 1 /run/out") == "end\n")
                try await machine.must("rm -r \(directory) /run/out; systemctl daemon-reload")
            }
        }

        @Test func `a task whose run is killed completes, and the next run removes its unit`() async throws {
            try await TestMachine.withRunning { machine in
                let wait = "touch /run/slow/up; until [ -e /run/slow/go ]; do sleep 0.1; done"
                let exec = "command: sh, args: [-c, '\(wait)'], writes: [/run/slow/]"
                try await machine.place("tasks: {slow: {exec: {\(exec)}}}\n", at: Self.taskFile)
                try await machine.must("systemctl daemon-reload; rm -rf /run/slow")
                let kill = "until [ -e /run/slow/up ]; do sleep 0.1; done; kill -KILL $!; touch /run/slow/go"
                try await machine.must("nest-bootstrap run --task slow >/run/out & \(kill); rm /run/out")
                #expect(
                    try await TestSupport.becomes(every: .milliseconds(500)) {
                        try await machine.records()["slow"] == "changed"
                    }
                )
                #expect(try await run(machine, "--task slow").status == 0)
                let units = "systemctl list-units --all --no-legend 'k8s-bootstrap-by-hand*'"
                #expect(try await machine.becomes(units) { $0 == "" })
                #expect(try await machine.output("ls /run/systemd/system").contains("by-hand") == false)
            }
        }

        @Test func `Control-C ends the task, and leaves no unit`() async throws {
            try await TestMachine.withRunning { machine in
                let wait =
                    "tasks: {slow: {exec: {command: sh, args: [-c, 'touch /run/slow/up; sleep 1000'], writes: [/run/slow/]}}}\n"
                try await machine.place(wait, at: Self.taskFile)
                try await machine.must("systemctl daemon-reload")
                let result = try await machine.run(
                    "sh",
                    "-c",
                    "rm -f /run/slow/up; nest-bootstrap run --task slow & until [ -e /run/slow/up ]; do sleep 0.1; done; "
                        + "kill -INT $!; wait $!"
                )
                #expect(result.status == 130, "\(result)")
                let units = "systemctl list-units --no-legend 'k8s-bootstrap-by-hand*'"
                #expect(try await machine.output(units) == "")
                #expect(try await machine.output("ls /run/systemd/system").contains("by-hand") == false)
            }
        }
    }
}
