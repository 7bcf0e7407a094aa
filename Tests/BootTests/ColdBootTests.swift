import TestSupport
import Testing

extension BootedTests {
    /// A control plane that boots.
    @Suite struct ColdBootTests {
        @Test func `tasks wait for an API server that starts late, and a reboot changes nothing`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withMachine { machine in
                    try await machine.boot(cluster.credentialsOption)
                    try await expectWait(machine)
                    try await cluster.start()
                    try await succeeds(machine, as: "changed")
                    let versions = try await cluster.versions()
                    try await machine.halt()

                    try await machine.boot(cluster.credentialsOption)
                    try await succeeds(machine, as: "unchanged")
                    #expect(try await cluster.versions() == versions)
                }
            }
        }

        /// While the server is unavailable, the boot completes, and the status of the service says what it is waiting for.
        private func expectWait(_ machine: TestMachine) async throws {
            let unit = "k8s-bootstrap-bootstrap-rbac.service"
            let waits = "systemctl show -p StatusText \(unit)"
            #expect(try await machine.becomes(waits) { $0.contains("connection refused") })
            let hasBooted = try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" }
            #expect(hasBooted, "the boot waited for the API server")
        }

        /// All tasks succeed, and nothing on the machine has failed.
        private func succeeds(_ machine: TestMachine, as outcome: String) async throws {
            let isSettled = try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" }
            let jobs = try await machine.output("systemctl list-jobs; systemctl status k8s-bootstrap.target")
            try #require(isSettled, "\(jobs)")
            #expect(try await machine.becomes("systemctl is-system-running") { $0 != "starting\n" })
            let records = try await machine.records()
            #expect(records.count == 15)
            #expect(Set(records.values) == [outcome], "\(records)")
            #expect(Set(try await machine.tasks().values) == ["active"])
            #expect(try await machine.output("systemctl is-system-running") == "running\n")
        }
    }
}

extension FirstMachineTests {
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
                    #expect(status.contains("cannot be reached"))
                    #expect(status.contains("connection refused"))
                    #expect(try await machine.tasks()["admin"] == "active")

                    let longTimeout = Self.tasks.replacing("timeout: 3s", with: "timeout: 10m")
                    try await machine.place(longTimeout, at: "/etc/nest-bootstrap/bootstrap.yaml")
                    try await machine.must("systemctl daemon-reload")
                    try await cluster.start()
                    let last = "systemctl is-active k8s-bootstrap-crds"
                    try #require(try await machine.becomes(last) { $0 == "active\n" })
                    #expect(Set(try await machine.tasks().values) == ["active"])
                    #expect(try await machine.isRunningWithoutFailures())
                }
            }
        }
    }
}
