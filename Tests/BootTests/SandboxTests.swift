import Host
import TestSupport
import Testing
import YAML

extension BootedTests {
    /// What the unit of a task allows, and when systemd stops it.
    @Suite struct SandboxTests {
        /// Tries what the task does not declare, and prints what succeeded.
        private static let probe = """
            for place in / /boot /etc /home /root /run /run/lock /run/systemd/system /run/udev /dev/shm /opt /srv /usr /var /var/lib
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            for file in /etc/shadow /etc/ssh/host.key /etc/kubernetes/pki/any.key /var/lib/kubelet/pki/any.key /etc/admin.conf \\
                /run/keys/a.key /run/keys/other.key
            do cat "$file" >/dev/null 2>&1 && echo "read $file"; done
            systemd-run --wait --quiet true 2>/dev/null && echo commanded
            for pipe in /run/initctl /run/udev/control
            do test -r "$pipe" && echo "opened $pipe"; done
            echo 'probed to the end'
            """

        private static let tasks = """
            tasks:
              admin:
                kubeconfig: {path: /etc/admin.conf, user: u, certificate: /run/keys/a.crt, key: /run/keys/a.key,
                  certificateAuthority: /run/keys/ca.crt, server: "https://x"}
              probe: {exec: {command: sh, args: [/etc/probe]}}
              granted:
                exec:
                  command: sh
                  args: [-c, "cat /run/keys/other.key && systemctl is-active dbus.service && touch /run/granted"]
                  reads: [/run/keys/other.key, /run/dbus]
                  writes: [/run/]
              root: {file: {path: /made, content: text}}
              home: {file: {path: /home/made, content: text}}
              own: {file: {path: /root/made, content: text}}
              run: {symlink: {path: /run/made, target: /etc}}
              user: {symlink: {path: /run/user/made, target: /etc}}
              shared: {symlink: {path: /dev/shm/made, target: /etc}}
              bus: {wait: {unit: dbus.service}}

            """

        @Test func `a unit can do what its task declares, and nothing else`() async throws {
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write(Self.tasks, to: "/etc/nest-bootstrap/bootstrap.yaml")
                try machine.write(Self.probe, to: "/etc/probe")
                for path in ["/etc/ssh/host.key", "/etc/kubernetes/pki/any.key", "/var/lib/kubelet/pki/any.key"] {
                    try machine.write("secret", to: path)
                }
                try machine.write(
                    "d /run/keys 0755 root root\nf /run/keys/a.key 0600 root root - secret\n"
                        + "f /run/keys/other.key 0600 root root - secret\nf /etc/admin.conf 0600 root root - secret\n",
                    to: "/etc/tmpfiles.d/keys.conf",
                )
                try await machine.boot()
                for task in ["granted", "root", "home", "own", "run", "user", "shared", "bus", "probe"] {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(within: .seconds(30), state) { $0 == "active\n" }, "\(task)")
                }
                let said = try await machine.output("journalctl -b -o cat NEST_TASK=probe")
                show("what a task did that nobody allowed", said)
                let lines = said.split(separator: "\n").filter { $0.contains(" | ") }
                #expect(lines == ["probe: | probed to the end"], "\(said)")
                let made = try await machine.output(
                    "cat /made /home/made /root/made; readlink /run/made /run/user/made /dev/shm/made; ls /run/granted"
                )
                #expect(made == "texttexttext/etc\n/etc\n/etc\n/run/granted\n")
            }
        }

        @Test func `a reload of systemd keeps the deadline of a task, and a stopped task has not failed`() async throws
        {
            try await TestMachine.withFresh("ducksnest-controlplane") { machine in
                try machine.write(
                    "tasks: {long: {timeout: 5m, exec: {command: sleep, args: [\"1000\"]}}}\n",
                    to: "/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.boot()
                let unit = "k8s-bootstrap-long.service"
                #expect(try await machine.becomes("systemctl show -p SubState \(unit)") { $0 == "SubState=start\n" })
                try await machine.must("systemctl daemon-reload")
                #expect(
                    try await machine.output("systemctl show -p TimeoutStartUSec \(unit)") == "TimeoutStartUSec=6min\n"
                )
                #expect(try await machine.output("nest-bootstrap status --output json").contains("\"running\""))

                // Also while its declaration is removed.
                try await machine.must(
                    "cp /etc/nest-bootstrap/bootstrap.yaml /root; echo x >/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.must("systemctl daemon-reload")
                let kept = try await machine.output("systemctl show -p LoadState -p TimeoutStartUSec \(unit)")
                #expect(Set(kept.split(separator: "\n")) == ["LoadState=loaded", "TimeoutStartUSec=1d 1min"])
                try await machine.must("cp /root/bootstrap.yaml /etc/nest-bootstrap/ && systemctl daemon-reload")
                try await machine.must("systemctl stop \(unit)")
                #expect(try await machine.output("systemctl show -p ActiveState \(unit)") == "ActiveState=inactive\n")
                #expect(try await machine.records() == ["long": "interrupted"])
                #expect(try await machine.becomes("systemctl is-system-running") { $0 == "running\n" })
            }
        }
    }
}
