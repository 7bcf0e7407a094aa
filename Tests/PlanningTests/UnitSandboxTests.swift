import Planning
import Testing

/// What the units of tasks may do and see.
@Suite(.timeLimit(.minutes(5))) struct UnitSandboxTests {
    /// The settings that hide what the program keeps for itself.
    private static let ofProgram = ["/var/lib/nest-bootstrap", "/var/lib/nest-bootstrap-products"].map {
        "TemporaryFileSystem=\($0):ro"
    }

    /// The settings of a unit that sees all of `/run`.
    private static let openRun = ["", "/var/lib:ro", "/run/nest-bootstrap-staged:ro"].map {
        "TemporaryFileSystem=\($0)"
    }

    /// The settings of a unit that sees nothing but the base system and what its task names.
    private static let emptyRoot = ["ProtectSystem=yes", "TemporaryFileSystem=/:ro", "MountAPIVFS=yes"]

    /// The settings that bind the base system.
    static var baseSystem: Set<String> {
        get throws {
            let files = try UnitsTests.files("tasks: {t: {exec: {command: ls, capabilities: [CAP_DAC_READ_SEARCH]}}}")
            let lines = files["k8s-bootstrap-t.service.d/50-privileges.conf"]?.split(separator: "\n") ?? []
            let binds = lines.filter { $0.hasPrefix("BindReadOnlyPaths=") }.map(String.init)
            // The task file is what every task names.
            return Set(binds + ["BindReadOnlyPaths=-/etc/nest-bootstrap/bootstrap.yaml"]).union(ofProducts).union(
                ofEmptyRoot
            )
        }
    }

    @Test(arguments: ["admin.conf", "pki/ca.key"])
    func `a unit sees the file that its task writes, also if other units do not`(name: String) throws {
        let credentials = "certificate: /c, key: /run/k, certificateAuthority: /ca"
        let text = """
            tasks:
              k: {kubeconfig: {path: /etc/kubernetes/\(name), user: u, server: "https://x", \(credentials)}}
              f: {file: {path: /etc/kubernetes/\(name), content: x, mode: "0600"}}
              d: {decrypt: {path: /etc/kubernetes/\(name), source: /s.age, identity: /etc/ssh/host.key}}
              other: {kubeconfig: {path: /etc/kubernetes/other.conf, user: u, server: "https://x", \(credentials)}}

            """
        for task in ["k", "f", "d"] {
            // Each alone, because no two tasks may write one file.
            let lines = text.split(separator: "\n").filter { line in
                !["k", "f", "d"].contains { $0 != task && line.hasPrefix("  \($0): ") }
            }
            let settings = try UnitsTests.settings(lines.joined(separator: "\n") + "\n")
            let hides = { (task: String) in
                settings(task).contains("InaccessiblePaths=-/etc/kubernetes/\(name)")
                    || settings(task).contains("InaccessiblePaths=-+/etc/kubernetes/\(name)")
                    || settings(task).contains("TemporaryFileSystem=/etc/kubernetes/pki:ro") && name.contains("pki")
            }
            #expect(!hides(task), "\(task)")
            #expect(hides("other"), "\(task)")
        }
    }

    /// The settings of every unit that only makes products, and of every unit before there is a cluster.
    static let ofProducts: Set = [
        "BindReadOnlyPaths=", "BindReadOnlyPaths=/run/nest-bootstrap", "BindReadOnlyPaths=-/run/nscd -/var/lib/sss",
        "BindReadOnlyPaths=-/run/systemd/journal/socket -/run/systemd/notify", "ProcSubset=pid",
        "InaccessiblePaths=-/sys", "InaccessiblePaths=-/etc/kubernetes",
    ]

    /// The settings of every unit whose root directory is empty.
    private static let ofEmptyRoot: Set = [
        "RootDirectory=/run/systemd/system", "ReadOnlyPaths=-+/dev/shm", "InaccessiblePaths=-+/sys",
        "InaccessiblePaths=-+/etc/ssl/private",
    ]

    @Test(
        arguments: [
            ("exec: {command: ls, reads: [/srv/own]}", true), ("file: {path: /srv/a, source: /etc/b}", true),
            ("exec: {command: ls, reads: [/run]}", false),
            ("exec: {command: ls, reads: [/run/systemd/system/a]}", false),
            ("exec: {command: ls}", false),
        ]
    )
    func `an empty root directory is empty from the start, unless the task names where it is`(
        verb: String,
        isFromStart: Bool
    ) throws {
        let lines = try Self.lines(verb)
        #expect(lines.contains("RootDirectory=/run/systemd/system") == isFromStart)
        // systemd ignores paths of the node below another root.
        let paths = lines.filter { $0.hasPrefix("InaccessiblePaths=-") || $0.hasPrefix("ReadOnlyPaths=-") }
        #expect(paths.allSatisfy { $0.contains("=-+/") == isFromStart }, "\(paths)")
        #expect(lines.contains("ReadOnlyPaths=-+/dev/shm") == isFromStart)
    }

    @Test(arguments: [
        "file: {path: /srv/a, content: x}", "symlink: {path: /run/a, target: /b}", "directory: {path: /a}",
    ])
    func `a unit that runs no program and uses no network sees nothing of the kernel`(verb: String) throws {
        let lines = try Self.lines(verb)
        #expect(Self.ofProducts.subtracting(lines) == [])
        // The settings of the drop-in are undone before the unit has its own.
        #expect(lines.firstIndex(of: "BindReadOnlyPaths=") == lines.firstIndex { $0.hasPrefix("BindReadOnlyPaths=") })
        #expect(lines.last == "InaccessiblePaths=-/sys")
    }

    @Test(
        arguments: [
            ("file: {path: /srv/a, source: /sys/x}", false),
            ("file: {path: /srv/a, source: /proc/cmdline}", false),
            ("exec: {command: ls}", false), ("wait: {tcp: \"h:1\"}", false),
            ("file: {path: /sysroot/x, content: x}", true),
        ]
    )
    func `a unit sees the kernel if its task may need it`(verb: String, isHidden: Bool) throws {
        let lines = try Self.lines(verb)
        for line in ["ProcSubset=pid", "InaccessiblePaths=-/sys"] { #expect(lines.contains(line) == isHidden) }
    }

    @Test(arguments: ["", ", reads: [/etc/kubernetes/x]", ", writes: [/etc/]", ", writes: [/etc/kubernetes/]"])
    func `where there is no cluster yet its directory is hidden, or else its keys are`(names: String) throws {
        let lines = try Self.lines("exec: {command: ls\(names)}")
        let whole = lines.contains("InaccessiblePaths=-/etc/kubernetes")
        #expect(whole == names.isEmpty)
        for name in ["admin.conf", "pki", "kubelet.conf"] where !lines.contains("TemporaryFileSystem=/:ro") {
            #expect(lines.contains("InaccessiblePaths=-/etc/kubernetes/\(name)") != whole, "\(name)")
        }
    }

    /// The lines of the file that the unit of a task has in addition.
    private static func lines(_ verb: String) throws -> [String] {
        try UnitsTests.settings("tasks: {t: {\(verb)}}")("t")
    }

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
        let lines = try UnitsTests.settings(text)
        let hidden = { (task: String) in
            lines(task).filter { $0.hasPrefix("InaccessiblePaths=-") }
                .map { String($0.dropFirst(19)).replacing("+", with: "") }
        }
        let emptied = { (task: String) in
            lines(task).filter { $0.hasPrefix("TemporaryFileSystem=") }.map { String($0.dropFirst(20)) }
        }
        // With the capability to read everything a unit sees nothing that its task does not name, or that is not beside what
        // it writes.
        for (task, others) in [("a", ["/etc/b.conf", "/etc/pki/own.key"]), ("copy", []), ("script", [])] {
            #expect(emptied(task) == ["/:ro"], "\(task)")
            #expect(
                hidden(task).filter { $0.hasPrefix("/etc/a") || $0.hasPrefix("/etc/b") || $0.hasSuffix("n.key") }
                    == others
            )
        }
        // The files in directories that every unit needs. The drop-in of all units empties /run.
        let ofAll = ["/etc/kubernetes", "/sys"]
        #expect(
            hidden("open").filter { !ofAll.contains($0) } == [
                "/etc/a.conf", "/etc/b.conf", "/etc/pki/own.key", "/root/foreign",
            ]
        )
        // The user of the unit cannot read what is root's alone.
        #expect(hidden("uses-a").contains("/etc/kubernetes"))
        #expect(hidden("uses-a").filter { $0.hasSuffix(".key") || $0.hasSuffix("foreign") }.contains("/root/foreign"))
        #expect(hidden("uses-a").contains("/etc/shadow") == false)
        // Whose kubeconfig no task makes may need any of them.
        #expect(hidden("foreign").filter { $0.hasPrefix("/etc/kubernetes") } == [])
        #expect(!lines("foreign").contains("InaccessiblePaths="))
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
        let lines = try UnitsTests.settings(text)
        // The drop-in of all units empties /run.
        #expect(!lines("script").contains { $0.contains("agenix") })
        #expect(lines("script").contains("InaccessiblePaths=-/etc/admin.conf"))
        #expect(lines("script").contains("InaccessiblePaths=") == false)
        let named = lines("reader").filter { $0.contains("=-/run/") && !$0.contains("/journal/") }
        #expect(named == ["BindReadOnlyPaths=-/run/agenix/other", "BindReadOnlyPaths=-/run/dbus"])
        for task in ["reader", "waiter"] {
            #expect(lines(task).contains("InaccessiblePaths="))
            #expect(lines(task).contains("InaccessiblePaths=-/run/dbus") == false)
        }
        // All three files to which the kubeconfig refers, and nothing else of the control plane's keys.
        for task in ["admin", "apply"] {
            #expect(lines(task).contains("InaccessiblePaths="))
            #expect(lines(task).contains("TemporaryFileSystem=/etc/kubernetes/pki:ro"))
            let seen = lines(task).filter { $0.contains("Paths=") && ($0.contains("agenix") || $0.contains("tes/pki")) }
            let files = ["/etc/kubernetes/pki/a.crt", "/etc/kubernetes/pki/ca.crt", "/run/agenix/a.key"]
            #expect(Set(seen) == Set(files.map { "BindReadOnlyPaths=-\($0)" }), "\(task)")
        }
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
              kmsg: {exec: {command: ls, reads: [/dev/kmsg]}}
            """
        let lines = try UnitsTests.settings(text)
        #expect(lines("uses").contains("ProtectHome=read-only"))
        #expect(lines("uses").contains("BindReadOnlyPaths=-/tmp/k/c"))
        #expect(lines("made").contains { $0.contains("/etc/t/") } == false)
        #expect(lines("device").contains("PrivateDevices=no"))
        #expect(!lines("device").contains { $0.hasPrefix("DeviceAllow=") })
        #expect(lines("kmsg").contains("DeviceAllow=/dev/kmsg r"))
        #expect(lines("bus").contains("InaccessiblePaths=-/run/dbus") == false)
    }

    @Test(
        arguments: [
            // What the agent makes is put in place after the unit.
            ("symlink: {path: /opt/cni/bin/x, target: /y}", [], []),
            ("file: {path: /etc/x, content: text, mode: \"4755\"}", [], []),
            ("symlink: {path: /run/x, target: /y}", [], openRun + ["ReadOnlyPaths=-/run"]),
            ("symlink: {path: /run/x/y, target: /y}", [], ["BindReadOnlyPaths=-/run/x"]),
            ("file: {path: /root/x, content: text}", [], ["ProtectHome=read-only"]),
            ("directory: {path: /home}", [], ["ProtectHome=read-only"]),
            (
                "directory: {path: /srv/x, owner: etcd}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"] + emptyRoot + ["BindReadOnlyPaths=-/srv"]
            ),
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
            ("exec: {command: ls, creates: /run/x}", ["/run"], openRun),
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
                [
                    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "ProtectSystem=no", "ProtectHome=no", "ReadOnlyPaths=",
                    "TemporaryFileSystem=", "TemporaryFileSystem=/run/nest-bootstrap-staged:ro",
                ] + ofProgram
            ),
            // The kernel's other settings stay as they are.
            (
                "exec: {command: ls, writes: [/proc/sys/vm/swappiness, /sys/kernel/mm/]}",
                ["/proc/sys/vm/swappiness", "/sys/kernel/mm"], []
            ),
            (
                "exec: {command: ls, writes: [/sys/]}", ["/sys"],
                ["ProtectKernelTunables=no"]
                    + [
                        "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr", "/proc/sys",
                        "/proc/sysrq-trigger",
                    ]
                    .map { "ReadOnlyPaths=-\($0)" }
            ),
            // Nobody opens a device that he does not name.
            (
                "exec: {command: ls, capabilities: [CAP_NET_ADMIN], writes: [/dev/loop0, /dev/mapper/]}",
                ["/dev/loop0", "/dev/mapper"],
                [
                    "CapabilityBoundingSet=CAP_NET_ADMIN", "SystemCallFilter=@privileged @resources",
                    "RestrictAddressFamilies=AF_NETLINK", "SystemCallFilter=~open_by_handle_at", "PrivateDevices=no",
                    "DevicePolicy=closed", "DeviceAllow=/dev/loop0 rw", "DeviceAllow=char-* rw",
                    "DeviceAllow=block-* rw",
                ]
            ),
            ("wait: {file: /dev/x}", [], UnitUserTests.reader + ["PrivateDevices=no", "DevicePolicy=closed"]),
            (
                "file: {path: /etc/x, source: /tmp/y}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "BindReadOnlyPaths=-/tmp/y"] + emptyRoot
                    + ["BindReadOnlyPaths=-/etc"]
            ),
            (
                "file: {path: /a/b, content: text, owner: etcd}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"] + emptyRoot + ["BindReadOnlyPaths=-/a"]
            ),
            (
                "file: {path: /tmp/b, source: /root/x}", [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "ProtectHome=read-only", "PrivateTmp=no"] + emptyRoot
                    + ["BindReadOnlyPaths=-/root/x", "BindReadOnlyPaths=-/tmp"]
            ),
            ("wait: {file: /run/x}", [], UnitUserTests.reader + openRun + ["ReadOnlyPaths=-/run"]),
            (
                "exec: {command: ls, args: [\"--socket=unix:/run/a/b.sock\", /srv/run/c, /run/], reads: [/var/run/d, /run/d/e]}",
                [],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"] + emptyRoot
                    + ["/run/d", "/var/run/d", "/run/a/b.sock", "/srv/run/c"].map { "BindReadOnlyPaths=-\($0)" }
            ),
            (
                "exec: {command: ls, reads: [/run/a/b], writes: [/run/a/]}", ["/run/a"],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"] + emptyRoot + ["BindPaths=-/run/a"]
            ),
            // The kubelet runs as root what is in there.
            (
                "exec: {command: ls, creates: /etc/kubernetes/x}", ["/etc/kubernetes"],
                ["ReadOnlyPaths=-/etc/kubernetes/manifests"]
            ),
            (
                "exec: {command: ls, creates: /etc/kubernetes/manifests/x}", ["/etc/kubernetes/manifests"],
                ["TemporaryFileSystem=/etc/kubernetes:ro", "BindPaths=-/etc/kubernetes/manifests"]
            ),
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
            (
                "exec: {command: ls, writes: [/var/lib/x/, /etc/y]}", ["/var/lib/x", "/etc/y"],
                ["BindPaths=-/var/lib/x"]
            ),
            (
                "exec: {command: ip, network: true, capabilities: [CAP_NET_ADMIN, CAP_SYS_MODULE]}", [],
                [
                    "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6",
                    "RestrictAddressFamilies=AF_NETLINK",
                    "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_MODULE", "SystemCallFilter=@privileged @resources",
                    "ProtectKernelModules=no", "SystemCallFilter=@module", "SystemCallFilter=~open_by_handle_at",
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
        let base = lines.contains("TemporaryFileSystem=/:ro") ? try Self.baseSystem : Self.ofProducts
        #expect(own.map(String.init).filter { !base.contains($0) } == sandbox)
    }
}
