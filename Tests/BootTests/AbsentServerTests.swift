import TestSupport
import Testing

extension RunningMachineTests {
    /// An API server that is unavailable for longer than the timeouts of the tasks.
    @Suite struct AbsentServerTests {
        private static let tasks = """
            cluster: {certificateAuthority: /run/agenix/k8s-ca.crt}
            tasks:
              admin:
                kubeconfig:
                  path: /etc/kubernetes/admin.kubeconfig
                  user: kubernetes-admin
                  certificate: /run/agenix/kube-admin.crt
                  key: /run/agenix/kube-admin.key
              rbac:
                after: [admin]
                timeout: 3s
                apply: {kubeconfig: /etc/kubernetes/admin.kubeconfig, manifests: [/usr/share/nest-bootstrap/rbac]}
              crds:
                after: [rbac]
                apply: {kubeconfig: /etc/kubernetes/admin.kubeconfig, manifests: [/usr/share/nest-bootstrap/calico/crds]}

            """

        @Test func `tasks report why they fail, and succeed once the server is back`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withRunningMachine(tasks: Self.tasks) { machine in
                    try await machine.startTasks()
                    #expect(try await machine.fails("rbac"))
                    let status = try await machine.output("systemctl status k8s-bootstrap-rbac.service")
                    show("systemctl status, past the deadline", status)
                    #expect(status.contains("cannot be reached"))
                    #expect(status.contains("connection refused"))
                    show("nest-bootstrap status, past the deadline", try await machine.status())
                    #expect(try await machine.tasks()["admin"] == "active")

                    let longTimeout = Self.tasks.replacing("timeout: 3s", with: "timeout: 10m")
                    try await machine.place(longTimeout, at: "/etc/nest-bootstrap/bootstrap.yaml")
                    try await machine.must("systemctl daemon-reload")
                    try await cluster.start()
                    let last = "systemctl is-active k8s-bootstrap-crds"
                    let healed = try await machine.becomes(last) { $0 == "active\n" }
                    show("the journal, healed", try await machine.output("journalctl -b -u 'k8s-bootstrap*'"))
                    try #require(healed)
                    #expect(Set(try await machine.tasks().values) == ["active"])
                    #expect(try await machine.isRunningWithoutFailures())
                }
            }
        }
    }
}

extension BootedTests {
    /// An API server that is unavailable for longer than any timeout: a campaign.
    @Suite struct LongAbsenceTests {
        /// How long the server is absent in a campaign, in minutes: `NEST_ABSENT_MINUTES=10`.
        private static let absence = TestProcess.environment["NEST_ABSENT_MINUTES"].flatMap { Int($0) }
            .map { Duration.seconds(60 * $0) }

        @Test(.enabled(if: absence != nil, "set NEST_ABSENT_MINUTES to a number of minutes"))
        func `the example boots without a server for a long time, and heals by itself`() async throws {
            let absence = try #require(Self.absence)
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withMachine { machine in
                    let start = ContinuousClock.now
                    try await machine.boot(cluster.credentialsOption)
                    #expect(try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" })
                    let look =
                        "systemctl is-system-running; systemctl is-active k8s-bootstrap.target; "
                        + "systemctl --failed --plain --no-legend; nest-bootstrap status --wait=1s >/dev/null; echo $?"
                    while ContinuousClock.now - start < absence {
                        let passed = "\((ContinuousClock.now - start).components.seconds) s"
                        show("without a server for \(passed)", try await machine.output(look))
                        #expect(try await machine.output("systemctl is-system-running") != "running\n")
                        try await ContinuousClock().sleep(
                            for: min(.seconds(60), absence - (ContinuousClock.now - start))
                        )
                    }
                    show("nest-bootstrap status, at the end of that time", try await machine.status())
                    try await cluster.start()
                    let back = ContinuousClock.now
                    let wait = try await machine.run("nest-bootstrap", "status", "--wait=10m")
                    show("with the server back for \((ContinuousClock.now - back).components.seconds) s", wait.output)
                    #expect(wait.status == 0)
                    #expect(try await machine.isRunningWithoutFailures())
                    #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "active\n")
                    show("the journal", try await machine.output("journalctl -b -t nest-bootstrap --no-pager"))
                }
            }
        }
    }
}
