import TestSupport
import Testing

extension SecondMachineTests {
    /// Keys that units decrypt or make, and what they see of the node's other keys.
    @Suite(.temporaryDirectory) struct SecretTests {
        private static let tasks = """
            tasks:
              decrypted: {decrypt: {path: /run/kubernetes/a.key, source: /etc/nest-bootstrap/a.age, group: "100", mode: "0440"}}
              absent: {decrypt: {path: /run/kubernetes/b.key, source: /etc/nest-bootstrap/a.age, identity: /root/none}}
              issued:
                certificate:
                  path: /var/lib/web/tls.crt
                  key: /var/lib/web/tls.key
                  leaf: {commonName: web, names: [localhost], usages: [server auth], key: ecdsa-p256}
                  ca: {certificate: /etc/web/ca.crt, key: /etc/ssl/private/ca.key}

            """

        /// Prints which private keys are seen.
        private static let look = """
            for file in /etc/ssh/*_key /etc/ssl/private/*; do test -e "$file" && echo "sees $file"; done
            echo looked
            """

        private static let unit = """
            [Service]
            ExecStartPre=-/bin/sh /usr/look
            StandardOutput=append:/run/nest-bootstrap/look
            """

        @Test func `a unit gets a copy of one private key and sees no other`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.look, at: "/usr/look")
                for task in ["decrypted", "issued"] {
                    try await machine.place(
                        Self.unit,
                        at: "/etc/systemd/system/k8s-bootstrap-\(task).service.d/90-look.conf"
                    )
                }
                try await prepare(machine)
                try await machine.startTasks()
                for task in ["decrypted", "issued"] {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    let isActive = try await machine.becomes(state) { $0 == "active\n" }
                    let status = isActive ? "" : try await machine.output("nest-bootstrap status \(task)")
                    #expect(isActive, "\(task): \(status)")
                }
                #expect(try await machine.output("cat /run/kubernetes/a.key") == "secret")
                #expect(try await machine.output("stat -c '%a %u %g' /run/kubernetes/a.key") == "440 0 100\n")
                #expect(try await machine.output("stat -c '%a %u %g' /var/lib/web/tls.key") == "400 0 0\n")
                #expect(try await machine.output("cd /run/kubernetes; ls -A") == "a.key\n")
                #expect(try await machine.output("cd /var/lib/web; ls -A") == "tls.crt\ntls.key\n")
                let files = ["/etc/web/ca.crt", "/var/lib/web/tls.crt"].map(machine.disk)
                let verified = try await Tool.run("openssl", ["verify", "-CAfile"] + files)
                #expect(verified.status == 0, "\(verified.errors)")
                let outside = try await machine.output("sh /usr/look")
                for file in ["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssl/private/ca.key"]
                {
                    #expect(outside.contains("sees \(file)\n"), "\(outside)")
                }
                let seen = "grep -e '^sees' -e '^looked' /run/nest-bootstrap/look"
                #expect(try await machine.output(seen) == "looked\nlooked\n")
                let status = try await machine.output("nest-bootstrap status absent")
                #expect(status.contains("cannot read '/root/none': No such file or directory"), "\(status)")

                // A second run replaces nothing.
                let inodes = "stat -c %i /run/kubernetes/a.key /var/lib/web/*"
                let before = try await machine.output(inodes)
                try await machine.must("systemctl restart k8s-bootstrap-decrypted k8s-bootstrap-issued")
                #expect(try await machine.output(inodes) == before)
            }
        }

        /// Makes the keys of the machine, and what is encrypted to it.
        private func prepare(_ machine: TestMachine) async throws {
            let script = """
                set -e
                mkdir -p "$0/etc/nest-bootstrap" "$0/etc/ssh" "$0/etc/ssl/private" "$0/etc/web" "$0/usr/bin"
                cp "$(command -v age)" "$0/usr/bin/age"
                ssh-keygen -q -t ed25519 -N '' -C '' -f "$0/etc/ssh/ssh_host_ed25519_key"
                ssh-keygen -q -t ecdsa -N '' -C '' -f "$0/etc/ssh/ssh_host_ecdsa_key"
                printf secret | age -R "$0/etc/ssh/ssh_host_ed25519_key.pub" -o "$0/etc/nest-bootstrap/a.age"
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web-ca -days 30 \\
                    -keyout "$0/etc/ssl/private/ca.key" -out "$0/etc/web/ca.crt" 2>/dev/null
                chmod 0600 "$0/etc/ssl/private/ca.key"
                """
            let made = try await Tool.run("sh", ["-c", script, TemporaryDirectory.path])
            try #require(made.status == 0, "\(made.errors)")
            try await machine.place(contentsOf: TemporaryDirectory.path)
        }
    }
}

extension SecondMachineTests {
    /// What users without rights see of the tasks of a machine.
    @Suite struct PublicTextTests {
        @Test func `users without rights see no command line, output or value of a task`() async throws {
            let tasks = """
                tasks:
                  leak: {exec: {command: sh, args: [-c, "echo https://u:MARKEROUT@h; exit 3 # MARKERARG"]}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.startTasks()
                let unit = "k8s-bootstrap-leak.service"
                #expect(try await machine.becomes("systemctl is-failed \(unit)") { $0 == "failed\n" })
                try await machine.stopRetries()
                #expect(try await machine.becomes("systemctl is-failed \(unit)") { $0 == "failed\n" })
                let look = """
                    systemctl show '\(unit)' 'k8s-bootstrap-*'; systemctl status '\(unit)'; nest-bootstrap status \\
                        --output json; grep -rs . /run/nest-bootstrap
                    """
                try await machine.place(look, at: "/etc/look")
                let seen = try await machine.output(
                    "setpriv --reuid 65534 --regid 65534 --clear-groups sh /etc/look; true"
                )
                #expect(!seen.contains("MARKER"), "\(seen)")
                #expect(seen.contains("StatusText=failed in "), "\(seen)")
                #expect(seen.contains("its program exited with code 3 (only root may see"), "\(seen)")
                let own = try await machine.output("nest-bootstrap status; true")
                #expect(own.contains("MARKERARG") && own.contains("MARKEROUT"), "\(own)")
                let limits = try await machine.output("systemctl show -p LimitCORE -p MemoryMax -p TasksMax \(unit)")
                #expect(
                    limits.split(separator: "\n").sorted() == ["LimitCORE=0", "MemoryMax=1073741824", "TasksMax=1024"]
                )
            }
        }
    }
}
