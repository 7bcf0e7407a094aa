import TestSupport
import Testing

extension FirstMachineTests {
    /// What systemd shows of tasks that fail, are tried again and recover, and what follows from it.
    @Suite struct HealthTests {
        /// What an administrator or a monitoring system sees of a machine.
        private struct View: Equatable {
            var failed: Set<String>
            var system: String
            var target: String

            static let well = View(failed: [], system: "running", target: "active")

            static func failing(_ tasks: String...) -> View {
                let units = Set(tasks.map { "k8s-bootstrap-\($0).service" } + [HealthTests.health])
                return View(failed: units, system: "degraded", target: "inactive")
            }
        }

        private static let health = "k8s-bootstrap-health.service"
        private static let timer = "systemctl is-active k8s-bootstrap-health.timer; true"

        private func view(_ machine: TestMachine) async throws -> View {
            let failed = try await machine.output("systemctl list-units --failed --plain --no-legend 'k8s-bootstrap*'")
            let names = failed.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
            return View(
                failed: Set(names),
                system: try await machine.output("systemctl is-system-running | tr -d '\\n'"),
                target: try await machine.output("systemctl is-active k8s-bootstrap.target | tr -d '\\n'"),
            )
        }

        /// Waits until the machine looks as expected, and prints how it looks.
        private func becomes(_ machine: TestMachine, _ expected: View, _ title: String) async throws {
            var seen = try await view(machine)
            _ = try await TestSupport.becomes(every: .milliseconds(500)) {
                seen = try await view(machine)
                return seen == expected
            }
            let status = seen == expected ? "" : try await machine.status()
            #expect(seen == expected, "\(title): \(status)")
        }

        /// Records the alerts, with a drop-in as documented.
        private func recordAlerts(_ machine: TestMachine) async throws {
            let state = "nest-bootstrap status %i >/dev/null && state=recovered || state=failed"
            try await machine.place(
                "[Service]\nReadWritePaths=/srv\nExecStart=sh -c '\(state); echo \"%i $$state\" >>/srv/alerts'\n",
                at: "/etc/systemd/system/k8s-bootstrap-alert@.service.d/alert.conf",
            )
        }

        /// `flaky` fails unless a file exists, and goes on as long as another one does.
        private static let tasks = """
            tasks:
              flaky:
                exec:
                  command: sh
                  args: [-c, "echo ran >>/run/flaky/log; while test -e /run/flaky/hold; do sleep 0.1; done; test -e /run/flaky/go"]
                  writes: [/run/flaky/]
              next: {after: [flaky], exec: {command: sh, args: [-c, "echo ran >>/run/next/log"], writes: [/run/next/]}}
              slow: {exec: {command: sh, args: [-c, "until test -e /run/slow/go; do sleep 0.1; done"], writes: [/run/slow/]}}
              fine: {exec: {command: sh, args: [-c, "echo ran >>/run/fine/log"], writes: [/run/fine/]}}

            """

