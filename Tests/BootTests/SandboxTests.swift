import TestSupport
import Testing

extension SecondMachineTests {
    /// What the unit of a task allows, and when systemd stops it.
    @Suite struct SandboxTests {
        /// Tries what the task does not declare, and prints what succeeded.
        private static let probe = """
            for place in / /boot /etc /home /root /run /run/lock /run/systemd/system /run/udev /dev/shm /opt /srv /usr /var /var/lib
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            for file in /etc/shadow /etc/ssh/host.key /etc/kubernetes/pki/any.key /var/lib/kubelet/pki/any.key /etc/admin.conf \\
                /run/keys/a.key /run/keys/other.key /var/lib/etcd/member/db /var/lib/kubelet/pods/p/token \\
                /etc/kubernetes/controller-manager.conf /etc/rancher/k3s/k3s.yaml /etc/ssl/private/a.key \\
                /etc/wireguard/wg0.conf
            do cat "$file" >/dev/null 2>&1 && echo "read $file"; done
            systemd-run --wait --quiet true 2>/dev/null && echo commanded
            for pipe in /run/initctl /run/udev/control
            do test -r "$pipe" && echo "opened $pipe"; done
            for name in $(ls -A /run)
            do case $name in nest-bootstrap | systemd | resolvconf | NetworkManager) ;; *) echo "sees /run/$name" ;; esac; done
            for listener in /run/containerd/s/shim1 /run/containerd/containerd.sock.ttrpc /run/nri/nri.sock /run/snapd.socket \\
                /run/libvirt/libvirt-sock /run/systemd/userdb/io.systemd.DynamicUser \\
                /var/lib/kubelet/pod-resources/kubelet.sock @abstractshim
            do perl -MSocket -e '($p = shift) =~ s/^@/\\0/; socket(S, AF_UNIX, SOCK_STREAM, 0);
                exit !connect(S, pack_sockaddr_un($p))' "$listener" && echo "connected to $listener"; done
            kill -0 1 2>/dev/null && echo 'may end the first process'
            for process in /proc/[0-9]*
            do tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qx SECRET=other && echo 'read another environment'; done
            echo 'probed to the end'
            """

        /// Connects to the socket that it is called with.
        private static let connect = """
            perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un(shift)) or die $!' "$1"
            """

        /// Sockets where services of a node listen that can do what a unit may not.
        private static let listener = """
            [Socket]
            ListenStream=/run/containerd/s/shim1
            ListenStream=/run/containerd/containerd.sock.ttrpc
            ListenStream=/run/nri/nri.sock
            ListenStream=/run/snapd.socket
            ListenStream=/run/libvirt/libvirt-sock
            ListenStream=/var/lib/kubelet/pod-resources/kubelet.sock
            ListenStream=@abstractshim
            """

