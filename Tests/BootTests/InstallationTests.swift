import TestSupport
import Testing

extension BootedTests {
    /// The ways to install the program, each on a machine that has nothing of it.
    @Suite(.temporaryDirectory) struct InstallationTests {
        private static let tasks = "tasks: {here: {symlink: {path: /run/here, target: /etc}}}\n"

        /// Boots a machine, and waits until it is idle.
        private func boot(_ machine: TestMachine, _ option: String) async throws {
            try await machine.boot(option)
            #expect(try await machine.becomes("systemctl is-system-running") { $0 == "running\n" })
        }

        /// Expects an installation that has started nothing, then runs a task.
        private func expectUsable(_ machine: TestMachine, below prefix: String) async throws {
            #expect(try await machine.must("command -v nest-bootstrap") == "\(prefix)/bin/nest-bootstrap\n")
            let version = try await machine.run("nest-bootstrap", "--version")
            #expect(version.output.hasPrefix("nest-bootstrap 0."))
            #expect(version.errors == "")
            #expect(try await machine.output("find /etc/nest-bootstrap -type f") == "")
            let check = try await machine.run("nest-bootstrap", "check")
            #expect(check.status == 0 && check.output == "0 tasks for this node, 1 warning\n")
            #expect(check.errors.contains("there is no task file '\(Self.path)'"), "\(check.errors)")
            try await machine.must("systemctl start k8s-bootstrap.target && systemctl stop k8s-bootstrap.target")
            #expect(try await machine.output("systemctl is-enabled k8s-bootstrap.target") == "enabled\n")
            #expect(try await machine.output("systemctl is-active k8s-bootstrap.target") == "inactive\n")
            try await machine.must("getent passwd nest-bootstrap")
            try await machine.must("journalctl --list-catalog 789fd4f60bb84a808841ce22072eec78")
            try await machine.must("printf '%s' '\(Self.tasks)' >/etc/nest-bootstrap/bootstrap.yaml")
            try await machine.must("systemctl daemon-reload && systemctl start k8s-bootstrap.target")
            try await machine.must("nest-bootstrap status --wait=10m")
            let unit = try await machine.must("systemctl cat k8s-bootstrap-here")
            #expect(unit.contains("ExecStart=:\(prefix)/bin/nest-bootstrap run --task here\n"), "\(unit)")
        }

        /// Returns when the task was run by its unit.
        private func start(_ machine: TestMachine) async throws -> String {
            try await machine.must("systemctl show -p ActiveEnterTimestampMonotonic k8s-bootstrap-here")
        }

        /// Expects that the tasks are stopped, and that what they wrote and a healthy system are left.
        private func expectRemoved(_ machine: TestMachine) async throws {
            #expect(try await machine.output("systemctl list-units --all --no-legend 'k8s-bootstrap*'") == "")
            #expect(try await machine.output("readlink /run/here") == "/etc\n")
            #expect(try await machine.output("systemctl is-system-running") == "running\n")
            #expect(try await machine.run("sh", "-c", "command -v nest-bootstrap").status != 0)
        }

        /// Installs, upgrades and purges the package with apt.
        private func useApt(variant: String? = nil) async throws {
            try await TestMachine.withFresh("w1", package: "", variant: variant) { machine in
                try await makeUpgrade()
                try await boot(machine, "--bind-ro=\(TemporaryDirectory.path):/root/packages")
                let apt = "cd /root/packages && DEBIAN_FRONTEND=noninteractive apt-get --yes install"
                let install = "\(apt) ./package.deb"
                try await machine.must(install)
                try await machine.must("apt-get check")
                try await expectUsable(machine, below: "/usr")
                let started = try await start(machine)
                try await machine.must("\(apt) ./upgrade.deb")
                #expect(try await start(machine) == started)
                #expect(try await machine.must("cat \(Self.path)") == Self.tasks)
                try await machine.must("apt-get --yes purge nest-bootstrap")
                try await expectRemoved(machine)
                #expect(try await machine.must("cat \(Self.path)") == Self.tasks)
                try await machine.must(install)
                #expect(try await machine.must("cat \(Self.path)") == Self.tasks)
                #expect(try await machine.must("nest-bootstrap check") == "1 task for this node, nothing wrong\n")
            }
        }

        /// Creates `package.deb`, and `upgrade.deb` with a later version.
        private func makeUpgrade() async throws {
            let script = """
                cd "$1"
                cp "$2" package.deb
                dpkg-deb --raw-extract package.deb later
                sed -i '/^Version:/s/$/+later/' later/DEBIAN/control
                dpkg-deb --build later upgrade.deb
                rm -r later
                """
            let arguments = ["-euc", script, "sh", TemporaryDirectory.path, TestMachine.package]
            let made = try await Tool.run("sh", arguments)
            try #require(made.status == 0, "\(made.errors)")
        }

        private static let path = "/etc/nest-bootstrap/bootstrap.yaml"

        @Test func `apt installs and upgrades the package on Debian 12 while a task is active, and removes it`()
            async throws
        {
            try await useApt()
        }

        @Test(.enabled(if: TestMachine.hasRelease("trixie"), "no Debian 13 to boot; run make boot-test ALL=yes"))
        func `apt installs the package on Debian 13, whose libraries have other names`() async throws {
            try await useApt(variant: "trixie")
        }

        @Test(.enabled(if: !TestMachine.archive.isEmpty, "no archive; run make boot-test ALL=yes"))
        func `the archive is installed, upgraded while a task is active, and removed on Debian 12`() async throws {
            try await makeArchives()
            try await TestMachine.withFresh("w1", package: "") { machine in
                try await boot(machine, "--bind-ro=\(TemporaryDirectory.path):/root/archives")
                let list = "find /usr/local | LC_ALL=C sort"
                let before = try await machine.must(list)
                let installed = try await machine.must("/root/archives/first/install.sh --examples")
                #expect(installed.hasSuffix(" is installed in '/usr/local'\n"))
                try await expectUsable(machine, below: "/usr/local")
                let started = try await start(machine)

                try await machine.must("/root/archives/later/install.sh")
                #expect(try await start(machine) == started)
                #expect(try await machine.must("cat \(Self.path)") == Self.tasks)
                #expect(try await machine.must("find /etc/nest-bootstrap -type f") == "\(Self.path)\n")
                #expect(try await machine.run("test", "-e", "/usr/local/share/nest-bootstrap/rbac").status == 1)
                // What the administrator has disabled stays so.
                try await machine.must("systemctl disable k8s-bootstrap.target && /root/archives/first/install.sh")
                #expect(try await machine.output("systemctl is-enabled k8s-bootstrap.target") == "disabled\n")
                let script = "/usr/local/share/nest-bootstrap/install.sh"
                try await machine.must("\(script) --uninstall")
                try await expectRemoved(machine)
                #expect(try await machine.must("cat \(Self.path)") == Self.tasks)
                #expect(try await machine.must(list) == before)
                let left = "find /etc/systemd -name '*nest-bootstrap*' -o -name 'k8s-bootstrap*'"
                #expect(try await machine.output(left) == "")
            }
        }

        /// Unpacks the archive as `first`, and as `later` without the RBAC rules.
        private func makeArchives() async throws {
            let script = """
                cd "$1"
                tar -xf "$2"
                mv nest-bootstrap-* first
                cp -a first later
                rm -r later/examples/usr/share/nest-bootstrap/rbac
                """
            let arguments = ["-euc", script, "sh", TemporaryDirectory.path, TestMachine.archive]
            let made = try await Tool.run("sh", arguments)
            try #require(made.status == 0, "\(made.errors)")
        }
    }
}
