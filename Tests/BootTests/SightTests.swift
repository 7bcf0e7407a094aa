import TestSupport
import Testing

extension FirstMachineTests {
    /// The keys of other tasks that a unit sees: before they exist, while they are created or replaced, and at rest.
    @Suite struct SightTests {
        /// Prints each secret of another task that it sees, until a file ends it.
        private static let watch = """
            while :
            do for file in /run/nest-bootstrap-staged/*/* /run/nest-bootstrap/tasks/*/products/* /etc/web/tls.key \\
                /etc/kubernetes/admin.kubeconfig /var/lib/site/a.key /etc/keys/other.key /opt/app/keys/a.key /opt/a:b/a.key \\
                /persist/real/client.key
            do test "${file##*/}" != "$SEEN" && test -s "$file" && cat "$file" >/dev/null 2>&1 && echo "read $file" && exit 1; done
            test -e /usr/ended && break
            done
            # The number of open_by_handle_at, which no unit may call: with a capability it reads what is hidden.
            perl -e 'syscall($ARGV[0], -1, 0, 0); print "handle: $!\\n"' "$(test "$(uname -m)" = x86_64 && echo 304 || echo 265)"
            test -d /srv/data && echo 'sees data of others'
            echo 'watched to the end'
            """

        private static let tasks = """
            tasks:
              plain: {exec: {command: sh, args: [/usr/watch]}}
              named:
                exec:
                  command: sh
                  args: [-c, "cat /etc/keys/own.key && cat /var/run/keys/own.key && sh /usr/watch"]
                  reads: [/etc/keys/own.key, /var/run/keys/own.key]
              mentioned: {exec: {command: sh, args: [-c, "cat /run/keys/own.key && sh /usr/watch"]}}
              # It sees the directory, in which a secret is hidden only until it is replaced.
              anywhere:
                exec: {command: sh, args: [/usr/watch], environment: {SEEN: admin.kubeconfig}, writes: [/]}
              granted: {exec: {command: sh, args: [/usr/watch], capabilities: [CAP_DAC_READ_SEARCH, CAP_SYS_RESOURCE]}}
              issued:
                certificate:
                  path: /etc/web/tls.crt
                  key: /etc/web/tls.key
                  leaf: {commonName: web, names: [localhost], usages: [server auth], key: ecdsa-p256}
                  ca: {certificate: /etc/web-ca/ca.crt, key: /etc/ssl/private/ca.key}
              admin:
                kubeconfig: {path: /etc/kubernetes/admin.kubeconfig, user: u, certificate: /etc/web-ca/ca.crt,
                  key: /etc/keys/other.key, certificateAuthority: /etc/web-ca/ca.crt, server: "https://x",
                  credentials: inline}
              copied: {file: {path: /var/lib/site/a.key, source: /etc/keys/other.key, mode: "0600"}}
              installed: {file: {path: /opt/app/keys/a.key, content: x, mode: "0600"}}
              colon: {file: {path: "/opt/a:b/a.key", content: x, mode: "0600"}}
              linked:
                kubeconfig: {path: /etc/kubernetes/linked.kubeconfig, user: u, certificate: /etc/web-ca/ca.crt,
                  key: /etc/lk/client.key, certificateAuthority: /etc/web-ca/ca.crt, server: "https://x"}

            """

