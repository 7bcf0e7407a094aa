import TestSupport
import Testing

extension FirstMachineTests {
    /// What programs, agents and supervising services see and can do: before the secrets of tasks exist, while they are
    /// replaced, and at rest.
    @Suite struct SightTests {
        /// Tries what no task here names until a file ends it, and prints what has succeeded.
        ///
        /// A secret is a file with `NEST-SECRET`, or a private key.
        private static let probe = """
            # It sees the directory, in which a secret is covered only until it is replaced.
            [ "$1" != anywhere ] || except=--exclude=admin.kubeconfig
            sees() { grep -rlsE $except 'NEST-SECRET|BEGIN [A-Z ]*PRIVATE KEY' "$@" | sed 's/^/read /'; }
            listeners='/run/containerd/containerd.sock /run/docker.sock /run/dbus/system_bus_socket /run/systemd/private'
            if [ "$1" != anywhere ]
            then
                for place in / /boot /etc /etc/kubernetes /etc/systemd/system /home /opt /root /run /run/nest-bootstrap \\
                    /run/systemd/system /srv /usr /var/lib
                do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
                sees /home /root /run /srv
                listeners="$listeners /run/containerd/s/shim /var/lib/kubelet/pod-resources/kubelet.sock"
                [ "$1" = networked ] || listeners="$listeners @abstract"
            fi
            for listener in $listeners
            do perl -MSocket -e '($p = shift) =~ s/^@/\\0/; socket(S, AF_UNIX, SOCK_STREAM, 0);
                exit !connect(S, pack_sockaddr_un($p))' "$listener" && echo "connected to $listener"; done
            mount -t tmpfs none /mnt 2>/dev/null && echo mounted
            sees /var/lib /proc/[0-9]*/environ
            while found=$(sees /etc /opt /run/agenix.d /var/lib/site); [ -z "$found" ] && [ ! -e /usr/ended ]; do :; done
            [ -z "$found" ] || echo "$found"
            echo 'probed to the end'

            """

        private static let end = ["probed to the end"]

        /// Sockets where services of a node listen that have more rights than a task.
        private static let listener = """
            [Socket]
            ListenStream=/run/containerd/containerd.sock
            ListenStream=/run/containerd/s/shim
            ListenStream=/run/docker.sock
            ListenStream=/var/lib/kubelet/pod-resources/kubelet.sock
            ListenStream=@abstract

            """

        /// The scripts, and the tasks whose secrets they do not see.
        private static let tasks = """
            tasks:
              plain: {exec: {command: sh, args: [/usr/probe]}}
              networked: {exec: {command: sh, args: [/usr/probe, networked], network: true}}
              named:
                exec:
                  command: sh
                  args: [-c, "cat /etc/keys/own.key /var/run/keys/own.key && sh /usr/probe"]
                  reads: [/etc/keys/own.key, /var/run/keys/own.key]
              mentioned: {exec: {command: sh, args: [-c, "cat /run/keys/own.key && sh /usr/probe"]}}
              anywhere: {exec: {command: sh, args: [/usr/probe, anywhere], writes: [/]}}
              granted: {exec: {command: sh, args: [/usr/probe], capabilities: [CAP_DAC_READ_SEARCH, CAP_SYS_RESOURCE]}}
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
              # The task file itself can be read.
              installed: {file: {path: /opt/app/keys/a.key, content: "NEST\\u002DSECRET", mode: "0600"}}
              colon: {file: {path: "/opt/a:b/a.key", content: "NEST\\u002DSECRET", mode: "0600"}}
              linked:
                kubeconfig: {path: /etc/kubernetes/linked.kubeconfig, user: u, certificate: /etc/web-ca/ca.crt,
                  key: /run/agenix/client.key, certificateAuthority: /etc/web-ca/ca.crt, server: "https://x"}

            """

