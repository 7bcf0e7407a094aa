import TestSupport
import Testing

extension FirstMachineTests {
    /// What systemd shows of tasks that fail, are retried and recover, and what follows from it.
    @Suite struct HealthTests {
        /// What an administrator or a monitoring system sees of a machine.
        struct View: Equatable {
            var failed: Set<String>
            var system: String
            var target: String

            static let well = View(failed: [], system: "running", target: "active")

            static func failing(_ units: String...) -> View {
                View(failed: Set(units + [HealthTests.health]), system: "degraded", target: "inactive")
            }
        }

        func view(_ machine: TestMachine) async throws -> View {
            let failed = try await machine.output("systemctl list-units --failed --plain --no-legend 'k8s-bootstrap*'")
            let names = failed.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
            return View(
                failed: Set(names),
                system: try await machine.output("systemctl is-system-running | tr -d '\\n'"),
                target: try await machine.output("systemctl is-active k8s-bootstrap.target | tr -d '\\n'"),
            )
        }

        /// Waits until the machine looks as expected, and prints how it looks.
        func becomes(_ machine: TestMachine, _ expected: View, _ title: String) async throws {
            var seen = try await view(machine)
            _ = try await TestSupport.becomes(every: .milliseconds(500)) {
                seen = try await view(machine)
                return seen == expected
            }
            let status = seen == expected ? "" : try await machine.status()
            #expect(seen == expected, "\(title): \(status)")
        }

        /// The tasks about which the alert unit was started, in order.
        private func alerts(_ machine: TestMachine) async throws -> [String] {
            try await machine.output("cat /run/alerts 2>/dev/null").split(separator: "\n").map(String.init)
        }

        /// A drop-in for the alert unit, as documented.
        private func recordAlerts(_ machine: TestMachine) async throws {
            try await machine.place(
                """
                [Service]
                ExecStart=sh -c 'nest-bootstrap status %i >/dev/null && echo "%i recovered" >>/run/alerts || echo "%i failed" >>/run/alerts'

                """,
                at: "/etc/systemd/system/k8s-bootstrap-alert@.service.d/alert.conf",
            )
        }

        static let health = "k8s-bootstrap-health.service"