        private static let tasks = """
            tasks:
              admin:
                kubeconfig: {path: /etc/admin.conf, user: u, certificate: /run/keys/a.crt, key: /run/keys/a.key,
                  certificateAuthority: /run/keys/ca.crt, server: "https://x"}
              probe: {exec: {command: sh, args: [/etc/probe]}}
              networked: {exec: {command: sh, args: [/etc/probe], network: true}}
              neighbour:
                exec:
                  command: sh
                  args: [-c, "touch /etc/kubernetes/own; touch /etc/kubernetes/manifests/evil.yaml 2>/dev/null || echo refused"]
                  writes: [/etc/kubernetes/]
              connected: {exec: {command: sh, args: [/etc/connect, /run/nri/nri.sock]}}
              linked: {file: {path: /opt/linked, source: /etc/linked}}
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
            try await TestMachine.withRunning { machine in
                try await machine.place(Self.tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
                try await machine.place(Self.probe, at: "/etc/probe")
                try await machine.place(Self.connect, at: "/etc/connect")
                for path in [
                    "/etc/ssh/host.key", "/etc/kubernetes/pki/any.key", "/var/lib/kubelet/pki/any.key",
                    "/var/lib/etcd/member/db", "/var/lib/kubelet/pods/p/token",
                    "/etc/kubernetes/controller-manager.conf",
                    "/etc/rancher/k3s/k3s.yaml", "/etc/ssl/private/a.key", "/etc/wireguard/wg0.conf",
                    "/etc/kubernetes/manifests/etcd.yaml",
                ] {
                    try await machine.place("secret", at: path)
                }
                try await machine.place(Self.listener, at: "/etc/systemd/system/listener.socket")
                let idle = "[Service]\nExecStart=sleep infinity\n"
                try await machine.place(idle, at: "/etc/systemd/system/listener.service")
                // A process with the rights of the tasks' own.
                let other = "\(idle)Environment=SECRET=other\nCapabilityBoundingSet=\n"
                try await machine.place(other, at: "/etc/systemd/system/other.service")
                try await machine.place(
                    "[Unit]\nWants=listener.socket other.service\nAfter=listener.socket other.service\n",
                    at: "/etc/systemd/system/k8s-bootstrap-.service.d/90-listener.conf"
                )
                try await machine.place(
                    "L /run/links - - - - /run/keys\nL /run/keys/key - - - - other.key\n"
                        + "d /run/keys 0755 root root\nf /run/keys/a.key 0600 root root - secret\n"
                        + "f /run/keys/other.key 0600 root root - secret\nf /etc/admin.conf 0600 root root - secret\n",
                    at: "/etc/tmpfiles.d/keys.conf",
                )
                // As agenix makes them: a link that is there from the beginning leads to others that come later.
                try await machine.must(
                    """
                    ln -s /run/links/key /etc/linked
                    systemctl daemon-reload
                    systemd-tmpfiles --create /etc/tmpfiles.d/keys.conf
                    systemctl start --no-block k8s-bootstrap.target
                    """
                )
                let tasks = [
                    "granted", "root", "home", "own", "run", "user", "shared", "bus", "probe", "networked", "neighbour",
                ]
                for task in tasks + ["connected", "linked"] {
                    let state = "systemctl is-active k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes(state) { $0 == "active\n" }, "\(task)")
                }
                // The same from a shell of the machine, so that what is refused there is not refused for another reason.
                let outside = try await machine.output("sh /etc/probe")
                for done in [
                    "connected to @abstractshim", "read /var/lib/etcd/member/db", "may end the first process",
                    "read another environment",
                ] { #expect(outside.contains("\(done)\n"), "\(done)") }
                // The version of Landlock: all forbid to trace others, and since version 6 also sockets and signals.
                let landlock = Int(try await machine.output("perl -e 'print syscall(444, 0, 0, 1)'")) ?? 0
                let traced = landlock >= 2 ? [] : ["read another environment"]
                let signalled = landlock >= 6 ? [] : ["may end the first process"]
                let connected = landlock >= 6 ? [] : ["connected to @abstractshim"]
                for (task, done) in [
                    ("probe", signalled + traced), ("networked", connected + signalled + traced),
                ] {
                    let reached = done.map { "\(task): | \($0)" }
                    let said = try await machine.output("journalctl --sync; journalctl -b -o cat NEST_TASK=\(task)")
                    let lines = said.split(separator: "\n").filter { $0.contains(" | ") }
                    #expect(lines.map(String.init) == reached + ["\(task): | probed to the end"], "\(said)")
                }
                let neighbour = "journalctl --sync; journalctl -b -o cat NEST_TASK=neighbour"
                #expect(try await machine.output(neighbour).contains("| refused\n"))
                #expect(try await machine.output("ls /etc/kubernetes").contains("own\n"))
                #expect(try await machine.output("ls /etc/kubernetes/manifests") == "etcd.yaml\n")
                let made = try await machine.output(
                    "cat /made /home/made /root/made /opt/linked; readlink /run/made /run/user/made /dev/shm/made; ls /run/granted"
                )
                #expect(made == "texttexttextsecret/etc\n/etc\n/etc\n/run/granted\n")
            }
        }

        /// Tries to replace and to add files in the directories of the tasks' files.
        private static let neighbours = """
            for place in /etc /etc/kubernetes /etc/kubernetes/manifests /etc/kubernetes/pki /etc/cni/net.d /opt/cni/bin
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            # What is hidden is an empty file.
            test -s /etc/kubernetes/pki/ca.key && echo 'read ca.key'
            echo 'probed to the end'
            """

        @Test func `a unit that makes a file cannot write its neighbours`() async throws {
            try await TestMachine.withRunning { machine in
                try await machine.place(
                    """
                    tasks:
                      config: {file: {path: /etc/kubernetes/own.conf, content: text, mode: "4750", owner: nobody}}
                      copy: {file: {path: /etc/kubernetes/pki/copy.crt, source: /etc/original}}
                      plugin: {symlink: {path: /opt/cni/bin/own, target: /nowhere}}
                      network: {file: {path: /etc/cni/net.d/10-own.conf, content: text}}
                      blocked: {file: {path: /etc/blocked, content: text}}
                      token: {file: {path: /etc/kubernetes/token, generate: token, owner: nobody}}

