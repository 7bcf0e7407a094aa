import TestSupport
import Testing

extension ThirdMachineTests {
    /// The command after every edit.
    @Suite struct UpTests {
        /// A task file in which `second` runs after `first`, and three tasks append a line to a log of their own.
        private static func tasks(first: String = "x", other: String = "true") -> String {
            func log(_ name: String, _ command: String) -> String {
                "exec: {command: sh, args: [-c, 'echo ran >>/run/\(name)/log; \(command)'], writes: [/run/\(name)/]}"
            }
            return """
                tasks:
                  content: {file: {path: /run/content, source: /etc/content}}
                  first: {\(log("first", ": \(first)"))}
                  second: {after: [first], \(log("second", "true"))}
                  other: {timeout: 5m, \(log("other", other))}

                """
        }

        private static let taskFile = "/etc/nest-bootstrap/bootstrap.yaml"

        /// The number of runs of a task.
        private func runs(_ task: String, _ machine: TestMachine) async throws -> Int {
            try await machine.output("cat /run/\(task)/log").split(separator: "\n").count
        }

        private func up(_ machine: TestMachine, _ arguments: String...) async throws -> ToolResult {
            try await machine.run("sh", "-c", (["nest-bootstrap up"] + arguments).joined(separator: " "))
        }

        @Test func `it starts what has changed, and leaves the rest alone`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place("one", at: "/etc/content")
                try await machine.place(Self.tasks(), at: Self.taskFile)
                let first = try await up(machine)
                #expect(first.status == 0, "\(first)")
                #expect(first.output.contains("second: runs for the first time on this boot\n"))
                #expect(first.output.hasSuffix("4 tasks started: all succeeded\n"))
                #expect(try await machine.output("cat /run/content") == "one")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")

                let again = try await up(machine)
                #expect(again.status == 0, "\(again)")
                #expect(again.output == "4 tasks: nothing has changed since the last success\n")

                // Only the task that reads the file runs again.
                try await machine.place("two", at: "/etc/content")
                let dryRun = try await up(machine, "--dry-run")
                #expect(dryRun.output == "content: runs again, because '/etc/content' has changed\n")
                #expect(try await machine.output("cat /run/content") == "one")
                #expect(try await up(machine).status == 0)
                #expect(try await machine.output("cat /run/content") == "two")

                // A description and a comment change nothing; a command does, and what runs after it follows.
                try await machine.place("# A comment.\n" + Self.tasks(first: "y"), at: Self.taskFile)
                let changed = try await up(machine)
                #expect(changed.status == 0, "\(changed)")
                let lines = changed.output.split(separator: "\n").prefix(2)
                #expect(
                    lines == [
                        "first: runs again, because its declaration has changed",
                        "second: runs again, because it runs after 'first'",
                    ]
                )
                let counts = try await [runs("first", machine), runs("second", machine), runs("other", machine)]
                #expect(counts == [2, 2, 1])
                #expect(try await machine.isRunningWithoutFailures())

                // A run by hand that fails leaves the unit active.
                try await machine.must("rm /etc/content; nest-bootstrap run --task content || echo two >/etc/content")
                #expect(try await up(machine).status == 0)
                #expect(try await machine.output("cat /run/content") == "two\n")

