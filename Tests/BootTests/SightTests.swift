import TestSupport
import Testing

extension RunningMachineTests {
    /// What a unit sees of the keys of other tasks: when these do not exist yet, are made, are replaced, and at rest.
    @Suite struct SightTests {
        /// Says what it sees of other tasks' secrets, until there is a file that ends it.
        private static let watch = """
            while :
            do for file in /run/nest-bootstrap-staged/*/* /run/nest-bootstrap/tasks/*/products/* /etc/web/tls.key \\
                /etc/kubernetes/admin.kubeconfig /var/lib/site/a.key /etc/keys/other.key
            do test -s "$file" && cat "$file" >/dev/null 2>&1 && echo "read $file" && exit 1; done
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
              copied: {file: {path: /var/lib/site/a.key, source: /etc/keys/other.key}}

            """

        @Test func `no unit sees a key of another task, at a first boot, in a renewal and at rest`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.watch, at: "/usr/watch")
                let made = try await machine.must(
                    """
                    umask 022; mkdir -p /etc/web-ca /etc/ssl/private /etc/keys /run/keys /srv/data; chmod 0711 /etc/keys
                    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web-ca -days 30 \\
                        -keyout /etc/ssl/private/ca.key -out /etc/web-ca/ca.crt 2>/dev/null
                    cp /etc/ssl/private/ca.key /etc/keys/other.key; echo own >/etc/keys/own.key; cp /etc/keys/own.key /run/keys
                    chmod 0400 /etc/keys/* /run/keys/*; chown 998:998 /etc/keys/* /run/keys/*; ls -l /etc/keys
                    """
                )
                show("keys of another user", made)
                try await machine.startTasks()
                let watching = ["plain", "named", "mentioned", "granted"]
                // None of the keys was there when the watching units started.
                for task in ["issued", "admin", "copied"] {
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
                #expect(states == String(repeating: "activating\n", count: watching.count))
                // At rest: units that start when everything is in place.
                try await machine.must("systemctl stop \(running) && touch /usr/ended && systemctl start \(running)")
                for task in watching {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(state) { $0 == "active\n" }, "\(task)")
                    let entries = "journalctl --sync; journalctl -b -o cat NEST_TASK=\(task) | grep '| '"
                    let said = try await machine.output(entries).split(separator: "\n").map {
                        $0.drop { $0 != "|" }.dropFirst(2)
                    }
                    show("what task '\(task)' saw", said.joined(separator: "\n"))
                    let own = ["named": ["own", "own"], "mentioned": ["own"]][task] ?? []
                    // With the capability to read everything a unit sees nothing else, though it be open to everybody.
                    let others = task == "plain" ? ["sees data of others"] : []
                    let end = ["handle: Operation not permitted"] + others + ["watched to the end"]
                    #expect(said.map(String.init) == own + own + end, "\(task)")
                }
                #expect(try await machine.isRunningWithoutFailures())
            }
        }
    }
}
