import TestSupport
import Testing

extension FirstMachineTests {
    /// What a machine reports to the cluster.
    @Suite struct ReportTests {
        /// A task writes the kubeconfig of the kubelet, so that reports need no key of the task file.
        private static let tasks = """
            cluster: {certificateAuthority: /run/agenix/k8s-ca.crt}
            tasks:
              kubelet:
                kubeconfig:
                  {path: /etc/kubernetes/kubelet.kubeconfig, user: "system:node:w1",
                   certificate: /run/agenix/kubelet-w1.crt, key: /run/agenix/kubelet-w1.key}
              flaky: {exec: {command: test, args: [-e, /run/go]}}
              next: {after: [flaky], symlink: {path: /run/next, target: /etc}}

            """
        private static let service = "k8s-bootstrap--report.service"
        private static let warning = "cannot report to the cluster"

        /// Waits until the condition of the machine's Node has a reason.
        private func becomes(_ reason: String, _ cluster: TestCluster) async throws {
            let path = #"jsonpath={.status.conditions[?(@.type=="BootstrapReady")].reason}"#
            var seen = ""
            let isReported = try await TestSupport.becomes(every: .milliseconds(500)) {
                seen = try await cluster.kubectl("get", "node", "w1", "-o", path).output
                return seen == reason
            }
            #expect(isReported, "\(reason) was expected, and the condition is '\(seen)'")
        }

        @Test func `a machine reports its failure, and neither its tasks nor its end wait for a report`() async throws {
            let options = ["--no-controller-manager", "--", "--enable-admission-plugins=NodeRestriction"]
            try await TestCluster.withFresh(options: options) { cluster in
                try await cluster.makeCertificate("kubelet-w1", subject: "/O=system:nodes/CN=system:node:w1")
                let object = "---\n{apiVersion: v1, kind: Node, metadata: {name: w1}}\n"
                #expect(try await cluster.kubectl("create", "-f", "-", input: object).status == 0)
                try await cluster.withRunningMachine(tasks: Self.tasks) { machine in
                    try await machine.startTasks()
                    try await becomes("TasksFailed", cluster)
                    // Without a server the task ends as before, also when it is tried again, and the service waits.
                    try await cluster.stop("kube-apiserver")
                    #expect(try await machine.run("systemctl", "restart", "k8s-bootstrap-flaky").status == 1)
                    let journal = "journalctl -b -o cat -u \(Self.service)"
                    #expect(try await machine.becomes(journal) { $0.contains(Self.warning) })
                    // It goes on.
                    #expect(try await machine.becomes("systemctl is-active \(Self.service)") { $0 == "active\n" })
                    let status = "systemctl show --value -p StatusText,MemoryCurrent \(Self.service)"
                    #expect(try await machine.becomes(status) { $0.contains("cannot report to the cluster: ") })
                    // A shutdown does not wait for a report that cannot be sent: the service ends when it is stopped, and
                    // systemd need not kill it.
                    try await machine.must("systemctl restart \(Self.service)")
                    #expect(try await machine.becomes(status) { $0.contains("cannot report to the cluster: ") })
                    try await machine.must("systemctl stop \(Self.service)")
                    let result = "systemctl show --value -p Result \(Self.service)"
                    #expect(try await machine.output(result) == "success\n")
                }
            }
        }
    }
}