        @Test func `a permanent failure fails the start, is shown, is not retried, and ends with one start`()
            async throws
        {
            let tasks = """
                cluster: {certificateAuthority: /run/agenix/k8s-ca.crt}
                tasks:
                  admin:
                    kubeconfig:
                      {path: /etc/kubernetes/admin.kubeconfig, user: kubernetes-admin,
                       certificate: /run/agenix/kube-admin.crt, key: /run/agenix/kube-admin.key}
                  bad: {after: [admin], apply: {manifests: [/etc/bad.yaml]}}
                  next: {after: [bad], symlink: {path: /run/next, target: /etc}}
                  fine: {exec: {command: sh, args: [-c, "echo ran >> /run/fine/log"], writes: [/run/fine/]}}

                """
            let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad, namespace: default}\n"
            try await TestCluster.withFresh { cluster in
                try await cluster.withRunningMachine(tasks: tasks) { machine in
                    try await machine.place(manifest + "dta: {}\n", at: "/etc/bad.yaml")
                    try await recordAlerts(machine)
                    try await machine.startTasks()
                    let failed = View.failing("k8s-bootstrap-bad.service")
                    try await becomes(machine, failed, "a task that failed permanently")
                    #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 1)
                    #expect(try await machine.becomes("cat /run/alerts") { $0 == "bad failed\n" })
                    #expect(
                        try await machine.output("systemctl list-timers --no-legend 'k8s-bootstrap--retry@*'") == ""
                    )
                    let again = try await machine.run("systemctl", "start", "k8s-bootstrap.target")
                    #expect(again.status == 1, "\(again)")
                    #expect(try await view(machine) == failed)
                    #expect(try await alerts(machine) == ["bad failed"])

                    try await machine.must("sed -i 's/dta/data/' /etc/bad.yaml")
                    try await machine.must("systemctl start k8s-bootstrap.target")
                    try await becomes(machine, .well, "after the manifest was corrected")
                    #expect(Set(try await machine.tasks().values) == ["active"])
                    #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)
                    #expect(try await machine.becomes("cat /run/alerts") { $0 == "bad failed\nbad recovered\n" })
                    // What had succeeded was not run again; a restart of the target runs everything again.
                    #expect(try await machine.output("cat /run/fine/log") == "ran\n")
                    try await machine.must("systemctl restart k8s-bootstrap.target")
                    try await becomes(machine, .well, "after a restart of the target")
                    #expect(try await machine.output("cat /run/fine/log") == "ran\nran\n")
                }
            }
        }

        @Test func `a failure that may pass is retried with growing delays until it does`() async throws {
            let tasks = """
                tasks:
                  flaky: {exec: {command: sh, args: [-c, "echo ran >> /run/flaky/log; test -e /run/go"], writes: [/run/flaky/]}}
                  next: {after: [flaky], symlink: {path: /run/next, target: /etc}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await recordAlerts(machine)
                try await machine.startTasks()
                #expect(try await machine.becomes("cat /run/flaky/log") { $0.hasPrefix("ran\nran\n") })
                let failed = View.failing("k8s-bootstrap-flaky.service")
                try await becomes(machine, failed, "a task that is retried")
                // 20 s after the second failure, twice as long after each one that follows.
                var timers = ""
                let isGrowing = try await TestSupport.becomes(every: .milliseconds(500)) {
                    let runs = try await runs(machine)
                    timers = try await machine.output("systemctl list-timers --no-legend 'k8s-bootstrap*'")
                    let delay = "k8s-bootstrap--retry@\(10 << (runs - 1))s.timer"
                    let later = try await self.runs(machine)
                    return timers.contains(delay) && runs == later
                }
                #expect(isGrowing, "\(timers)")
                let isWaiting = try await TestSupport.becomes {
                    let waiting = try await machine.run("nest-bootstrap", "status", "--wait=1s")
                    return waiting.status == 3 && waiting.output.contains("failed, retries in ")
                        && waiting.output.contains("runs after 'flaky'")
                }
                #expect(isWaiting)
                #expect(try await alerts(machine) == ["flaky failed"])
                try await machine.must("touch /run/go")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)
                try await becomes(machine, .well, "after it healed")
                #expect(try await machine.becomes("cat /run/alerts") { $0 == "flaky failed\nflaky recovered\n" })
                #expect(try await runs(machine) > 2)
            }
        }

        /// How often task `flaky` has been run.
        private func runs(_ machine: TestMachine) async throws -> Int {
            try await machine.output("cat /run/flaky/log").split(separator: "\n").count
        }

        @Test func `systemctl stays truthful while a failed task is running again`() async throws {
            let tasks = """
                tasks:
                  slow: {exec: {command: sh, args: [-c, "test ! -e /run/slow/again || sleep 1000; touch /run/slow/again; exit 1"],
                    writes: [/run/slow/]}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                let state = "systemctl show --value -p SubState k8s-bootstrap-slow"
                #expect(try await machine.becomes(state) { $0 == "failed\n" })
                #expect(try await machine.becomes(state) { $0 == "start\n" })
                let running = View.failing()
                #expect(try await view(machine) == running)

                // A signal that nobody meant leaves the unit active, but the task has not succeeded.
                #expect(try await machine.becomes("nest-bootstrap status --output json") { $0.contains("\"running\"") })
                try await machine.must("kill $(systemctl show --value -p MainPID k8s-bootstrap-slow)")
                #expect(try await machine.becomes(state) { $0 == "exited\n" })
                _ = try await machine.run("systemctl", "restart", Self.health)
                #expect(try await view(machine).failed == [Self.health])
            }
        }

        @Test func `a task that failed because /run was full is retried`() async throws {
            let tasks = "tasks: {made: {file: {path: /etc/made, content: text}}}\n"
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                #expect(try await machine.becomes("cat /etc/made") { $0 == "text" })
                // It ends when nothing more can be written.
                _ = try await machine.run("sh", "-c", "rm /etc/made; cat /dev/zero >/run/full")
                #expect(try await machine.run("systemctl", "restart", "k8s-bootstrap-made").status == 1)
                try await machine.must("test ! -e /etc/made && rm /run/full")
                #expect(try await machine.becomes("cat /etc/made") { $0 == "text" })
                try await becomes(machine, .well, "after /run has space again")
            }
        }

        @Test func `removed tasks leave nothing behind, and the empty task file of the package is healthy`()
            async throws
        {
            let tasks = """
                tasks:
                  keep: {symlink: {path: /run/keep, target: /etc}}
                  old: {symlink: {path: /run/old, target: /etc}}
                  broken: {exec: {command: "false"}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.startTasks()
                try await becomes(machine, .well, "the package as it was installed")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)

                try await machine.must(
                    "printf '\(tasks.replacing("\n", with: "\\n"))' >/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.must("systemctl daemon-reload")
                #expect(try await machine.run("systemctl", "restart", "k8s-bootstrap.target").status == 1)
                #expect(try await machine.becomes("systemctl is-failed k8s-bootstrap-broken") { $0 == "failed\n" })
                try await machine.must("sed -i '/old:/d; /broken:/d' /etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("systemctl daemon-reload")
                let list = "systemctl list-units --all --plain --no-legend 'k8s-bootstrap-*.service' | cut -d' ' -f1"
                let kept = ["-metrics", "-report-end", "-report", "health", "keep"].map {
                    "k8s-bootstrap-\($0).service\n"
                }.joined()
                let isForgotten = try await machine.becomes(list) { $0 == kept }
                let left = try await machine.output(list)
                #expect(isForgotten, "\(left)")
                try await machine.must("systemctl start k8s-bootstrap.target")
                try await becomes(machine, .well, "after two tasks were removed from the task file")
            }
        }
    }
}

extension FirstMachineTests.HealthTests {
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
            try await becomes(machine, .well, "after a slow service")
            #expect(try await machine.output("readlink /run/second") == "/etc\n")
        }
    }
}