                    """,
                    at: "/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.place(Self.neighbours, at: "/usr/neighbours")
                let there = [
                    "/etc/original", "/etc/kubernetes/manifests/etcd.yaml", "/etc/kubernetes/pki/ca.key",
                    "/etc/blocked/directory",
                ]
                for path in there { try await machine.place("there", at: path) }
                let tasks = ["config", "copy", "plugin", "network"]
                let dropIn = "k8s-bootstrap-%.service.d/90-probe.conf"
                let probe = "[Service]\nExecStart=\nExecStart=/bin/sh /usr/neighbours\n"
                for task in tasks {
                    try await machine.place(probe, at: "/etc/systemd/system/" + dropIn.replacing("%", with: task))
                }
                try await machine.startTasks()
                for task in tasks {
                    let unit = "k8s-bootstrap-\(task)"
                    #expect(try await machine.becomes("systemctl is-active \(unit)") { $0 == "active\n" }, "\(task)")
                    let log = "journalctl --sync; journalctl -b -o cat _SYSTEMD_UNIT=\(unit).service"
                    let said = try await machine.output(log)
                    #expect(said == "probed to the end\n")
                }
                try await machine.must("rm -r /etc/systemd/system/k8s-bootstrap-*.service.d && systemctl daemon-reload")
                _ = try await machine.output("systemctl restart k8s-bootstrap.target")
                let made =
                    "cd /etc; stat -c '%U %a' kubernetes/own.conf; cat kubernetes/own.conf kubernetes/pki/copy.crt "
                    + "cni/net.d/10-own.conf; readlink /opt/cni/bin/own"
                #expect(try await machine.becomes(made) { $0 == "nobody 4750\ntexttheretext/nowhere\n" })
                let read = "stat -c '%U %a' /etc/kubernetes/token; cat /etc/kubernetes/token"
                let token = try await machine.output(read)
                #expect(token.hasPrefix("nobody 600\n") && token.utf8.count == 76, "\(token)")
                try await machine.must("systemctl restart k8s-bootstrap-token")
                #expect(try await machine.output(read) == token)
                // What cannot be put in place is a failure, and is tried again.
                try await machine.stopRetries()
                let isFailed = "systemctl is-failed k8s-bootstrap-blocked"
                #expect(try await machine.becomes(isFailed) { $0 == "failed\n" })
                let status = try await machine.output("nest-bootstrap status blocked")
                #expect(status.contains("a directory is in the way"), "\(status)")
                try await machine.must("rm -r /etc/blocked && systemctl start k8s-bootstrap.target")
                #expect(try await machine.output("cat /etc/blocked") == "text")
                #expect(try await machine.isRunningWithoutFailures())
            }
        }

        /// Tries what no task of a machine's settings may do, and what one of them may.
        private static let changes = """
            for place in / /boot /dev/shm /etc /etc/kubernetes /etc/kubernetes/manifests /etc/modules-load.d /etc/sysctl.d \\
                /etc/systemd/system /home /opt /opt/it /root /run /run/systemd/system /srv /srv/place /usr /usr/local/bin /var \\
                /var/lib /var/lib/kubelet
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            for file in /etc/shadow /etc/kubernetes/pki/any.key /var/lib/kubelet/pki/any.key /root/secret
            do test -s "$file" && cat "$file" >/dev/null 2>&1 && echo "read $file"; done
            for value in net/ipv4/ip_forward net/ipv4/conf/all/log_martians
            do cat "/proc/sys/$value" >/tmp/value; cat /tmp/value 2>/dev/null >"/proc/sys/$value" && echo "set $value"; done
            mount -t tmpfs none /mnt 2>/dev/null && echo mounted
            chown daemon /usr/changes 2>/dev/null && echo 'changed an owner'
            test -e /run/dbus/system_bus_socket && echo 'sees the bus'
            echo 'probed to the end'
            """

        private static let changing = """
            tasks:
              place: {directory: {path: /srv/place, mode: "0750", owner: daemon}}
              used: {service: {name: used, enable: true, state: started}}
              archive: {file: {path: /opt/it, source: /etc/it.tar, unpack: {strip: 1}}}
              images: {images: {archives: [/srv/one.tar]}}

