import Host
import TestSupport
import Testing
import YAML

extension BootedTests {
    /// An API server that stays away for longer than the tasks wait.
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
                timeout: 30s
                apply: {kubeconfig: /etc/kubernetes/admin.kubeconfig, manifests: [/usr/share/nest-bootstrap/calico/crds]}

            """

        @Test func `the boot goes on, the tasks tell why they fail, and heal by themselves`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withMachine(tasks: Self.tasks) { machine in
                    try await machine.boot(cluster.credentialsOption)
                    #expect(try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" })
                    #expect(try await machine.fails("rbac"))
                    let status = try await machine.output("systemctl status k8s-bootstrap-rbac.service")
                    show("systemctl status, past the deadline", status)
                    #expect(status.contains("did not answer"))
                    #expect(status.contains("connection refused"))
                    show("nest-bootstrap status, past the deadline", try await machine.status())
                    #expect(try await machine.tasks()["admin"] == "active")

                    try await cluster.start()
                    let last = "systemctl is-active k8s-bootstrap-crds"
                    let healed = try await machine.becomes(within: .seconds(150), last) { $0 == "active\n" }
                    show("the journal, healed", try await machine.output("journalctl -b -u 'k8s-bootstrap*'"))
                    try #require(healed)
                    #expect(Set(try await machine.tasks().values) == ["active"])
                    #expect(try await machine.becomes("systemctl is-system-running") { $0 == "running\n" })
                }
            }
        }

        @Test func `a dependant whose dependency has just succeeded does not sit out its delay`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withMachine(tasks: Self.tasks) { machine in
                    try machine.write(
                        "[Service]\nRestartSec=1h\n",
                        to: "/etc/systemd/system/k8s-bootstrap-.service.d/20-test.conf",
                    )
                    try await machine.boot(cluster.credentialsOption)
                    let waiting = "systemctl show --value -p SubState k8s-bootstrap-rbac k8s-bootstrap-crds"
                    #expect(try await machine.becomes(waiting) { $0 == "auto-restart\n\nauto-restart\n" })
                    try await cluster.start()
                    try await machine.must("systemctl restart k8s-bootstrap-rbac")
                    let last = "systemctl is-active k8s-bootstrap-crds"
                    #expect(try await machine.becomes(within: .seconds(30), last) { $0 == "active\n" })
                }
            }
        }
    }
}