        /// Makes the keys that tasks read, secrets of services, and a process with a secret in its environment.
        private static let prepare = """
            umask 022; mkdir -p /etc/web-ca /etc/ssl/private /etc/keys /run/keys /run/agenix.d/1; chmod 0711 /etc/keys
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=system:nodes/CN=system:node:w1' \\
                -days 30 -keyout /etc/ssl/private/ca.key -out /etc/web-ca/ca.crt 2>/dev/null
            cp /etc/ssl/private/ca.key /etc/keys/other.key; echo own >/etc/keys/own.key; cp /etc/keys/own.key /run/keys
            cp /etc/ssl/private/ca.key /run/agenix.d/1/client.key; test -e /run/agenix || ln -s /run/agenix.d/1 /run/agenix
            chmod 0400 /etc/keys/* /run/keys/*; chown 998:998 /etc/keys/* /run/keys/*
            for file in /etc/ssh/host.key /etc/rancher/k3s/k3s.yaml /etc/wireguard/wg0.conf /root/secret /srv/data/secret \\
                /run/keys/other.key /var/lib/etcd/member/db /var/lib/kubelet/pki/any.key /var/lib/kubelet/pods/p/token
            do mkdir -p "${file%/*}" && echo NEST-SECRET >"$file"; done
            systemctl daemon-reload; systemctl start listener.socket other.service
            """

        private func prepare(_ machine: TestMachine) async throws {
            let units = "/etc/systemd/system"
            try await machine.place(Self.probe, at: "/usr/probe")
            try await machine.place(Self.listener, at: "\(units)/listener.socket")
            let idle = "[Service]\nExecStart=sleep infinity\n"
            try await machine.place(idle, at: "\(units)/listener.service")
            try await machine.place("\(idle)Environment=SECRET=NEST\\x2dSECRET\n", at: "\(units)/other.service")
            try await machine.must(Self.prepare)
        }

        @Test func `no program sees a secret or a service of others, at a first boot, in a renewal and at rest`()
            async throws
        {
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await prepare(machine)
                try await machine.startTasks()
                // None of their secrets was there when the programs were started.
                try await machine.succeeds("issued", "admin", "copied", "installed", "colon", "linked")
                for _ in 1...5 {
                    try await machine.must(
                        """
                        rm /etc/web/tls.* /etc/kubernetes/admin.kubeconfig /var/lib/site/a.key
                        systemctl restart k8s-bootstrap-issued k8s-bootstrap-admin k8s-bootstrap-copied
                        """
                    )
                }
                let programs = ["plain", "networked", "named", "mentioned", "anywhere", "granted"]
                let units = programs.map { "k8s-bootstrap-\($0)" }.joined(separator: " ")
                let states = try await machine.output("systemctl is-active \(units)")
                let status = try await machine.status()
                #expect(states == String(repeating: "activating\n", count: programs.count), "\(status)")
                // At rest: programs that start when everything is in place.
                try await machine.must("systemctl stop \(units) && touch /usr/ended && systemctl start \(units)")
                for task in programs {
                    try await machine.succeeds(task)
                    let own = ["named": ["own", "own"], "mentioned": ["own"]][task] ?? []
                    #expect(try await machine.said(task) == own + own + Self.end, "\(task)")
                }
                // By hand it is the same.
                let byHand = try await machine.run("nest-bootstrap", "run", "--task", "plain")
                let lines = byHand.output.split(separator: "\n").filter { $0.contains(" | ") }
                #expect(lines.map(String.init) == ["plain: | probed to the end"], "\(byHand)")
                // From outside, so that what is refused above is not refused for another reason.
                let outside = try await machine.output("sh /usr/probe; umount /mnt")
                for done in [
                    "wrote /etc", "read /root/secret", "read /var/lib/etcd/member/db", "read /etc/web/tls.key",
                    "mounted",
                    "read /opt/a:b/a.key", "read /run/agenix.d/1/client.key", "connected to /run/docker.sock",
                    "connected to @abstract", "connected to /run/systemd/private",
                ] { #expect(outside.contains("\(done)\n"), "\(outside)") }
                #expect(outside.contains(/read \/proc\/\d+\/environ\n/), "\(outside)")
            }
        }

