import TestSupport
import Testing

extension BootedTests {
    /// The package on a running machine.
    @Suite(.temporaryDirectory) struct PackageTests {
        @Test func `installation, upgrade and removal do not affect running tasks`() async throws {
            let tasks = "tasks: {here: {symlink: {path: /run/here, target: /etc}}}\n"
            try await TestMachine.withFresh("ducksnest-controlplane", package: "") { machine in
                try await makeUpgrade(in: TemporaryDirectory.path)
                try await machine.boot("--bind-ro=\(TemporaryDirectory.path):/root/packages")
                #expect(try await machine.isRunningWithoutFailures())

                try await machine.must("dpkg --install /root/packages/package.deb")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "inactive\n")
                #expect(try await machine.tasks().values.contains("active") == false)
                try await machine.must("printf '%s' '\(tasks)' > /etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("systemctl daemon-reload && systemctl start k8s-bootstrap.target")
                try await machine.must("systemctl cat k8s-bootstrap-health.service")
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap-here") { $0 == "active\n" })
                let started = try await machine.must(
                    "systemctl show -p ActiveEnterTimestampMonotonic k8s-bootstrap-here"
                )

                try await machine.must("dpkg --install /root/packages/upgrade.deb")
                #expect(
                    try await machine.must("systemctl show -p ActiveEnterTimestampMonotonic k8s-bootstrap-here")
                        == started
                )
                #expect(try await machine.must("cat /etc/nest-bootstrap/bootstrap.yaml") == tasks)

                try await machine.must("dpkg --remove nest-bootstrap")
                #expect(try await machine.output("systemctl is-active k8s-bootstrap-here") == "inactive\n")
                #expect(try await machine.output("readlink /run/here") == "/etc\n")
                #expect(try await machine.must("cat /etc/nest-bootstrap/bootstrap.yaml") == tasks)
                #expect(try await machine.output("systemctl is-system-running") == "running\n")

                try await machine.must("dpkg --purge nest-bootstrap")
                #expect(try await machine.must("cat /etc/nest-bootstrap/bootstrap.yaml") == tasks)
            }
        }

        /// Creates `package.deb`, and `upgrade.deb` with a later version.
        private func makeUpgrade(in directory: String) async throws {
            let script = """
                cd "$1"
                cp "$2" package.deb
                dpkg-deb --raw-extract package.deb later
                sed -i '/^Version:/s/$/+later/' later/DEBIAN/control
                dpkg-deb --build later upgrade.deb
                rm -r later
                """
            let made = try await Tool.run("sh", ["-euc", script, "sh", directory, TestMachine.package])
            try #require(made.status == 0, "\(made.errors)")
        }
    }
}
