import TestSupport
import Testing

extension BootedTests {
    /// A control plane that boots.
    @Suite struct ColdBootTests {
        @Test func `tasks wait for an API server that starts 20 s late, and a reboot changes nothing`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                try await cluster.withMachine { machine in
                    let start = ContinuousClock.now
                    try await machine.boot(cluster.credentialsOption)
                    try await waits(machine, for: cluster)
                    try await ContinuousClock().sleep(until: start + .seconds(20))
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

        @Test func `a worker has its own tasks and units, and writes nothing to the server`() async throws {
            try await TestCluster.withFresh { cluster in
                try await cluster.withMachine("ducksnest-laptop-old") { machine in
                    let versions = try await cluster.versions()
                    try await machine.boot(cluster.credentialsOption)
                    try await succeeds(machine, as: "changed", count: 7)
                    show("nest-bootstrap status, on a worker", try await machine.status())
                    try await expectSandboxedUnits(machine, count: 7)
                    #expect(try await cluster.versions() == versions)
                }
            }
        }

        /// While the server is unavailable, the boot completes, and the status of the service says what it is waiting for.
        private func waits(_ machine: TestMachine, for cluster: TestCluster) async throws {
            let unit = "k8s-bootstrap-bootstrap-rbac.service"
            #expect(
                try await machine.becomes("systemctl show -p StatusText \(unit)") {
                    $0.contains("connection refused")
                }
            )
            #expect(
                try await machine.becomes("systemctl is-active multi-user.target") { $0 == "active\n" },
                "the boot waited for the API server"
            )
            show("systemctl status, while the API server is away", try await machine.output("systemctl status \(unit)"))
        }

        /// All tasks succeed, and nothing on the machine has failed.
        private func succeeds(_ machine: TestMachine, as outcome: String, count: Int = 15) async throws {
            let isSettled = try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" }
            let jobs = try await machine.output("systemctl list-jobs; systemctl status k8s-bootstrap.target")
            try #require(isSettled, "\(jobs)")
            #expect(try await machine.becomes("systemctl is-system-running") { $0 != "starting\n" })
            let records = try await machine.records()
            #expect(records.count == count)
            #expect(Set(records.values) == [outcome], "\(records)")
            #expect(Set(try await machine.tasks().values) == ["active"])
            #expect(try await machine.output("systemctl is-system-running") == "running\n")
            let journal = try await machine.output("journalctl -b -o short-monotonic -u 'k8s-bootstrap*'")
            show("the journal, all tasks \(outcome)", journal)
        }
    }
}
