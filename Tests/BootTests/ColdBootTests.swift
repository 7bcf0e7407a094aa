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
            // While all is well nothing supervises.
            let looked = "systemctl show --value -p ExecMainStartTimestampMonotonic k8s-bootstrap-health"
            #expect(try await machine.output(looked) == "0\n")
        }
    }
}