                // The record of a run by hand counts as well.
                try await machine.place("three", at: "/etc/content")
                try await machine.must("nest-bootstrap run --task content")
                #expect(try await up(machine).output == again.output)
            }
        }

        @Test func `a mistake changes nothing, a failure that is retried and one that is not say so`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place("one", at: "/etc/content")
                try await machine.place(Self.tasks(), at: Self.taskFile)
                #expect(try await up(machine).status == 0)
                let unit = "systemctl show -p Description -p ActiveEnterTimestampMonotonic k8s-bootstrap-other"
                let before = try await machine.output(unit)

                try await machine.place(Self.tasks().replacing("timeout", with: "timout"), at: Self.taskFile)
                let mistake = try await up(machine)
                #expect(mistake.status == 78, "\(mistake)")
                #expect(mistake.errors.contains("did you mean 'timeout'?"))
                #expect(mistake.errors.contains("nothing was touched"))
                #expect(try await machine.output(unit) == before)

                try await machine.place(Self.tasks(other: "exit 3"), at: Self.taskFile)
                let failed = try await up(machine)
                #expect(failed.status == 75, "\(failed)")
                #expect(failed.output.contains("task 'other' failed, and it is retried"))
                #expect(failed.output.contains("exited with code 3"))

                try await machine.place(Self.tasks(other: "true"), at: Self.taskFile)
                let corrected = try await up(machine)
                #expect(corrected.status == 0, "\(corrected)")
                #expect(try await machine.isRunningWithoutFailures())

                try await machine.place(Self.tasks(first: "z"), at: Self.taskFile)
                try await machine.must("systemctl mask --runtime k8s-bootstrap-first")
                let masked = try await up(machine, "--output", "json")
                #expect(masked.status == 1, "\(masked)")
                #expect(masked.output.contains(#""masked":["first"]"#))
                try await machine.must("systemctl unmask --runtime k8s-bootstrap-first")
                #expect(try await up(machine, "second").status == 0)
            }
        }

        /// Commands of an administrator that work by hand.
        private static let everyday = [
            "systemctl start systemd-tmpfiles-clean", "useradd k8s-agent", "mount -t tmpfs test /mnt",
            "dpkg --configure -a",
        ]

        @Test func `commands that work by hand work in their units without a sandbox`() async throws {
            func tasks(_ isDeclared: Bool) -> String {
                let lines = Self.everyday.enumerated().map { index, command in
                    "  t\(index): {exec: {command: sh, args: [-c, '\(command)']\(isDeclared ? ", sandbox: false" : "")}}\n"
                }
                return "tasks:\n" + lines.joined()
            }
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks(false), at: Self.taskFile)
                try await machine.preventRetries()
                let stopped = try await up(machine)
                #expect(stopped.status == 75, "\(stopped)")
                #expect(Set(try await machine.records().values) == ["failed"])
                #expect(stopped.output.contains("or write sandbox: false"))

                try await machine.place(tasks(true), at: Self.taskFile)
                let result = try await up(machine)
                #expect(result.status == 0, "\(result)")
                #expect(try await machine.run("id", "k8s-agent").status == 0)
                #expect(try await machine.output("cat /proc/mounts").contains("test /mnt tmpfs"))
                let counted = try await machine.output("nest-bootstrap check")
                #expect(counted == "4 tasks for this node (4 without a sandbox), nothing wrong\n")
                try await machine.must("umount /mnt; userdel k8s-agent")
            }
        }

        @Test func `a task that did not run again is not shown with its former failure`() async throws {
            try await TestMachine.withRunning { machine in
                let first = "first: {wait: {file: /run/gate}}"
                let second = "second: {after: [first], exec: {command: sh, args: [-c, 'exit 3']}}"
                try await machine.place("tasks: {\(first), \(second)}\n", at: Self.taskFile)
                try await machine.preventRetries()
                try await machine.must("touch /run/gate")
                let failed = try await up(machine)
                #expect(failed.output.contains("task 'second' failed, and it is retried"))
                let corrected = second.replacing("exit 3", with: "true")
                let edited = "first: {timeout: 1s, wait: {file: /run/other-gate}}"
                try await machine.place("tasks: {\(edited), \(corrected)}\n", at: Self.taskFile)
                let result = try await up(machine)
                #expect(result.status == 75, "\(result)")
                #expect(result.output.contains("task 'first' failed, and it is retried"))
                #expect(result.output.contains("task 'second' did not run, because 'first' failed\n"))
                #expect(!result.output.contains("exited with code 3"))
            }
        }

        @Test func `the tasks continue without the command`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place("one", at: "/etc/content")
                let waits = "until [ -e /run/other/go ]; do sleep 0.1; done"
                try await machine.place(Self.tasks(other: waits), at: Self.taskFile)
                let interrupted = try await machine.run(
                    "sh",
                    "-c",
                    "nest-bootstrap up & until [ -s /run/other/log ]; do sleep 0.1; done; kill -HUP $!; wait $!"
                )
                #expect(interrupted.status == 143, "\(interrupted)")
                #expect(interrupted.output.contains("the tasks continue; 'nest-bootstrap status --watch' shows them\n"))
                try await machine.must("touch /run/other/go")
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
                #expect(try await runs("other", machine) == 1)
            }
        }
    }
}
