import TestSupport
import Testing

extension SecondMachineTests {
    /// What tasks make on a machine, in their units.
    @Suite(.temporaryDirectory) struct ProductTests {
        private static let tasks = """
            tasks:
              config: {file: {path: /etc/kubernetes/own.conf, content: text, mode: "4750", owner: nobody}}
              token: {file: {path: /etc/kubernetes/token, generate: token, owner: nobody}}
              linked: {file: {path: /opt/linked, source: /etc/linked}}
              root: {file: {path: /made, content: text}}
              home: {file: {path: /home/made, content: text}}
              user: {symlink: {path: /run/user/made, target: /etc}}
              shared: {symlink: {path: /dev/shm/made, target: /etc}}
              place: {directory: {path: /srv/place, mode: "0750", owner: daemon}}
              bus: {wait: {unit: dbus.service}}
              decrypted: {decrypt: {path: /run/kubernetes/a.key, source: /etc/nest-bootstrap/a.age, group: "100", mode: "0440"}}
              absent: {decrypt: {path: /run/kubernetes/b.key, source: /etc/nest-bootstrap/a.age, identity: /root/none}}
              blocked: {file: {path: /etc/blocked, content: text}}

            """

        private static let made = """
            cat /made /home/made /opt/linked /run/kubernetes/a.key; readlink /run/user/made /dev/shm/made
            stat -c '%U %a %g' /etc/kubernetes/own.conf /etc/kubernetes/token /srv/place /run/kubernetes/a.key
            """

        @Test func `products have their owners and permissions, a second run replaces nothing, and a failure says why`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                try await prepare(machine)
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place("there", at: "/etc/blocked/directory")
                try await machine.preventRetries()
                // As agenix makes them: a link that is there from the beginning leads to others that come later.
                try await machine.must(
                    "ln -s /run/links/key /etc/linked; ln -s /run/keys /run/links; mkdir /run/keys; "
                        + "install -m 0600 /dev/null /run/keys/other.key; echo secret >/run/keys/other.key; "
                        + "ln -s other.key /run/keys/key"
                )
                try await machine.startTasks()
                let tasks = [
                    "config", "token", "linked", "root", "home", "user", "shared", "place", "bus", "decrypted",
                ]
                for task in tasks { try await machine.succeeds(task) }
                let properties = "/etc\n/etc\nnobody 4750 0\nnobody 600 0\ndaemon 750 0\nroot 440 100\n"
                #expect(try await machine.output(Self.made) == "texttextsecret\nsecret" + properties)
                #expect(try await machine.output("cd /run/kubernetes; ls -A") == "a.key\n")
                for (task, cause) in [
                    ("absent", "cannot read '/root/none': No such file or directory"),
                    ("blocked", "a directory is in the way"),
                ] {
                    #expect(try await machine.fails(task))
                    let status = try await machine.status(task)
                    #expect(status.contains(cause), "\(status)")
                }

                let inodes = "stat -c %i /etc/kubernetes/* /run/kubernetes/a.key /opt/linked /run/user/made"
                let before = try await machine.output("\(inodes); cat /etc/kubernetes/token")
                try await machine.must(
                    "systemctl restart \(tasks.map { "k8s-bootstrap-\($0)" }.joined(separator: " "))"
                )
                #expect(try await machine.output("\(inodes); cat /etc/kubernetes/token") == before)
                try await machine.must("rm -r /etc/blocked; systemctl start k8s-bootstrap-blocked")
                #expect(try await machine.output("cat /etc/blocked") == "text")
            }
        }

        /// Makes the keys of the machine, and what is encrypted to it.
        private func prepare(_ machine: TestMachine) async throws {
            let script = """
                set -e
                mkdir -p "$0/etc/nest-bootstrap" "$0/etc/ssh" "$0/usr/bin"
                cp "$(command -v age)" "$0/usr/bin/age"
                ssh-keygen -q -t ed25519 -N '' -C '' -f "$0/etc/ssh/ssh_host_ed25519_key"
                printf secret | age -R "$0/etc/ssh/ssh_host_ed25519_key.pub" -o "$0/etc/nest-bootstrap/a.age"
                """
            let made = try await Tool.run("sh", ["-c", script, TemporaryDirectory.path])
            try #require(made.status == 0, "\(made.errors)")
            try await machine.place(contentsOf: TemporaryDirectory.path)
        }
    }
}