            """

        /// Makes the archive of an image, as `docker save` writes it.
        private static let makeImage = """
            mkdir /srv/one; cd /srv/one; echo text >file; tar -cf layer.tar file; digest=$(sha256sum <layer.tar)
            printf '{"architecture":"%s","rootfs":{"diff_ids":["sha256:%s"]}}' "$(dpkg --print-architecture)" "${digest%% *}" >c.json
            echo '[{"Config":"c.json","RepoTags":["registry.test/one:1"],"Layers":["layer.tar"]}]' >manifest.json
            tar -cf /srv/one.tar manifest.json c.json layer.tar
            """

        /// The kernel's values can be set only in a network namespace of the machine.
        @Test func `units that change the machine can do that, and nothing else`() async throws {
            try await MachineNetwork.withFresh { network in
                try await TestMachine.withFresh("any", variant: "cluster") { machine in
                    let used = "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
                    try machine.write(used, to: "/etc/systemd/system/used.service")
                    try await machine.boot(at: network)
                    for path in ["/etc/kubernetes/pki/any.key", "/var/lib/kubelet/pki/any.key", "/root/secret"] {
                        try await machine.place("secret", at: path)
                    }
                    try await machine.place(Self.changes, at: "/usr/changes")
                    try await machine.place("text\n", at: "/srv/pkg/bin/it")
                    try await machine.must("mkdir -p /etc/kubernetes/manifests; tar -C /srv -cf /etc/it.tar pkg")
                    try await machine.must(Self.makeImage)
                    try await machine.place(Self.changing, at: "/etc/nest-bootstrap/bootstrap.yaml")
                    let result = try await machine.run("nest-bootstrap", "up")
                    #expect(result.status == 0, "\(result)")
                    let made =
                        "cat /opt/it/bin/it; "
                        + "stat -c '%U %a' /srv/place; systemctl is-active used; systemctl is-enabled used; "
                        + "ctr -n k8s.io images list -q name==registry.test/one:1"
                    let wanted = "text\ndaemon 750\nactive\nenabled\nregistry.test/one:1\n"
                    let lines = try await machine.output(made).split(separator: "\n").filter { !$0.hasPrefix("#") }
                    #expect(lines.joined(separator: "\n") + "\n" == wanted, "\(lines)")
                    try await probe(machine)
                }
            }
        }

        private func probe(_ machine: TestMachine) async throws {
            let allowed = [
                "place": [], "used": ["sees the bus"],
                "archive": ["wrote /opt/it"], "images": [],
            ]
            for task in allowed.keys {
                let path = "/etc/systemd/system/k8s-bootstrap-\(task).service.d/90-probe.conf"
                let service = "[Service]\nExecStart=\nExecStart=/bin/sh /usr/changes\nExecStopPost=\n"
                try await machine.place(service, at: path)
            }
            let outside = try await machine.output("sh /usr/changes; rm -f /strayed")
            for done in ["wrote /etc", "read /root/secret", "set net/ipv4/conf/all/log_martians", "mounted"] {
                #expect(outside.contains("\(done)\n"), "\(outside)")
            }
            try await machine.must(
                "find / -xdev -name strayed -delete; rm -f /dev/shm/strayed /run/strayed /run/systemd/system/strayed; "
                    + "umount /mnt; chown root /usr/changes; systemctl daemon-reload"
            )
            for (task, expected) in allowed {
                let unit = "k8s-bootstrap-\(task).service"
                try await machine.must("journalctl --sync; journalctl --rotate; systemctl restart \(unit)")
                let read =
                    "journalctl --sync; journalctl -b -o cat _SYSTEMD_UNIT=\(unit) SYSLOG_IDENTIFIER=nest-bootstrap"
                let said = try await machine.output(read).split(separator: "\n").map(String.init)
                let done = Array(said.drop { !Self.isProbe($0) })
                #expect(done == expected + ["probed to the end"], "\(task): \(said)")
            }
        }

        /// Whether a line is of the probe and not of the task itself.
        private static func isProbe(_ line: String) -> Bool {
            ["wrote ", "read ", "set ", "mounted", "changed an", "sees ", "probed "].contains(where: line.hasPrefix)
        }

        @Test func `a reload of systemd keeps the deadline of a task, and a stopped task has not failed`() async throws
        {
            try await TestMachine.withRunning { machine in
                try await machine.place(
                    "tasks: {long: {timeout: 5m, exec: {command: sleep, args: [\"1000\"]}}}\n",
                    at: "/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.startTasks()
                let unit = "k8s-bootstrap-long.service"
                #expect(try await machine.becomes("systemctl show -p SubState \(unit)") { $0 == "SubState=start\n" })
                // Also before the program has written its record.
                try await machine.must("systemctl daemon-reload")
                let deadline = "systemctl show -p TimeoutStartUSec \(unit)"
                #expect(try await machine.output(deadline) == "TimeoutStartUSec=6min\n")
                // A unit is starting also while systemd prepares its sandbox. The program that the task runs has begun only
                // after the record was written and signals are handled.
                #expect(try await machine.becomes(TestMachine.countSleepProcesses) { $0 == "1\n" })
                #expect(try await machine.becomes("nest-bootstrap status --output json") { $0.contains("\"running\"") })

                // Also while its declaration is removed.
                try await machine.must(
                    "cp /etc/nest-bootstrap/bootstrap.yaml /root; echo x >/etc/nest-bootstrap/bootstrap.yaml"
                )
                try await machine.must("systemctl daemon-reload")
                let kept = try await machine.output("systemctl show -p LoadState -p TimeoutStartUSec \(unit)")
                #expect(Set(kept.split(separator: "\n")) == ["LoadState=loaded", "TimeoutStartUSec=1d 1min"])
                try await machine.must("cp /root/bootstrap.yaml /etc/nest-bootstrap/ && systemctl daemon-reload")
                try await machine.must("systemctl stop \(unit)")
                let state = try await machine.output("systemctl show -p ActiveState -p SubState -p Result \(unit)")
                #expect(state == "Result=success\nActiveState=inactive\nSubState=dead\n")
                let records = try await machine.records()
                #expect(records == ["long": "interrupted"])
                #expect(try await machine.isRunningWithoutFailures())

                // Also before the program can note a signal.
                let ends = try await machine.must(
                    """
                    for i in $(seq 0 5 95); do
                        systemctl start --no-block \(unit)
                        sleep 0.0$(printf %02d $i)
                        systemctl stop \(unit)
                        systemctl show -p ActiveState -p Result --value \(unit) | paste -s
                    done | sort | uniq -c
                    """
                )
                #expect(ends.split(whereSeparator: \.isWhitespace) == ["20", "success", "inactive"])
            }
        }
    }
}
