import TestSupport
import Testing

extension ThirdMachineTests {
    /// Runs of named tasks by hand, which do what the units of the tasks do at boot.
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

        /// The number of runs of both tasks.
        private func runs(_ machine: TestMachine) async throws -> [Int] {
            let text = try await machine.output("cat /run/first/log | wc -l; cat /run/second/log 2>/dev/null | wc -l")
            return text.split(separator: "\n").compactMap { Int($0) }
        }

        @Test func `the success of a failed task ends the failure of its unit, and starts what depends on it`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.two, at: Self.taskFile)
                // A retry would start the unit too.
                try await machine.preventRetries()
                #expect(try await machine.run("nest-bootstrap", "up").status == 75)
                #expect(try await run(machine, "--task first").status == 1)
                #expect(try await machine.output("systemctl is-failed k8s-bootstrap-first || true") == "failed\n")
                #expect(try await run(machine, "--task second").status == 75)
                try await machine.must("touch /run/first/go")
                for command in ["--task first", ""] {
                    let byHand = try await run(machine, command)
                    #expect(byHand.status == 0, "\(byHand)")
                    let before = try await runs(machine)
                    // As its timer does, until the service finds nothing failed.
                    let look = "systemctl start k8s-bootstrap-health; systemctl is-active k8s-bootstrap.target"
                    #expect(try await machine.becomes(look) { $0 == "active\n" })
                    #expect(
                        try await machine.becomes("systemctl start k8s-bootstrap-health && echo well") {
                            $0 == "well\n"
                        }
                    )
                    #expect(try await machine.output("systemctl --failed --no-legend 'k8s-*'") == "")
                    #expect(try await machine.run("nest-bootstrap", "status").status == 0)
                    // The start of the unit has repeated nothing, and what depends on it ran.
                    #expect(try await runs(machine) == [before[0], before[1] + 1])
                    // The next start runs the task, which fails.
                    try await machine.must(
                        "rm /run/first/go; ! systemctl restart k8s-bootstrap-first; touch /run/first/go"
                    )
                    #expect(try await runs(machine)[0] == before[0] + 1)
                }
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
                #expect(try await runs(machine) == [2, 2])
                try await machine.must("rm /run/first/go")
                #expect(try await run(machine, "--task first").status == 1)
                #expect(try await machine.output(unit) == before)
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
            }
        }

        @Test
        func `user, rights and sandbox are those at boot, the output is the caller's, and Control-C ends the program`()
            async throws
        {
            let view =
                "echo seen; (id; grep '^Cap[^B]' /proc/self/status; cut -d ' ' -f 2-4 /proc/self/mounts; ls -R /run) >$1"
            let tasks = """
                tasks:
                  view: {exec: {script: /etc/view, args: [/run/view/out], writes: [/run/view/]}}
                  slow: {exec: {command: sh, args: [-c, 'touch /run/slow/up; sleep 1000'], writes: [/run/slow/]}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: Self.taskFile)
                try await machine.place("\(view)\n", at: "/etc/view")
                try await machine.must("systemctl daemon-reload; systemctl start k8s-bootstrap-view")
                let atBoot = try await machine.output("cat /run/view/out")
                #expect(atBoot.contains("\nCapEff:") && atBoot.contains("/run/view"), "\(atBoot)")
                // A file gets everything, in order.
                try await machine.must("nest-bootstrap run --task view >/run/out 2>&1; echo end >>/run/out")
                let output = try await machine.output("cat /run/out")
                #expect(output.contains("view: | seen\n") && output.hasSuffix("\nend\n"), "\(output)")
                #expect(try await machine.output("cat /run/view/out") == atBoot)
                let interrupted = try await machine.run(
                    "sh",
                    "-c",
                    "nest-bootstrap run --task slow & until [ -e /run/slow/up ]; do sleep 0.1; done; kill -INT $!; wait $!"
                )
                #expect(interrupted.status == 130, "\(interrupted)")
                #expect(try await machine.output(TestMachine.countSleepProcesses) == "0\n")
                #expect(try await machine.records()["slow"] == "interrupted")
            }
        }
    }
}
