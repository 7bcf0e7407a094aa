import TestSupport
import Testing

extension SecondMachineTests {
    /// The units of tasks, as systemd loads, runs and stops them.
    @Suite struct UnitTests {
        /// In addition to those of the example.
        private static let tasks = """
            tasks:
              file: {file: {path: /run/made, content: text}}
              script: {exec: {command: sleep, args: ["1000"]}}

            """

        /// Waits until the programs that run in the unit of a task are these, and prints them.
        private func runs(_ task: String, _ programs: String, _ machine: TestMachine) async throws {
            let list = """
                for process in /proc/[0-9]*
                do grep -q '/k8s-bootstrap-\(task)[.]service$' "$process/cgroup" && cat "$process/comm"
                done 2>/dev/null | sort -u | paste -sd ' '
                """
            let isSo = try await machine.becomes(list) { $0 == "\(programs)\n" }
            let found = try await machine.output(list)
            #expect(isSo, "\(task): \(found)")
        }

        @Test(arguments: TestMachine.releases)
        func `a task has one unit of 25 lines that systemd accepts, and is one process with its sandbox`(
            release: String?
        ) async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withRunningMachine(of: release) { machine in
                    try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.d/60-tasks.yaml")
                    try await machine.startTasks()
                    let verify =
                        "cd /run/systemd/generator && systemd-analyze verify *[!@].service k8s-bootstrap.target"
                    let verified = try await machine.run("sh", "-c", verify)
                    #expect(verified.status == 0 && verified.output + verified.errors == "", "\(verified)")
                    let count = "cd /run/systemd/generator && grep -c '^[^#]' k8s-bootstrap-[!-]*.service"
                    let units = try await machine.must("\(count) | grep -v -e health -e @").split(separator: "\n")
                    #expect(units.count == 17)
                    for unit in units {
                        let lines = try #require(unit.split(separator: ":").last.flatMap { Int($0) })
                        #expect(lines <= 25, "\(unit)")
                    }
                    let commands = try await machine.must("grep -h '^Exec' /run/systemd/generator/k8s-bootstrap-file*")
                    #expect(commands == "ExecStart=:/usr/bin/nest-bootstrap run --task file\n")

                    try await runs("script", "bwrap nest-bootstrap sleep", machine)
                    try await runs("bootstrap-rbac", "bwrap nest-bootstrap", machine)
                    // Another process has the lock of the task.
                    try await machine.succeeds("file")
                    try await machine.must(
                        """
                        lock=/run/nest-bootstrap/tasks/file
                        systemd-run --quiet --unit=holder flock "$lock" sleep 1000
                        while flock -n "$lock" true; do sleep 0.1; done
                        systemctl restart --no-block k8s-bootstrap-file
                        """
                    )
                    try await runs("file", "nest-bootstrap", machine)
                    try await machine.must("systemctl stop holder")
                    try await machine.succeeds("file")
                }
            }
        }

        @Test func `a reload of systemd keeps the deadline of a task, and a stopped task has not failed`() async throws
        {
            let path = "/etc/nest-bootstrap/bootstrap.yaml"
            let tasks = """
                tasks:
                  long: {timeout: 5m, exec: {command: sleep, args: ["1000"]}}
                  waits: {timeout: 5m, wait: {tcp: "127.0.0.1:1"}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: path)
                try await machine.startTasks()
                let unit = "k8s-bootstrap-long.service"
                #expect(try await machine.becomes("systemctl show -p SubState \(unit)") { $0 == "SubState=start\n" })
                // Also before the program has written its record, and while its declaration is removed.
                let deadline = "systemctl show -p LoadState -p TimeoutStartUSec \(unit)"
                try await machine.must("systemctl daemon-reload")
                #expect(try await machine.output(deadline).contains("TimeoutStartUSec=6min\n"))
                // The program that the task runs has begun only after the record was written and signals are handled.
                #expect(try await machine.becomes(TestMachine.countSleepProcesses) { $0 == "1\n" })
                let waits = "systemctl show -p StatusText k8s-bootstrap-waits"
                #expect(try await machine.becomes(waits) { $0.contains("connection refused") })
                try await machine.must("cp \(path) /root; echo x >\(path); systemctl daemon-reload")
                let kept = try await machine.output(deadline)
                #expect(Set(kept.split(separator: "\n")) == ["LoadState=loaded", "TimeoutStartUSec=1d 1min"])
                try await machine.must("cp /root/bootstrap.yaml \(path) && systemctl daemon-reload")
                try await machine.must("systemctl stop \(unit) k8s-bootstrap-waits")
                #expect(try await machine.records() == ["long": "interrupted", "waits": "interrupted"])
                #expect(try await machine.output(TestMachine.countSleepProcesses) == "0\n")
                #expect(try await machine.isRunningWithoutFailures())

                // Also while its sandbox is made, and before the program handles signals: then SIGTERM kills it, which is
                // a failure, and never a success.
                let ends = try await machine.must(
                    """
                    for i in $(seq 0 5 95); do
                        systemctl start --no-block \(unit) k8s-bootstrap-waits
                        sleep 0.0$(printf %02d $i)
                        systemctl stop \(unit) k8s-bootstrap-waits
                        for unit in \(unit) k8s-bootstrap-waits
                        do systemctl show -p ActiveState -p Result --value $unit | paste -s; done
                    done | sort -u
                    """
                )
                #expect(Set(ends.split(separator: "\n")).isSubset(of: ["success\tinactive", "signal\tfailed"]))
            }
        }

        @Test func `users without rights see no command line, output or value of a task`() async throws {
            let tasks = """
                tasks:
                  leak: {exec: {command: sh, args: [-c, "echo https://u:MARKEROUT@h; exit 3 # MARKERARG"]}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.preventRetries()
                try await machine.startTasks()
                #expect(try await machine.fails("leak"))
                let unit = "k8s-bootstrap-leak.service"
                #expect(try await machine.becomes("systemctl is-failed \(unit)") { $0 == "failed\n" })
                let look = """
                    systemctl show '\(unit)' 'k8s-bootstrap-*'; systemctl status '\(unit)'; nest-bootstrap status \\
                        --output json; grep -rs . /run/nest-bootstrap
                    """
                try await machine.place(look, at: "/etc/look")
                let seen = try await machine.output(
                    "setpriv --reuid 65534 --regid 65534 --clear-groups sh /etc/look; true"
                )
                #expect(!seen.contains("MARKER"), "\(seen)")
                #expect(seen.contains("StatusText=failed in "), "\(seen)")
                #expect(seen.contains("its program exited with code 3 (only root may see"), "\(seen)")
                let own = try await machine.output("nest-bootstrap status; true")
                #expect(own.contains("MARKERARG") && own.contains("MARKEROUT"), "\(own)")
            }
        }
    }
}