        @Test func `a program has what it names, and leads no other task out of its directory`() async throws {
            let tasks = """
                tasks:
                  named:
                    exec:
                      command: sh
                      args: [-c, "cat /run/keys/other.key && systemctl is-active dbus.service && touch /run/granted"]
                      reads: [/run/keys/other.key, /run/dbus, /run/systemd/system]
                      writes: [/run/]
                  neighbour:
                    exec:
                      command: sh
                      args: [-c, "touch /etc/kubernetes/own; ! touch /etc/kubernetes/manifests/evil.yaml"]
                      writes: [/etc/kubernetes/]
                  mounted:
                    exec:
                      command: sh
                      args: [-c, "touch /run/up/seen; until test -e /run/up/done; do sleep 0.1; done; ! test -e /srv/late/x"]
                      reads: [/srv]
                      writes: [/run/up/]
                  leaves: {exec: {command: sh, args: [-c, "(exec setsid sleep 98765 >/dev/null 2>&1) &"]}}
                  beyond: {exec: {command: touch, args: [/etc/beyond]}}
                  secret: {file: {path: /opt/vend/a/b/key, content: x, mode: "0600"}}
                  renames:
                    after: [secret]
                    exec:
                      command: sh
                      args: [-c, "cd /opt/vend && ! mv a kept && ! test -s a/b/key"]
                      writes: [/opt/vend/]
                  links: {exec: {command: ln, args: [-s, /etc, /opt/vendor/state], writes: [/opt/vendor/]}}
                  creates:
                    after: [links]
                    exec: {command: touch, args: [/opt/vendor/state/strayed1], creates: /opt/vendor/state/strayed1}
                  writes:
                    after: [links]
                    exec: {command: touch, args: [/opt/vendor/state/strayed2], writes: [/opt/vendor/state]}
                  written: {after: [links], file: {path: /opt/vendor/state/strayed3, content: x}}
                  copies: {after: [links], file: {path: /opt/copied, source: /opt/vendor/state/hostname}}
                  reads: {after: [links], exec: {command: ls, reads: [/opt/vendor/state]}}
                  mentions: {after: [links], exec: {command: ls, args: [/opt/vendor/state]}}
                  shared: {exec: {command: sh, args: [-c, "! test -e /tmp/out/etc && ! test -e /dev/shm/out/etc"]}}
                  behind:
                    exec:
                      command: sh
                      args: [-c, "cd /srv/link && test -s hostname && test -e shadow && ! test -s shadow"]
                      reads: [/srv/link]

                """
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must(
                    """
                    ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
                    mkdir -p /srv/late /opt/vend/a/b /opt/vendor /run/keys
                    echo NEST-SECRET >/run/keys/other.key; chmod 0600 /run/keys/other.key
                    ln -s /etc /srv/link; test -s /etc/shadow; echo name >/etc/hostname
                    setpriv --reuid 65534 --clear-groups ln -s / /tmp/out
                    setpriv --reuid 65534 --clear-groups ln -s / /dev/shm/out
                    """
                )
                try await machine.startTasks()
                let mount = "mount -t tmpfs none /srv/late && touch /srv/late/x /run/up/done"
                try await machine.must("until test -e /run/up/seen; do sleep 0.1; done; \(mount)")
                try await machine.succeeds("named", "neighbour", "renames", "shared", "behind", "mounted", "leaves")
                try await machine.must("umount /srv/late; ! cat /proc/[0-9]*/cmdline 2>&1 | grep -a 9876[5]")
                #expect(try await machine.said("named") == ["NEST-SECRET", "active"])
                for task in ["beyond", "creates", "writes", "written", "copies", "reads", "mentions"] {
                    #expect(try await machine.fails(task), "\(task)")
                }
                let entries = try await machine.output("journalctl --sync; journalctl -b -o cat -t nest-bootstrap")
                #expect(entries.contains("a program of a task that may write '/opt/vendor' can make one"), "\(entries)")
                #expect(entries.contains("see 'reads', 'writes'"), "\(entries)")
                let made =
                    "ls /run/granted /etc/kubernetes/own /etc/beyond /etc/strayed* /etc/kubernetes/manifests 2>/dev/null"
                let found = try await machine.output(made)
                #expect(found == "/etc/kubernetes/own\n/run/granted\n\n/etc/kubernetes/manifests:\n")
            }
        }

        @Test func `without bubblewrap, or where it is refused, neither a program nor the agent runs`() async throws {
            let tasks = """
                tasks:
                  program: {exec: {command: touch, args: [/srv/made], writes: [/srv/]}}
                  agent: {wait: {url: "http://127.0.0.1:1/"}}

                """
            let refusal = "[Service]\nRestrictNamespaces=yes\n"
            try await TestMachine.withRunning { machine in
                try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.must("mv /usr/bin/bwrap /usr/kept")
                try await machine.startTasks()
                for task in ["program", "agent"] {
                    #expect(try await machine.fails(task), "\(task)")
                    #expect(try await machine.status(task).contains("install the package bubblewrap"), "\(task)")
                    try await machine.place(refusal, at: "/etc/systemd/system/k8s-bootstrap-\(task).service.d/x.conf")
                }
                try await machine.must("systemctl daemon-reload; mv /usr/kept /usr/bin/bwrap")
                for (task, message) in [("program", "unshare: "), ("agent", "bwrap ")] {
                    #expect(try await machine.run("systemctl", "start", "k8s-bootstrap-\(task)").status == 1, "\(task)")
                    #expect(try await machine.status(task).contains(message), "\(task)")
                }
                #expect(try await machine.run("test", "-e", "/srv/made").status == 1)
            }
        }
    }
}

