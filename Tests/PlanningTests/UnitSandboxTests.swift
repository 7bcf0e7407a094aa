import Planning
import Testing

/// What the units of tasks may do and see.
@Suite(.timeLimit(.minutes(30))) struct UnitSandboxTests {
    @Test func `a unit hides the credentials that its task does not name`() throws {
        let kubeconfigs = ["a", "b"].map { name in
            """
              \(name):
                kubeconfig:
                  {path: /etc/\(name).conf, user: u, certificate: /c, key: /run/\(name).key, certificateAuthority: /ca,
                   server: "https://x"}
            """
        }
        let text = """
            tasks:
            \(kubeconfigs.joined(separator: "\n"))
              copy: {file: {path: /etc/pki/own.key, source: /run/own.key, mode: "0600"}}
              open: {file: {path: /etc/open, content: x}}
              uses-a: {after: [a], apply: {manifests: [/m]}}
              foreign: {apply: {kubeconfig: /root/foreign, manifests: [/m]}}
              script: {exec: {command: ls, args: ["--kubeconfig=/etc/b.conf"], reads: [/etc/pki]}}
            """
        let files = try UnitsTests.files(text)
        let hidden = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n")
                .filter { $0.hasPrefix("InaccessiblePaths=-") }.map { String($0.dropFirst(19)) }
        }
        let (a, b) = (["/run/a.key", "/etc/a.conf"], ["/run/b.key", "/etc/b.conf"])
        let own = ["/run/own.key", "/etc/pki/own.key"]
        #expect(hidden("a") == b + own + ["/root/foreign"])
        #expect(hidden("copy") == a + b + ["/root/foreign"])
        #expect(hidden("open") == a + b + own + ["/root/foreign"])
        // The kubeconfig names its key by path. The user of the unit cannot read what is root's alone.
        #expect(hidden("uses-a").suffix(4) == ["/var/lib/kubelet/pods", "/run/b.key", "/run/own.key", "/root/foreign"])
        #expect(hidden("uses-a").contains("/etc/shadow") == false)
        // Whose kubeconfig no task makes may need any of them.
        #expect(hidden("foreign").contains("/etc/kubernetes/pki") == false)
        #expect(hidden("foreign").contains("/etc/shadow"))
        #expect(hidden("script") == a + ["/run/own.key", "/root/foreign"])
    }

    @Test func `the directories of keys and the bus are seen only by who names them`() throws {
        let text = """
            tasks:
              admin:
                kubeconfig:
                  {path: /etc/admin.conf, user: u, certificate: /etc/kubernetes/pki/a.crt, key: /run/agenix/a.key,
                   certificateAuthority: /etc/kubernetes/pki/ca.crt, server: "https://x"}
              apply: {after: [admin], apply: {manifests: [/m]}}
              script: {exec: {command: ls}}
              reader: {exec: {command: ls, reads: [/run/agenix/other, /run/dbus]}}
              waiter: {wait: {unit: x.service}}
            """
        let files = try UnitsTests.files(text)
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
        }
        #expect(lines("script").contains("InaccessiblePaths=-/run/agenix"))
        #expect(lines("script").contains("InaccessiblePaths=-/etc/admin.conf"))
        #expect(lines("script").contains("InaccessiblePaths=") == false)
        #expect(lines("reader").contains("InaccessiblePaths=-/run/agenix") == false)
        #expect(lines("reader").contains("InaccessiblePaths=-/run/agenix/a.key"))
        for task in ["reader", "waiter"] {
            #expect(lines(task).contains("InaccessiblePaths="))
            #expect(lines(task).contains("InaccessiblePaths=-/run/dbus") == false)
            #expect(lines(task).contains("InaccessiblePaths=-/run/initctl"))
        }
        // All three files to which the kubeconfig refers.
        for task in ["admin", "apply"] {
            #expect(lines(task).contains("InaccessiblePaths="))
            let hidden = lines(task).filter { $0.contains("Paths=") && ($0.contains("agenix") || $0.contains("/pki")) }
            #expect(
                hidden == ["BindReadOnlyPaths=-/run/agenix/a.key"]
                    + [
                        "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/etcd",
                        "/etc/kubernetes/pki/front-proxy-ca.key",
                        "/etc/kubernetes/pki/sa.key", "/var/lib/kubelet/pki",
                    ]
                    .map { "InaccessiblePaths=-\($0)" }
            )
        }
    }

    @Test func `what every unit needs is hidden from none`() throws {
        let text = """
            tasks:
              a:
                kubeconfig: {path: /etc/a.conf, user: u, certificate: /c, key: KEY, certificateAuthority: /ca, server: "https://x"}
              b: {file: {path: /etc/x, content: text}}
            """
        var call = UnitsTests.call
        call.taskFiles = ["/etc/nest-bootstrap/bootstrap.yaml", "/run/agenix/site.yaml"]
        for key in [
            "/etc/nest-bootstrap/a.key", "/run/agenix/a.key", "/var/lib/a.key", "/etc/ssl/a.key", "/usr/lib/k/a.key",
        ] {
            let files = try UnitsTests.files(text.replacing("KEY", with: key), call)
            let hidden = (files["k8s-bootstrap-b.service.d/50-privileges.conf"] ?? "").split(separator: "\n")
            #expect(hidden.contains("InaccessiblePaths=-\(key)"), "\(key)")
            #expect(hidden.count { $0.hasPrefix("InaccessiblePaths=") } == 2, "\(hidden)")
        }
        call.taskFiles = ["/root/b.yaml"]
        let files = try UnitsTests.files(text.replacing("KEY", with: "/root/k/a.key"), call)
        #expect(files["k8s-bootstrap-b.service.d/50-privileges.conf"]?.contains("ProtectHome=read-only") == true)
    }

    @Test func `a unit sees what the kubeconfig refers to that its task uses, and may rewrite what it is to write`()
        throws
    {
        let text = """
            tasks:
              a:
                kubeconfig:
                  {path: /etc/t/a.conf, user: u, certificate: /tmp/k/c, key: /root/k/a.key, certificateAuthority: /root/k/ca,
                   server: "https://x"}
              uses: {after: [a], wait: {apiServer: true}}
              made: {exec: {command: sh, writes: [/etc/t/]}}
              foreign: {after: [made], apply: {kubeconfig: /etc/t/made.conf, manifests: [/m]}}
              device: {wait: {file: /dev/x}}
              bus: {wait: {file: /var/run/dbus/system_bus_socket}}
            """
        let files = try UnitsTests.files(text)
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
        }
        #expect(lines("uses").contains("ProtectHome=read-only"))
        #expect(lines("uses").contains("BindReadOnlyPaths=-/tmp/k/c"))
        #expect(lines("made").contains { $0.contains("/etc/t/") } == false)
        #expect(lines("device").contains("PrivateDevices=no"))
        #expect(lines("bus").contains("InaccessiblePaths=-/run/dbus") == false)
    }

    @Test func `a task that talks to an API server by its address reaches no other address`() throws {
        let kubeconfigs = [("v4", "https://127.0.0.1:6443"), ("v6", "https://[fd00::1]"), ("name", "https://a.b:6443")]
        let text = kubeconfigs.map { name, server in
            """
              \(name):
                kubeconfig: {path: /etc/\(name), user: u, certificate: /c, key: /k, certificateAuthority: /ca, server: "\(server)"}
              uses-\(name): {after: [\(name)], apply: {manifests: [/m]}}
            """
        }
        let files = try UnitsTests.files("tasks:\n\(text.joined(separator: "\n"))")
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("IPAddress") }
        }
        #expect(lines("uses-v4") == ["IPAddressDeny=any", "IPAddressAllow=127.0.0.1"])
        #expect(lines("uses-v6") == ["IPAddressDeny=any", "IPAddressAllow=fd00::1"])
        #expect(lines("uses-name") == [])
    }

    @Test func `a task with a file of the cluster's keys does not see the keys of the control plane`() throws {
        let text = "tasks: {t: {file: {path: /etc/kubernetes/pki/ca.crt, source: /run/agenix/ca.crt}}}"
        let drop = try #require(try UnitsTests.files(text)["k8s-bootstrap-t.service.d/50-privileges.conf"])
        let lines = drop.split(separator: "\n").map(String.init)
        #expect(!lines.contains("InaccessiblePaths=-/etc/kubernetes/pki"))
        for name in ["ca.key", "sa.key", "etcd"] {
            #expect(lines.contains("InaccessiblePaths=-/etc/kubernetes/pki/\(name)"))
        }
        #expect(lines.contains("BindReadOnlyPaths=-/run/agenix/ca.crt"))
    }

    @Test func `a unit sees where links lead: of what it reads, of task files and of the resolver`() throws {
        let text = """
            tasks:
              copy: {file: {path: /opt/a, source: /etc/pl/a}}
              net: {exec: {command: ls, network: true}}
            """
        let links = [
            "/etc/pl/a": ["/run/agenix/a", "/run/agenix.d/1/a"], "/etc/resolv.conf": ["/run/netconfig/resolv.conf"],
            "/etc/nest-bootstrap/bootstrap.yaml": ["/var/run/site/b.yaml"],
        ]
        let files = try declarations(text).plan.units(UnitsTests.call) { links[$0] ?? [] }
        let binds = { (task: String) in
            files.filter { $0.path == "k8s-bootstrap-\(task).service.d/50-privileges.conf" }.flatMap { file in
                guard case .text(let text) = file.content else { return [String]() }
                return text.split(separator: "\n").filter { $0.hasPrefix("BindReadOnlyPaths=-") }.map {
                    String($0.dropFirst(19))
                }
            }
        }
        #expect(binds("copy") == ["/run/agenix/a", "/run/agenix.d/1/a", "/run/site/b.yaml"])
        // A program writes to the journal by itself.
        let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]
        #expect(binds("net") == ["/run/site/b.yaml", "/run/netconfig/resolv.conf"] + journal)
    }

    @Test func `a kubeconfig that no task writes may refer to anything in run`() throws {
        let text = "tasks: {t: {apply: {kubeconfig: /root/foreign, manifests: [/m]}}}"
        let drop = try #require(try UnitsTests.files(text)["k8s-bootstrap-t.service.d/50-privileges.conf"])
        #expect(drop.contains("\nTemporaryFileSystem=\nReadOnlyPaths=-/run\n"))
    }

    @Test(
        arguments: [
            // What the agent makes is put in place after the unit.
            ("symlink: {path: /opt/cni/bin/x, target: /y}", [], []),
            ("file: {path: /etc/x, content: text, mode: \"4755\"}", [], []),
            ("file: {path: /x, content: text}", [], []),
            ("symlink: {path: /run/x, target: /y}", [], ["TemporaryFileSystem=", "ReadOnlyPaths=-/run"]),
            ("symlink: {path: /run/x/y, target: /y}", [], ["BindReadOnlyPaths=-/run/x"]),
            ("file: {path: /root/x, content: text}", [], ["ProtectHome=read-only"]),
            ("exec: {command: ls, creates: /etc/x}", ["/etc"], ["ReadOnlyPaths=-/etc/kubernetes/manifests"]),
            // Of two settings for one directory systemd takes the stricter.
            (
                "remove: {paths: [/x]}", ["/"],
                ["CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER", "ProtectSystem=full"]
                    + [
                        "/bin", "/lib", "/lib64", "/media", "/mnt", "/nix", "/opt", "/sbin", "/srv", "/var", "/home",
                        "/root", "/run/user",
                    ]
                    .map { "ReadOnlyPaths=-\($0)" }
            ),
            ("exec: {command: ls, creates: /run/x}", ["/run"], ["TemporaryFileSystem="]),
            ("exec: {command: ls, creates: /run/x/y}", ["/run/x"], ["BindPaths=-/run/x"]),
            (
                "exec: {command: ls, creates: /root/x}", ["/root"],
                ["ProtectHome=no", "ReadOnlyPaths="]
                    + ["/dev/shm", "/home", "/run/user"].map { "ReadOnlyPaths=-\($0)" }
            ),
            ("exec: {command: ls, creates: /root/.kube/x}", ["/root/.kube"], ["ProtectHome=read-only"]),
            ("exec: {command: /home/x/s}", [], ["ProtectHome=read-only"]),
            (
                "exec: {command: ls, writes: [/]}", ["/"],
                ["ProtectSystem=no", "ProtectHome=no", "ReadOnlyPaths=", "TemporaryFileSystem="]
            ),
            (
                "file: {path: /etc/x, source: /tmp/y}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "BindReadOnlyPaths=-/tmp/y"]
            ),
            (
                "file: {path: /a/b, content: text, owner: etcd}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"]
            ),
            (
                "file: {path: /tmp/b, source: /root/x}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "ProtectHome=read-only", "PrivateTmp=no"]
            ),
            (
                "wait: {file: /run/x}", [],
                UnitUserTests.reader + ["TemporaryFileSystem=", "ReadOnlyPaths=-/run"]
            ),
            ("wait: {file: /var/x}", [], UnitUserTests.reader),
            (
                "exec: {command: ls, args: [\"--socket=unix:/run/a/b.sock\", /srv/run/c, /run/], reads: [/var/run/d, /run/d/e]}",
                [], ["BindReadOnlyPaths=-/run/d", "BindReadOnlyPaths=-/run/a/b.sock"]
            ),
            ("exec: {command: ls, reads: [/run/a/b], writes: [/run/a/]}", ["/run/a"], ["BindPaths=-/run/a"]),
            // The kubelet runs as root what is in there.
            (
                "exec: {command: ls, creates: /etc/kubernetes/x}", ["/etc/kubernetes"],
                ["ReadOnlyPaths=-/etc/kubernetes/manifests"]
            ),
            ("exec: {command: ls, creates: /etc/kubernetes/manifests/x}", ["/etc/kubernetes/manifests"], []),
            (
                "remove: {paths: [/etc/kubernetes/manifests], recursive: true}", ["/etc/kubernetes"],
                ["CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER"]
            ),
            // Every unit sees it.
            ("exec: {command: ls, args: [/run/nest-bootstrap/tasks]}", [], []),
            (
                "wait: {tcp: \"[fe80::1%eth0]:1\"}", [],
                ["User=nest-bootstrap", "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6"]
            ),
            (
                "wait: {tcp: \"192.0.2.1:1\"}", [],
                [
                    "User=nest-bootstrap", "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6",
                    "IPAddressDeny=any",
                    "IPAddressAllow=192.0.2.1",
                ]
            ),
            ("file: {path: /a/b, source: /dev/x}", [], ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"]),
            (
                "wait: {tcp: \"x:1\"}", [],
                ["User=nest-bootstrap", "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6"]
            ),
            ("exec: {command: ls, creates: /var/lib/x/made}", ["/var/lib/x"], []),
            ("exec: {command: ls, writes: [/var/lib/x/, /etc/y]}", ["/var/lib/x", "/etc/y"], []),
            (
                "exec: {command: ip, network: true, capabilities: [CAP_NET_ADMIN, CAP_SYS_MODULE]}", [],
                [
                    "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6",
                    "RestrictAddressFamilies=AF_NETLINK",
                    "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_MODULE", "SystemCallFilter=@privileged @resources",
                    "ProtectKernelModules=no", "SystemCallFilter=@module",
                ]
            ),
        ] as [(String, [String], [String])]
    )
    func `a unit may do what its verb does`(verb: String, written: [String], sandbox: [String]) throws {
        let files = try UnitsTests.files("tasks: {t: {\(verb)}}")
        let unit = try #require(files["k8s-bootstrap-t.service"]).split(separator: "\n")
        #expect(unit.filter { $0.hasPrefix("ReadWritePaths=") } == written.map { "ReadWritePaths=-\($0)" })
        let lines = files["k8s-bootstrap-t.service.d/50-privileges.conf"]?.split(separator: "\n").dropFirst(2) ?? []
        // These have tests of their own.
        let own = lines.filter { !$0.hasPrefix("InaccessiblePaths=") && !$0.contains("/run/systemd/journal/") }
        #expect(own.map(String.init) == sandbox)
    }
}