        @Test(arguments: TestMachine.releases)
        func `a failure is shown and alerted once until it has passed, and what depends on it runs then`(
            release: String?
        ) async throws {
            try await TestMachine.withRunning(release) { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await recordAlerts(machine)
                try await machine.must("systemctl daemon-reload")
                // It returns at the first failure; another task is still running.
                #expect(try await machine.run("systemctl", "start", "k8s-bootstrap.target").status == 1)
                try await machine.must("touch /run/flaky/hold")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap-slow") == "activating\n")
                #expect(try await machine.becomes("cat /srv/alerts") { $0 == "flaky failed\n" })
                let waiting = try await machine.run("nest-bootstrap", "status", "--wait=1s")
                #expect(waiting.status == 3 && waiting.output.contains("for flaky"), "\(waiting)")

                // A task that failed is shown as failed while it is running again, and while it waits.
                #expect(
                    try await machine.becomes("systemctl is-active k8s-bootstrap-flaky; true") { $0 == "activating\n" }
                )
                try await becomes(machine, .failing(), "a task that runs again")
                try await machine.must("rm /run/flaky/hold; touch /run/slow/go")
                try await becomes(machine, .failing("flaky"), "a task that has failed again")
                #expect(try await machine.status().contains(" ago, retries in "))
                #expect(try await machine.output(Self.timer) == "active\n")
                #expect(try await machine.output("cat /srv/alerts") == "flaky failed\n")
                #expect(try await machine.run("test", "-e", "/run/next/log").status == 1)

                try await machine.must("touch /run/flaky/go")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)
                try await becomes(machine, .well, "after it healed")
                #expect(try await machine.becomes("cat /srv/alerts") { $0 == "flaky failed\nflaky recovered\n" })
                #expect(try await machine.becomes(Self.timer) { $0 == "inactive\n" })
                // What had succeeded was not run again.
                #expect(try await machine.output("cat /run/next/log; cat /run/fine/log") == "ran\nran\n")
                try await restart(machine)
                try await mask(machine)
                #expect(try await machine.output("cat /srv/alerts") == "flaky failed\nflaky recovered\n")
                try await kill(machine)
            }
        }

        /// A task that SIGTERM ends, which systemd has not sent, fails and is started again.
        private func kill(_ machine: TestMachine) async throws {
            let state = "systemctl is-active k8s-bootstrap-flaky; true"
            try await machine.must("touch /run/flaky/hold; systemctl restart --no-block k8s-bootstrap-flaky")
            #expect(try await machine.becomes(state) { $0 == "activating\n" })
            try await machine.must("systemctl kill --kill-whom=main --signal=TERM k8s-bootstrap-flaky")
            #expect(try await machine.becomes("cat /srv/alerts | wc -l") { $0 == "3\n" })
            try await machine.must("rm /run/flaky/hold")
            try await becomes(machine, .well, "after a task was killed")
            #expect(try await machine.becomes("tail -n2 /srv/alerts") { $0 == "flaky failed\nflaky recovered\n" })
        }

        /// A task alone is restarted and stopped, with the target.
        private func restart(_ machine: TestMachine) async throws {
            let logs = "cat /run/fine/log /run/next/log | wc -l"
            try await machine.must("systemctl restart k8s-bootstrap-fine")
            try await becomes(machine, .well, "after a task was restarted")
            #expect(try await machine.output(logs) == "3\n")
            try await machine.must("systemctl restart k8s-bootstrap-flaky")
            try await becomes(machine, .well, "after a task was restarted that another one depends on")
            #expect(try await machine.output(logs) == "4\n")
            try await machine.must("systemctl restart k8s-bootstrap.target")
            #expect(try await machine.output(logs) == "4\n")
            try await machine.must("systemctl stop k8s-bootstrap-fine")
            try await becomes(
                machine,
                View(failed: [], system: "running", target: "inactive"),
                "after a task was stopped"
            )
            try await machine.must("systemctl start k8s-bootstrap.target")
            #expect(try await view(machine) == .well)
            #expect(try await machine.output(logs) == "5\n")
        }

        /// A masked task keeps off what depends on it, and nothing else.
        private func mask(_ machine: TestMachine) async throws {
            let states = "systemctl is-active k8s-bootstrap-flaky k8s-bootstrap-next k8s-bootstrap-fine; true"
            try await machine.must("systemctl stop k8s-bootstrap-flaky k8s-bootstrap-fine")
            try await machine.must("systemctl mask --runtime k8s-bootstrap-flaky")
            try await machine.must("systemctl start k8s-bootstrap.target")
            try await becomes(machine, .well, "with a masked task")
            #expect(try await machine.output(states) == "inactive\ninactive\nactive\n")
            try await machine.must(
                "systemctl unmask --runtime k8s-bootstrap-flaky; systemctl start k8s-bootstrap.target"
            )
            #expect(try await machine.output(states) == "active\nactive\nactive\n")
        }

        @Test(arguments: TestMachine.releases)
        func `tasks wait for a late server, and a permanent failure ends with a correction`(
            release: String?
        ) async throws {
            let tasks = """
                cluster: {certificateAuthority: /run/agenix/k8s-ca.crt}
                tasks:
                  admin:
                    kubeconfig:
                      {path: /etc/kubernetes/admin.kubeconfig, user: kubernetes-admin,
                       certificate: /run/agenix/kube-admin.crt, key: /run/agenix/kube-admin.key}
                  rbac: {after: [admin], timeout: 3s, apply: {manifests: [/usr/share/nest-bootstrap/rbac]}}
                  bad: {after: [rbac], apply: {manifests: [/etc/bad.yaml]}}
                  next: {after: [bad], symlink: {path: /run/next, target: /etc}}

                """
            let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad, namespace: default}\n"
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withRunningMachine(tasks: tasks, of: release) { machine in
                    try await machine.place(manifest + "dta: {}\n", at: "/etc/bad.yaml")
                    try await recordAlerts(machine)
                    try await machine.startTasks()
                    #expect(try await machine.fails("rbac"))
                    let status = try await machine.output("systemctl status k8s-bootstrap-rbac")
                    #expect(status.contains("cannot be reached") && status.contains("connection refused"), "\(status)")
                    #expect(try await machine.tasks()["admin"] == "active")
                    // The server comes, and is slow.
                    let slow = tasks.replacing("timeout: 3s", with: "timeout: 10m")
                    try await machine.place(slow, at: "/etc/nest-bootstrap/bootstrap.yaml")
                    try await machine.must("systemctl daemon-reload")
                    try await cluster.start()
                    try await machine.succeeds("rbac")

                    try await becomes(machine, .failing("bad"), "a task that failed permanently")
                    #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 1)
                    #expect(try await machine.run("systemctl", "start", "k8s-bootstrap.target").status == 1)
                    // Its retries go on although systemd forgets the failure.
                    try await machine.must("systemctl reset-failed; sed -i 's/dta/data/' /etc/bad.yaml")
                    try await becomes(machine, .well, "after the manifest was corrected")
                    #expect(Set(try await machine.tasks().values) == ["active"])
                    let alerts = ["rbac failed", "rbac recovered", "bad failed", "bad recovered"]
                    let text = alerts.map { "\($0)\n" }.sorted()
                    #expect(try await machine.becomes("sort /srv/alerts") { $0 == text.joined() })
                }
            }
        }

        @Test func `nothing is left of removed tasks, no failure is missed, and a full disk stops no retry`()
            async throws
        {
            let tasks = """
                tasks:
                  keep: {symlink: {path: /run/keep, target: /etc}}
                  old: {symlink: {path: /run/old, target: /etc}}
                  broken: {exec: {command: "false"}}
                  made: {file: {path: /etc/made, source: /etc/source}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.startTasks()
                try await becomes(machine, .well, "the package as it was installed")
                #expect(try await machine.run("nest-bootstrap", "status", "--wait=10m").status == 0)

                let path = "/etc/nest-bootstrap/bootstrap.yaml"
                try await machine.place(tasks, at: path)
                try await machine.place("text", at: "/etc/source")
                try await recordAlerts(machine)
                // The service has looked, and has not ended when the next task fails.
                let held = "sh -c 'while test -e /etc/held; do sleep 0.1; done; exit 1'"
                let supervise = "ExecStart=\nExecStart=-/usr/bin/nest-bootstrap supervise\nExecStart=\(held)"
                let directory = "/etc/systemd/system/\(Self.health).d"
                try await machine.place(
                    "[Service]\nTimeoutStartSec=infinity\n\(supervise)\n",
                    at: "\(directory)/held.conf"
                )
                try await machine.must(
                    "touch /etc/held; systemctl daemon-reload; ! systemctl start k8s-bootstrap.target"
                )
                try await machine.succeeds("keep", "old", "made")
                #expect(try await machine.becomes("cat /srv/alerts") { $0 == "broken failed\n" })
                try await machine.must("rm /etc/source; ! systemctl restart k8s-bootstrap-made; rm /etc/held")
                #expect(try await machine.becomes("sort /srv/alerts") { $0 == "broken failed\nmade failed\n" })
                try await machine.must("rm -r \(directory)")

                try await machine.must("sed -i '/old:/d; /broken:/d' \(path)")
                try await machine.must("echo -n text >/etc/source; systemctl daemon-reload")
                try await becomes(machine, .well, "after two tasks were removed from the task file")
                let list = "systemctl list-units --all --plain --no-legend 'k8s-bootstrap-*.service' | cut -d' ' -f1"
                let kept = ["-metrics", "-report", "health", "keep", "made"].map { "k8s-bootstrap-\($0).service\n" }
                let isForgotten = try await machine.becomes(list) { $0 == kept.joined() }
                let left = try await machine.output(list)
                #expect(isForgotten, "\(left)")

                // It ends when nothing more can be written.
                _ = try await machine.run("sh", "-c", "rm /etc/made; cat /dev/zero >/run/full")
                #expect(try await machine.run("systemctl", "restart", "k8s-bootstrap-made").status == 1)
                try await machine.must("test ! -e /etc/made && rm /run/full")
                #expect(try await machine.becomes("cat /etc/made") { $0 == "text" })
                try await becomes(machine, .well, "after /run has space again")
            }
        }
    }
}
