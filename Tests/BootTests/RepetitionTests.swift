import TestSupport
import Testing

extension ThirdMachineTests {
    /// Tasks with `every`, as systemd repeats them.
    @Suite struct RepetitionTests {
        private static let tasks = """
            tasks:
              again:
                every: 10s
                exec:
                  command: sh
                  args: [-c, "echo ran >> /run/again/log; test ! -e /run/hold || sleep 600; test ! -e /run/stop"]
                  writes: [/run/again/]
              next:
                after: [again]
                exec: {command: sh, args: [-c, "echo ran >> /run/next/log"], writes: [/run/next/]}
              copy:
                every: 10s
                file: {path: /run/copy/file, content: text}

            """
        private static let unit = "k8s-bootstrap-again.service"
        private static let repetition = "k8s-bootstrap-repeat@again.service"

        /// The number of lines in a file.
        private func count(_ file: String, _ machine: TestMachine) async throws -> Int {
            try await machine.output("cat \(file)").split(separator: "\n").count
        }

        /// What `status` knows of a task.
        private func status(of task: String, _ machine: TestMachine) async throws -> JSON? {
            let text = try await machine.status("--output json \(task)")
            return try JSON(text)["tasks"]?.sequence?.first
        }

        @Test func `a task repeats while what depends on it stays as it is, also if a repetition fails`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(
                    "[Service]\nReadWritePaths=/srv\nExecStart=sh -c 'echo %i >>/srv/alerts'\n",
                    at: "/etc/systemd/system/k8s-bootstrap-alert@.service.d/alert.conf"
                )
                try await machine.startTasks()
                try await machine.must("nest-bootstrap status --wait=10m")
                let (task, log) = (Self.unit, "cat /run/again/log")
                let since = "systemctl show --value -p ActiveEnterTimestampMonotonic \(task) k8s-bootstrap-next"
                let before = try await machine.must(since)
                #expect(try await machine.becomes(log) { $0.count / 4 >= 3 })
                #expect(try await machine.must(since) == before)
                #expect(try await count("/run/next/log", machine) == 1)
                // Between two repetitions.
                let isWell = try await TestSupport.becomes {
                    let well = try await status(of: "again", machine)
                    return well?["state"]?.string == "changed" && well?["repetition"]?["state"]?.string == "changed"
                }
                #expect(isWell)
                // A product is put in place again by a repetition.
                try await machine.must("rm /run/copy/file")
                #expect(try await machine.becomes("cat /run/copy/file") { $0 == "text" })

                try await machine.must("touch /run/stop")
                let isFailed = "systemctl is-failed \(Self.repetition)"
                #expect(try await machine.becomes(isFailed) { $0 == "failed\n" })
                // It is the only one, also after the health service has looked.
                #expect(try await machine.becomes("cat /srv/alerts") { $0 == "again\n" })
                let others = "systemctl --failed --no-legend --plain | grep -v \(Self.repetition); true"
                #expect(try await machine.output(others) == "")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
                #expect(try await machine.must(since) == before)
                let isReported = try await TestSupport.becomes {
                    let failed = try await machine.run("nest-bootstrap", "status")
                    return failed.status == 1 && failed.output.contains("repetition: ")
                }
                #expect(isReported)
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=1s").status == 0)
                // What depends on it can run all the same.
                try await machine.must("systemctl restart k8s-bootstrap-next")
                let failures = try await count("/run/again/log", machine)
                #expect(try await machine.becomes(log) { $0.count / 4 >= failures + 2 })
                #expect(try await machine.output("cat /srv/alerts") == "again\n")

                try await machine.must("rm /run/stop")
                #expect(try await machine.becomes(isFailed) { $0 == "inactive\n" })
                #expect(try await machine.becomes("cat /srv/alerts") { $0 == "again\nagain\n" })
                #expect(try await machine.becomes("systemctl is-system-running") { $0 == "running\n" })
                #expect(try await machine.run("nest-bootstrap", "status").status == 0)

                // SIGTERM is a failure while systemd does not stop the unit.
                try await machine.must("touch /run/hold")
                #expect(try await machine.becomes(TestMachine.countSleepProcesses) { $0 == "1\n" })
                try await machine.must("systemctl stop k8s-bootstrap-again.timer")
                try await machine.must("systemctl kill --kill-whom=main --signal=TERM \(Self.repetition)")
                #expect(try await machine.becomes(isFailed) { $0 == "failed\n" })
            }
        }

        @Test func `the repetitions of a removed task end, and go on after a task file that was invalid`() async throws
        {
            let path = "/etc/nest-bootstrap/bootstrap.yaml"
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: path)
                try await machine.startTasks()
                try await machine.must("nest-bootstrap status --wait=10m")
                try await machine.must("cp \(path) /root/good && echo 'tasks: [' >\(path) && systemctl daemon-reload")
                try await machine.must("cp /root/good \(path) && systemctl start k8s-bootstrap.target")
                let runs = try await count("/run/again/log", machine)
                #expect(try await machine.becomes("cat /run/again/log") { $0.count / 4 > runs })

                try await machine.must("sed -i '/^  copy:/,$s/every: 10s//' \(path) && systemctl daemon-reload")
                let timer = "systemctl is-active k8s-bootstrap-copy.timer"
                #expect(try await machine.becomes(timer) { $0 == "inactive\n" })
                let reports = "systemctl is-active k8s-bootstrap--report.timer"
                #expect(try await machine.output(reports) == "active\n")
                try await machine.must("echo 'cluster: {report: false}' >>\(path) && systemctl daemon-reload")
                #expect(try await machine.becomes(reports) { $0 == "inactive\n" })
                try await machine.must("sed -i '/^  again:/,/^  next:/{/^  next:/!d}; s/after: .again.//' \(path)")
                try await machine.must("systemctl daemon-reload")
                let units = "systemctl list-units --all --no-legend 'k8s-bootstrap*again*'"
                #expect(try await machine.becomes(units) { $0 == "" })
                #expect(try await machine.becomes("systemctl --failed --no-legend") { $0 == "" })
            }
        }
    }
}
