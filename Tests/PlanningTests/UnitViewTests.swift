import Planning
import Testing

/// The paths that units see in directories that are closed to them.
@Suite(.timeLimit(.minutes(5))) struct UnitViewTests {
    @Test func `a key that does not exist yet, or is replaced, is out of sight`() throws {
        let text = """
            tasks:
              issued:
                certificate:
                  path: /etc/web/tls.crt
                  key: /etc/web/tls.key
                  leaf: {commonName: web, names: [localhost], usages: [server auth], key: ecdsa-p256}
                  ca: {certificate: /etc/web/ca.crt, key: /etc/ssl/private/ca.key}
              kubeconfig:
                kubeconfig: {path: /etc/kubernetes/a.conf, user: u, certificate: /c, key: /k, certificateAuthority: /ca,
                  server: "https://x"}
              other: {exec: {command: ls}}
              uses: {exec: {command: cat, args: [/etc/web/tls.crt, /var/lib/x/y]}}
              writes: {exec: {command: ls, writes: [/etc/web/]}}
              everywhere: {exec: {command: ls, writes: [/]}}
            """
        let files = try UnitsTests.files(text)
        let settings = try UnitsTests.settings(text)
        let lines = { (task: String) in
            settings(task).filter {
                $0.hasPrefix("TemporaryFileSystem=") || $0.hasPrefix("Bind") && !$0.contains("/journal/")
            }
        }
        #expect(lines("other") == ["TemporaryFileSystem=/etc/kubernetes:ro", "TemporaryFileSystem=/etc/web:ro"])
        #expect(lines("uses").filter { $0.contains("/etc/web") } == ["BindReadOnlyPaths=-/etc/web/tls.crt"])
        #expect(lines("uses").contains("BindReadOnlyPaths=-/var/lib/x/y"))
        #expect(lines("writes") == ["TemporaryFileSystem=/etc/kubernetes:ro"])
        let staged = "TemporaryFileSystem=/run/nest-bootstrap-staged:ro"
        let ofProgram = ["", "-products"].map { "TemporaryFileSystem=/var/lib/nest-bootstrap\($0):ro" }
        #expect(lines("everywhere") == ["TemporaryFileSystem=", "TemporaryFileSystem=/etc/web:ro", staged] + ofProgram)
        // Products are kept where other units see nothing.
        let directories = "RuntimeDirectory=nest-bootstrap/tasks/issued nest-bootstrap-staged/issued\n"
        #expect(files["k8s-bootstrap-issued.service"]?.contains(directories) == true)
    }

    @Test(
        arguments: [
            ("exec: {command: ls}", false), ("exec: {command: ls, args: [/etc/x]}", false),
            ("exec: {command: ls, reads: [/etc/keys/own.key]}", true),
            ("exec: {command: ls, args: [--key=/run/agenix/own.key]}", true),
            ("exec: {command: ls, args: [/etc/kubernetes/pki/own.key]}", true),
            ("exec: {command: ls, args: [/run/a/b.sock], reads: [/run/containerd/containerd.sock]}", false),
            ("exec: {command: ls, args: [/run/own/made], writes: [/run/own/]}", false),
            ("exec: {command: ls, environment: {KUBECONFIG: /srv/own.conf}}", false),
            ("exec: {command: ls, environment: {KUBECONFIG: /srv/k/made.conf}}", true),
            ("exec: {script: /etc/own.sh, writes: [/]}", true),
            ("exec: {command: ls, capabilities: [CAP_SYS_ADMIN]}", false),
            ("exec: {command: ls, capabilities: [CAP_DAC_READ_SEARCH]}", true),
            ("exec: {command: ls, capabilities: [CAP_NET_ADMIN], reads: [/etc/keys/own.key]}", true),
        ]
    )
    func `a program reads what its task names, of any owner, and nothing by a handle`(
        verb: String,
        reads: Bool
    ) throws {
        let made =
            "made: {kubeconfig: {path: /srv/k/made.conf, user: u, certificate: /c, key: /k, certificateAuthority: /ca,"
        let lines = try UnitsTests.settings("tasks:\n  \(made) server: \"https://x\"}}\n  t: {\(verb)}\n")("t")
        let capabilities = lines.first { $0.hasPrefix("CapabilityBoundingSet=") } ?? ""
        #expect(capabilities.contains("CAP_DAC_READ_SEARCH") == reads)
        // Elsewhere only the drop-in of all units says which calls there are, and it denies this one.
        let calls = lines.filter { $0.hasPrefix("SystemCallFilter=") }
        #expect(calls.isEmpty || calls.last == "SystemCallFilter=~open_by_handle_at")
        #expect(calls.isEmpty == !verb.contains("CAP_") || capabilities == "CapabilityBoundingSet=CAP_DAC_READ_SEARCH")
        let isEmptied = lines.contains("TemporaryFileSystem=/:ro")
        #expect(isEmptied == (reads && !verb.contains("[/]")))
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
                return text.split(separator: "\n").filter { $0.hasPrefix("BindReadOnlyPaths=-") && !$0.contains(" ") }
                    .map {
                        String($0.dropFirst(19))
                    }
            }
        }
        let copied = ["/run/agenix/a", "/run/agenix.d/1/a", "/run/site/b.yaml"]
        #expect(binds("copy").filter { $0.hasPrefix("/run/") } == copied)
        // A program writes to the journal by itself.
        let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]
        #expect(binds("net") == ["/run/site/b.yaml", "/run/netconfig/resolv.conf"] + journal)
    }

    @Test func `a kubeconfig that no task writes may refer to anything in run`() throws {
        let text = "tasks: {t: {apply: {kubeconfig: /root/foreign, manifests: [/m]}}}"
        let drop = try #require(try UnitsTests.files(text)["k8s-bootstrap-t.service.d/50-privileges.conf"])
        let staged = "TemporaryFileSystem=/run/nest-bootstrap-staged:ro"
        #expect(drop.contains("\nTemporaryFileSystem=\n\(staged)\nReadOnlyPaths=-/run\n"))
    }

    @Test func `a task with a file of the cluster's keys does not see the keys of the control plane`() throws {
        let text = "tasks: {t: {file: {path: /etc/kubernetes/pki/ca.crt, source: /run/agenix/ca.crt}}}"
        let drop = try #require(try UnitsTests.files(text)["k8s-bootstrap-t.service.d/50-privileges.conf"])
        let lines = drop.split(separator: "\n").map(String.init)
        #expect(!lines.contains { $0.hasSuffix("/etc/kubernetes/pki") && $0.hasPrefix("Inaccessible") })
        for name in ["ca.key", "sa.key", "etcd"] {
            #expect(lines.contains("InaccessiblePaths=-+/etc/kubernetes/pki/\(name)"))
        }
        #expect(lines.contains("BindReadOnlyPaths=-/etc/kubernetes/pki"))
        #expect(lines.contains("BindReadOnlyPaths=-/run/agenix/ca.crt"))
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
            // The drop-in of all units empties these.
            let isEmptied = key.hasPrefix("/run/") || key.hasPrefix("/var/lib/")
            let others = ["InaccessiblePaths=-/etc/a.conf"] + (isEmptied ? [] : ["InaccessiblePaths=-\(key)"])
            let own = hidden.map(String.init).filter { !UnitSandboxTests.ofProducts.contains($0) }
            #expect(Set(own.filter { $0.hasPrefix("InaccessiblePaths=") }) == Set(others), "\(key)")
            #expect(!hidden.contains { $0.hasPrefix("TemporaryFileSystem=") }, "\(key)")
        }
        call.taskFiles = ["/root/b.yaml"]
        let files = try UnitsTests.files(text.replacing("KEY", with: "/root/k/a.key"), call)
        #expect(files["k8s-bootstrap-b.service.d/50-privileges.conf"]?.contains("ProtectHome=read-only") == true)
    }

    /// The settings of a task's unit that say what it sees, without the base system.
    static func view(of task: String, among tasks: String, links: [String: [String]] = [:]) throws -> [String] {
        let files = try declarations("tasks:\n\(tasks)\n  t: {\(task)}\n").plan.units(UnitsTests.call) {
            links[$0] ?? []
        }
        let drop = files.first { $0.path == "k8s-bootstrap-t.service.d/50-privileges.conf" }
        guard case .text(let text)? = drop?.content else { return [] }
        let base = try UnitSandboxTests.baseSystem
        return text.split(separator: "\n").map(String.init).filter { line in
            let isOfView = line.hasPrefix("TemporaryFileSystem=") || line.contains("Paths=")
            return isOfView && !base.contains(line) && !line.contains("/journal/") && line != "InaccessiblePaths="
        }
    }

    static func secret(_ name: String, _ path: String) -> String {
        "  \(name): {file: {path: \"\(path)\", content: x, mode: \"0600\"}}"
    }

    @Test func `a secret in a directory of programs is out of sight of a unit that may read everything`() throws {
        let secrets = [Self.secret("a", "/opt/keys/tls.key"), Self.secret("b", "/opt/app/sub/keys/tls.key")]
        let lines = try Self.view(of: "exec: {command: ls, reads: [/srv/own]}", among: secrets.joined(separator: "\n"))
        #expect(
            lines == [
                "TemporaryFileSystem=/:ro", "TemporaryFileSystem=/opt/app/sub/keys:ro",
                "TemporaryFileSystem=/opt/keys:ro",
                "BindReadOnlyPaths=-/srv/own",
            ]
        )
    }

    @Test(
        arguments: [
            // A pattern names no directory below the one that it is in.
            ("preStart: \"cat /opt/app/*.conf\", command: ls", true), ("command: ls, args: [/opt/app/sub/keys]", false),
            ("command: ls, args: [/opt/app/sub/keys-old/x]", true), ("command: ls, args: [/x/opt/app/sub/keys]", true),
            ("command: ls, args: [/opt/app/sub/keys/tls.key.pub]", true), ("command: ls, writes: [/opt/]", true),
            ("command: ls, writes: [/]", true), ("command: ls, writes: [/opt/app/sub/keys/]", false),
            ("command: ls, reads: [/opt/app]", false),
        ]
    )
    func `only a task that names a directory of secrets sees the whole of it`(fields: String, isClosed: Bool) throws {
        let lines = try Self.view(of: "exec: {\(fields)}", among: Self.secret("a", "/opt/app/sub/keys/tls.key"))
        #expect(lines.contains("TemporaryFileSystem=/opt/app/sub/keys:ro") == isClosed, "\(lines)")
        #expect(!lines.contains("BindReadOnlyPaths=-/opt/app/sub/keys/tls.key"), "\(lines)")
    }

    @Test(arguments: ["/var/lib/etcd-backup/a.tgz", "/etc/ssh_known_hosts", "/srv/etc/shadow", "/etc/app/tls.key.pub"])
    func `a name that begins or ends as that of a secret is not its name`(path: String) throws {
        let lines = try Self.view(
            of: "exec: {command: ls, args: [\(path)], writes: [/var/lib/etcd-backup/]}",
            among: Self.secret("a", "/etc/app/tls.key")
        )
        let ofSecrets = ["/var/lib/etcd", "/etc/ssh", "/etc/shadow", "/etc/app/tls.key", "/etc/app"].map { "-\($0)" }
        #expect(
            !lines.contains { line in line.hasPrefix("Bind") && ofSecrets.contains { line.hasSuffix($0) } },
            "\(lines)"
        )
        // A file beside a secret may belong to the same owner.
        #expect(lines.contains("TemporaryFileSystem=/:ro") == path.hasPrefix("/etc/app/"))
    }

    @Test func `a secret is hidden where a link leads, too`() throws {
        let key =
            "  a: {kubeconfig: {path: /etc/a.conf, user: u, certificate: /c, key: /etc/lk/client.key, "
            + "certificateAuthority: /ca, server: \"https://x\"}}"
        let links = ["/etc/lk/client.key": ["/persist/real/client.key"]]
        let lines = try Self.view(of: "exec: {command: ls}", among: key, links: links)
        #expect(Set(lines) == Set(["/etc/a.conf", "/etc/lk", "/persist/real"].map { "InaccessiblePaths=-\($0)" }))
    }

    @Test func `a program that may write everywhere sees no secret of another task`() throws {
        let secrets = [
            "/etc/loose.key", "/srv/loose.key", "/etc/x.d/tls.key", "/etc/kubernetes/t.key", "/opt/k/tls.key",
        ]
        let tasks = secrets.enumerated().map { Self.secret("s\($0)", $1) }.joined(separator: "\n")
        let lines = try Self.view(of: "exec: {command: ls, writes: [/]}", among: tasks)
        for path in ["/etc/loose.key", "/srv/loose.key", "/etc/x.d/tls.key", "/etc/kubernetes/t.key"] {
            #expect(lines.contains("InaccessiblePaths=-\(path)"), "\(path)")
        }
        #expect(lines.contains("TemporaryFileSystem=/opt/k:ro"))
    }

    @Test func `a directory with a colon is hidden, as systemd cannot empty it, and a file in it is bound`() throws {
        let secret = Self.secret("a", "/opt/a:b/tls.key")
        #expect(try Self.view(of: "exec: {command: ls}", among: secret) == ["InaccessiblePaths=-/opt/a:b"])
        let named = try Self.view(of: "exec: {command: ls, reads: [\"/run/c:d/x\"]}", among: secret)
        #expect(named.contains("BindReadOnlyPaths=\"-/run/c:d/x\""))
    }

    @Test func `products that are not in place yet are shown to no unit, and many secrets open no directory`() throws {
        let run = try Self.view(of: "exec: {command: ls, reads: [/run]}", among: "  a: {exec: {command: ls}}")
        #expect(run.contains("TemporaryFileSystem=/run/nest-bootstrap-staged:ro"))
        let many = (0..<300).map { Self.secret("s\($0)", "/etc/c\($0)/k/tls.key") }.joined(separator: "\n")
        let lines = try Self.view(of: "exec: {command: ls}", among: many)
        // The drop-in of all units applies.
        #expect(!lines.contains("TemporaryFileSystem="))
        #expect(lines.count == 256)
    }

    @Test func `a backslash, which systemd would take out twice, is hidden as a colon`() throws {
        let secret = #"  a: {file: {path: '/opt/a\b/tls.key', content: x, mode: "0600"}}"#
        #expect(
            try Self.view(of: "exec: {command: ls}", among: secret) == [#"InaccessiblePaths="-/opt/a\\b""#]
        )
    }

    @Test(arguments: [
        ("/etc/wireguard/wg0.conf", "/etc/wireguard"), ("/etc/ssl/private/sub/a.key", "/etc/ssl/private"),
        ("/etc/credstore/a", "/etc/credstore"),
    ])
    func `a directory that the drop-in hides is closed before a task creates it`(path: String, closed: String) throws {
        let lines = try Self.view(of: "exec: {command: ls}", among: Self.secret("a", path))
        #expect(lines.contains("TemporaryFileSystem=\(closed):ro"), "\(lines)")
        #expect(!lines.contains("InaccessiblePaths=-\(closed)"), "\(lines)")
        // The rest of the drop-in's list.
        #expect(lines.contains("InaccessiblePaths=-/etc/shadow"), "\(lines)")
    }

    @Test func `who writes around the directory of the cluster's keys sees none, also before they exist`() throws {
        let secret = Self.secret("a", "/etc/kubernetes/pki/x.key")
        let lines = try Self.view(of: "exec: {command: ls, creates: /etc/kubernetes/x}", among: secret)
        #expect(lines.contains("TemporaryFileSystem=/etc/kubernetes/pki:ro"), "\(lines)")
    }

    @Test(arguments: [
        ("/opt/vend/a/b/key", ["/opt/vend/a"]), ("/opt/vend/a/key", []),
        ("/opt/vend/a/b/c/key", ["/opt/vend/a", "/opt/vend/a/b"]),
    ])
    func `a directory above a secret cannot be renamed`(secret: String, pinned: [String]) throws {
        let lines = try Self.view(
            of: "exec: {command: ls, writes: [/opt/vend/]}",
            among: Self.secret("a", secret)
        )
        #expect(lines.filter { $0.hasPrefix("BindPaths=") } == pinned.map { "BindPaths=-\($0)" })
        #expect(
            try Self.view(of: "exec: {command: ls, writes: [/]}", among: Self.secret("a", secret))
                .contains {
                    $0.hasPrefix("BindPaths=")
                } == false
        )
    }

    @Test func `a link that a program may have made opens nothing`() throws {
        let links = [
            "/etc/app/token": ["/etc/caprivate/ca.key"], "/etc/app": ["/data/app"], "/etc/other/token": ["/srv/other"],
        ]
        let lines = try Self.view(
            of: "exec: {command: ls, reads: [/etc/app/token, /etc/other/token]}",
            among: "  maker: {exec: {command: ls, creates: /etc/app/done}}",
            links: links
        )
        let bound = ["/data/app/token", "/etc/app/token", "/etc/other/token", "/srv/other"]
        #expect(lines.filter { $0.hasPrefix("Bind") }.sorted() == bound.map { "BindReadOnlyPaths=-\($0)" })
    }

    @Test func `state and secrets behind a link to another disk are out of sight`() throws {
        let links = [
            "/var/lib/site/keys/a.key": ["/data/site/keys/a.key"], "/var/lib/rancher": ["/data/rancher"],
            "/var/lib/etcd": ["/data"],
        ]
        let secret = Self.secret("a", "/var/lib/site/keys/a.key")
        let lines = try Self.view(of: "exec: {command: ls}", among: secret, links: links)
        #expect(lines == ["TemporaryFileSystem=/data/site/keys:ro", "InaccessiblePaths=-/data/rancher"])
    }

    @Test func `a program that ignores the permissions of files sees only what its task names`() throws {
        let task = "exec: {command: ls, capabilities: [CAP_DAC_OVERRIDE], reads: [/srv/own]}"
        #expect(
            try Self.view(of: task, among: "  a: {exec: {command: ls}}").contains("TemporaryFileSystem=/:ro")
        )
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
        let settings = try UnitsTests.settings("tasks:\n\(text.joined(separator: "\n"))")
        let lines = { (task: String) in settings(task).filter { $0.hasPrefix("IPAddress") } }
        #expect(lines("uses-v4") == ["IPAddressDeny=any", "IPAddressAllow=127.0.0.1"])
        #expect(lines("uses-v6") == ["IPAddressDeny=any", "IPAddressAllow=fd00::1"])
        #expect(lines("uses-name") == [])
    }
}