        @Test func `no unit sees a key of another task, at a first boot, in a renewal and at rest`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.watch, at: "/usr/watch")
                try await machine.must(
                    """
                    umask 022; mkdir -p /etc/web-ca /etc/ssl/private /etc/keys /run/keys /srv/data /etc/lk /persist/real; chmod 0711 /etc/keys
                    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web-ca -days 30 \\
                        -keyout /etc/ssl/private/ca.key -out /etc/web-ca/ca.crt 2>/dev/null
                    cp /etc/ssl/private/ca.key /etc/keys/other.key; echo own >/etc/keys/own.key; cp /etc/keys/own.key /run/keys
                    cp /etc/ssl/private/ca.key /persist/real/client.key; ln -s /persist/real/client.key /etc/lk/client.key
                    chmod 0400 /etc/keys/* /run/keys/*; chown 998:998 /etc/keys/* /run/keys/*
                    """
                )
                try await machine.startTasks()
                let watching = ["plain", "named", "mentioned", "anywhere", "granted"]
                // None of the keys was there when the watching units started.
                for task in ["issued", "admin", "copied", "installed", "colon", "linked"] {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    let isActive = try await machine.becomes(state) { $0 == "active\n" }
                    let status = isActive ? "" : try await machine.status(task)
                    #expect(isActive, "\(task): \(status)")
                }
                for _ in 1...5 {
                    try await machine.must("rm /etc/web/tls.* /etc/kubernetes/admin.kubeconfig /var/lib/site/a.key")
                    try await machine.must(
                        "systemctl restart k8s-bootstrap-issued k8s-bootstrap-admin k8s-bootstrap-copied"
                    )
                }
                let running = watching.map { "k8s-bootstrap-\($0)" }.joined(separator: " ")
                let states = try await machine.output("systemctl is-active \(running)")
                let status = try await machine.status()
                #expect(states == String(repeating: "activating\n", count: watching.count), "\(status)")
                // At rest: units that start when everything is in place.
                try await machine.must("systemctl stop \(running) && touch /usr/ended && systemctl start \(running)")
                for task in watching {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(state) { $0 == "active\n" }, "\(task)")
                    let entries = "journalctl --sync; journalctl -b -o cat NEST_TASK=\(task) | grep '| '"
                    let said = try await machine.output(entries).split(separator: "\n").map {
                        $0.drop { $0 != "|" }.dropFirst(2)
                    }
                    let own = ["named": ["own", "own"], "mentioned": ["own"]][task] ?? []
                    // With the capability to read everything a unit sees nothing else, though it be open to everybody.
                    let others = ["plain", "anywhere"].contains(task) ? ["sees data of others"] : []
                    let end = ["handle: Operation not permitted"] + others + ["watched to the end"]
                    #expect(said.map(String.init) == own + own + end, "\(task)")
                }
                #expect(try await machine.isRunningWithoutFailures())
            }
        }

        @Test func `a program leads no other task out of its directory, and takes no secret out of its place`()
            async throws
        {
            let tasks = """
                tasks:
                  secret: {file: {path: /opt/vend/a/b/key, content: x, mode: "0600"}}
                  renames: {exec: {command: sh, args: [-c, "! mv /opt/vend/a /opt/vend/kept"], writes: [/opt/vend/]}}
                  links: {exec: {command: ln, args: [-s, /etc, /opt/vendor/state], writes: [/opt/vendor/]}}
                  follows: {after: [links], exec: {command: touch, args: [/etc/strayed], creates: /opt/vendor/state/made}}
                  written: {after: [links], file: {path: /opt/vendor/state/systemd/system/strayed.service, content: x}}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("mkdir -p /opt/vend/a/b /opt/vendor")
                try await machine.startTasks()
                for (task, state) in [("renames", "active\n"), ("follows", "failed\n"), ("written", "failed\n")] {
                    let isSo = try await machine.becomes("systemctl is-active k8s-bootstrap-\(task)") { $0 == state }
                    let status = isSo ? "" : try await machine.status(task)
                    #expect(isSo, "\(task): \(status)")
                }
                let entries = try await machine.output("journalctl --sync; journalctl -b -o cat -t nest-bootstrap")
                #expect(entries.contains("task 'follows' may not write '/opt/vendor/state'"), "\(entries)")
                #expect(entries.contains("a program of a task that may write '/opt/vendor' can make one"), "\(entries)")
                #expect(
                    try await machine.output("ls /etc/strayed /etc/systemd/system/strayed.service 2>/dev/null") == ""
                )
            }
        }

        /// Prints its user, and the paths that it can write, read and connect to.
        private static let probe = """
            echo "user $(id -un)"
            for place in /run /run/systemd/system /run/nest-bootstrap /run/nest-bootstrap/tasks /etc /etc/systemd/system /usr /var/lib
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            for file in /etc/shadow /etc/ssh/host.key /etc/kubernetes/admin.conf /etc/kubernetes/pki/any.key /root/secret \\
                /etc/keys/other.key /run/nest-bootstrap-staged/any /run/nest-bootstrap/tasks/kubelet/public.json
            do test -s "$file" && cat "$file" >/dev/null 2>&1 && echo "read $file"; done
            for listener in /run/containerd/containerd.sock.ttrpc /run/snapd.socket /var/lib/kubelet/pod-resources/kubelet.sock \\
                /run/dbus/system_bus_socket
            do perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); exit !connect(S, pack_sockaddr_un(shift))' "$listener" \\
                && echo "connected to $listener"; done
            perl -e 'syscall($ARGV[0], -1, 0, 0); print "handle: $!\\n"' "$(test "$(uname -m)" = x86_64 && echo 304 || echo 265)"
            echo 'probed to the end'
            """

        private static let listener = """
            [Socket]
            ListenStream=/run/containerd/containerd.sock.ttrpc
            ListenStream=/run/snapd.socket
            ListenStream=/var/lib/kubelet/pod-resources/kubelet.sock
            """

        /// Returns the lines that a unit printed whose command is the probe.
        private func said(_ unit: String, _ machine: TestMachine) async throws -> [String] {
            let name = "k8s-bootstrap\(unit).service"
            try await machine.must("systemctl restart \(name)")
            let id = try await machine.output("systemctl show --value -p InvocationID \(name)")
            let matches = "_SYSTEMD_INVOCATION_ID=\(id.dropLast())"
            let text = try await machine.output("journalctl --sync; journalctl -b -o cat -t probe \(matches)")
            return text.split(separator: "\n").map(String.init)
        }

        /// Compares the lines of the probes with the paths and sockets that their units may use.
        private func examine(_ machine: TestMachine) async throws {
            let end = ["handle: Operation not permitted", "probed to the end"]
            let record = "read /run/nest-bootstrap/tasks/kubelet/public.json"
            let reporting = try await said("--report", machine)
            #expect(reporting == ["user nest-bootstrap", record] + end)
            // With the bus they start and stop units. They look for certificates in any directory, and reach no network.
            for unit in ["--metrics", "-health"] {
                let lines = try await said(unit, machine)
                #expect(lines.first == "user root")
                let written = lines.filter { $0.hasPrefix("wrote ") }
                #expect(written == ["wrote /run/nest-bootstrap", "wrote /run/nest-bootstrap/tasks"])
                let secret = lines.filter { line in ["shadow", "ssh", "staged"].contains { line.contains($0) } }
                #expect(secret == [])
                let connected = lines.filter { $0.hasPrefix("connected ") }
                #expect(connected == ["connected to /run/dbus/system_bus_socket"])
                #expect(Array(lines.suffix(2)) == end)
            }
        }

        @Test
        func
            `the units that supervise tasks can write no unit and reach no service, and the one with a network sees no secret`()
            async throws
        {
            let tasks = """
                cluster: {certificateAuthority: /etc/keys/ca.crt}
                tasks:
                  kubelet:
                    kubeconfig: {path: /etc/kubernetes/kubelet.kubeconfig, user: "system:node:w1",
                      certificate: /etc/keys/ca.crt, key: /etc/keys/own.key, server: "https://127.0.0.1:1"}

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.probe, at: "/usr/probe")
                try await machine.place(Self.listener, at: "/etc/systemd/system/listener.socket")
                try await machine.place(
                    "[Service]\nExecStart=sleep infinity\n",
                    at: "/etc/systemd/system/listener.service"
                )
                for unit in ["--report", "--metrics", "-health"] {
                    let type = unit == "--report" ? "Type=oneshot\nExecStartPre=\n" : "ExecStartPre=\n"
                    try await machine.place(
                        "[Service]\n\(type)ExecStart=\nExecStart=sh /usr/probe\nSyslogIdentifier=probe\nSyslogLevel=notice\n",
                        at: "/etc/systemd/system/k8s-bootstrap\(unit).service.d/90-probe.conf"
                    )
                }
                try await machine.must(
                    """
                    umask 077; mkdir -p /etc/kubernetes/pki /etc/ssh; chmod 0755 /etc/kubernetes; install -d -m 0755 /etc/keys
                    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=system:nodes/CN=system:node:w1' \\
                        -days 30 -keyout /etc/keys/own.key -out /etc/keys/ca.crt 2>/dev/null
                    for file in ssh/host.key kubernetes/admin.conf kubernetes/pki/any.key keys/other.key; do echo x >/etc/$file; done
                    echo x >/root/secret; chown 998:998 /etc/keys/*.key
                    systemctl daemon-reload; systemctl start listener.socket
                    """
                )
                try await machine.startTasks()
                let state = "systemctl is-active k8s-bootstrap-kubelet"
                #expect(try await machine.becomes(state) { $0 == "active\n" })
                try await examine(machine)
            }
        }
    }
}