extension FirstMachineTests.SightTests {
    /// Runs the probe in the sandbox of the agent that runs a task, as its user, and prints the rights that the agent has.
    private static let enter = """
        for process in /proc/[0-9]*
        do test "$(cat "$process/comm")" = nest-bootstrap && tr '\\0' ' ' <"$process/cmdline" | grep -q -e "--task $1 --confined" &&
            agent=${process#/proc/}
        done 2>/dev/null
        grep -E '^(CapPrm|NoNewPrivs)' "/proc/$agent/status"
        exec nsenter --target "$agent" --mount --ipc --uts --net --pid --root --wd setpriv --reuid nest-bootstrap \\
            --regid nest-bootstrap --clear-groups --no-new-privs sh /usr/probe networked

        """

    private static func manifest(_ name: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name), namespace: default}\n"
    }

    /// In addition to the tasks of the example.
    private static let others = """
        tasks:
          foreign: {wait: {apiServer: /root/foreign.conf}}
          late: {apply: {kubeconfig: /root/foreign.conf, manifests: [/opt/late.yaml]}}
          closed: {after: [generate-kubeconfig], apply: {manifests: [/opt/closed]}}
          loose: {after: [generate-kubeconfig], apply: {manifests: [/opt/loose.yaml]}}
          pinned:
            after: [generate-kubeconfig]
            apply: {manifests: [{url: "URL/m.yaml", sha256: 414201c251f6bf8d39b0bf424808770aea0a557dfc22606f9b14beb425a67419}]}

        """

    @Test
    func `the agent of an apply task has its credentials and nothing else, at a first boot, in a renewal and at rest`()
        async throws
    {
        try await TestCluster.withFresh(starting: false) { cluster in
            try await cluster.withRunningMachine { machine in
                try await prepare(machine)
                try await machine.place(Self.enter, at: "/usr/enter")
                try await machine.place("", at: "/usr/ended")
                func look(_ task: String, _ moment: String) async throws {
                    let waits = "systemctl show -p StatusText k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(waits) { $0.contains("connection refused") }, "\(moment)")
                    let seen = try await machine.output("sh /usr/enter \(task)").split(separator: "\n").map(String.init)
                    let rights = ["CapPrm:\t0000000000000000", "NoNewPrivs:\t1"]
                    #expect(seen == rights + ["read /run/agenix/kube-admin.key"] + Self.end, "\(moment)")
                }
                try await machine.startTasks()
                try await look("bootstrap-rbac", "first boot")
                let key = "/etc/kubernetes/pki/kube-proxy.key"
                try await machine.must("rm \(key) && nest-bootstrap run --task copy-kube-proxy-key && test -s \(key)")
                try await look("bootstrap-rbac", "renewal")
                try await cluster.start()
                #expect(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
                try await useWhatOnlyRootReads(machine)
                try await cluster.stop("kube-apiserver")
                try await machine.must("systemctl restart --no-block k8s-bootstrap-coredns")
                try await look("coredns", "rest")
            }
        }
    }

    /// Files of root are copied into the sandbox, and files in a directory of root are not there.
    private func useWhatOnlyRootReads(_ machine: TestMachine) async throws {
        let server = try LoopbackServer { _ in .response(200, body: Array(Self.manifest("pinned").utf8)) }
        defer { server.stop() }
        let tasks = Self.others.replacing("URL", with: server.url)
        try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.d/60-tasks.yaml")
        for (name, file) in [("closed", "closed/a.yaml"), ("late", "late.yaml"), ("loose", "loose.yaml")] {
            try await machine.place(Self.manifest(name), at: "/opt/\(file)")
        }
        try await machine.must(
            """
            cp /etc/kubernetes/cluster-admin.kubeconfig /root/foreign.conf
            chmod 0600 /opt/late.yaml /root/foreign.conf; chmod 0700 /opt/closed; chmod 0666 /opt/loose.yaml
            systemctl daemon-reload; systemctl start k8s-bootstrap-foreign k8s-bootstrap-late k8s-bootstrap-pinned
            """
        )
        for (task, message) in [
            ("closed", "'/opt/closed"),
            ("loose", "cannot trust '/opt/loose.yaml': a user other than root can change it"),
        ] {
            #expect(try await machine.run("systemctl", "start", "k8s-bootstrap-\(task)").status == 1, "\(task)")
            let said = try await machine.output("journalctl --sync; journalctl -b -o cat NEST_TASK=\(task)")
            #expect(said.contains(message), "\(said)")
        }
        try await machine.must(
            "chmod 0755 /opt/closed; chmod 0644 /opt/loose.yaml; systemctl start k8s-bootstrap.target"
        )
        // Records and cache work for a run of several tasks by root and for the unit, one after the other, in either order.
        let (record, cache) = ("/run/nest-bootstrap/tasks/pinned", "/var/lib/nest-bootstrap/cache/pinned")
        try await machine.must("rm -rf \(record) \(cache); nest-bootstrap run --task pinned --task late")
        try await machine.must("systemctl restart k8s-bootstrap-pinned; nest-bootstrap run --task pinned")
        let owners = try await machine.output("stat -c %U \(record) \(record)/record.json \(cache)")
        #expect(Set(owners.split(separator: "\n")) == ["nest-bootstrap"])
        try await machine.must("nest-bootstrap run --task pinned --task late; systemctl restart k8s-bootstrap-pinned")
        #expect(try await machine.records()["pinned"] == "unchanged")
    }

    /// Returns the lines of the probe that a unit printed which runs it.
    private func probed(_ unit: String, _ machine: TestMachine) async throws -> [String] {
        try await machine.must("systemctl restart \(unit)")
        return try await machine.output("cat /run/probed.\(unit)").split(separator: "\n").map(String.init)
    }

    @Test
    func
        `the units that supervise tasks can write no unit and reach no service, and the one with a network sees no secret`()
        async throws
    {
        let tasks = """
            cluster: {certificateAuthority: /etc/web-ca/ca.crt}
            tasks:
              kubelet:
                kubeconfig: {path: /etc/kubernetes/kubelet.kubeconfig, user: "system:node:w1",
                  certificate: /etc/web-ca/ca.crt, key: /etc/keys/other.key, server: "https://127.0.0.1:1"}

            """
        try await TestMachine.withRunning { machine in
            try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
            let probe =
                "[Service]\nType=oneshot\nExecStart=\nExecStart=sh /usr/probe networked\n"
                + "StandardOutput=truncate:/run/probed.%N\n"
            for unit in ["--report", "--metrics", "-health", "-alert@"] {
                try await machine.place(probe, at: "/etc/systemd/system/k8s-bootstrap\(unit).service.d/90-probe.conf")
            }
            try await machine.place("", at: "/usr/ended")
            try await machine.must("mkdir -p /var/lib/prometheus/node-exporter")
            try await prepare(machine)
            try await machine.startTasks()
            try await machine.succeeds("kubelet")
            let report = try await probed("k8s-bootstrap--report", machine)
            // Kubelets keep their keys there.
            #expect(report == ["read /var/lib/kubelet/pki/any.key", "read /etc/keys/other.key"] + Self.end)
            // With the bus they start and stop units, and they look for certificates in any directory.
            for unit in ["k8s-bootstrap--metrics", "k8s-bootstrap-health"] {
                let lines = try await probed(unit, machine)
                let done = lines.filter { !$0.hasPrefix("read ") }
                #expect(
                    done == ["wrote /run/nest-bootstrap", "connected to /run/dbus/system_bus_socket"] + Self.end,
                    "\(unit)"
                )
                #expect(!lines.contains { $0.contains("/ssh/") || $0.hasSuffix("/environ") }, "\(unit): \(lines)")
            }
            // What an administrator adds to it gets its rights in the same drop-in.
            let alert = try await probed("k8s-bootstrap-alert@kubelet", machine)
            #expect(!alert.contains { $0.hasPrefix("wrote ") || $0 == "mounted" }, "\(alert)")
            #expect(alert.last == Self.end[0], "\(alert)")
            let rights = "systemctl show -p CapabilityBoundingSet -p PrivateNetwork k8s-bootstrap-alert@kubelet"
            #expect(try await machine.output(rights) == "CapabilityBoundingSet=\nPrivateNetwork=yes\n")
        }
    }
}
