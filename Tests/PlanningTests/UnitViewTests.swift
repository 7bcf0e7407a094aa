import Planning
import Testing

/// What the units of tasks see of directories that are closed to them.
@Suite(.timeLimit(.minutes(30))) struct UnitViewTests {
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
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n")
                .filter { $0.hasPrefix("TemporaryFileSystem=") || $0.hasPrefix("Bind") && !$0.contains("/journal/") }
                .map(String.init)
        }
        #expect(lines("other") == ["TemporaryFileSystem=/etc/kubernetes:ro", "TemporaryFileSystem=/etc/web:ro"])
        #expect(lines("uses").filter { $0.contains("/etc/web") } == ["BindReadOnlyPaths=-/etc/web/tls.crt"])
        #expect(lines("uses").contains("BindReadOnlyPaths=-/var/lib/x/y"))
        #expect(lines("writes") == ["TemporaryFileSystem=/etc/kubernetes:ro"])
        let staged = "TemporaryFileSystem=/run/nest-bootstrap-staged:ro"
        #expect(lines("everywhere") == ["TemporaryFileSystem=", "TemporaryFileSystem=/etc/web:ro", staged])
        // What a unit has made is kept where the others do not look.
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
        let files = try UnitsTests.files("tasks:\n  \(made) server: \"https://x\"}}\n  t: {\(verb)}\n")
        let lines = (files["k8s-bootstrap-t.service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(
            String.init
        )
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
                return text.split(separator: "\n").filter { $0.hasPrefix("BindReadOnlyPaths=-") }.map {
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
        #expect(!lines.contains("InaccessiblePaths=-/etc/kubernetes/pki"))
        for name in ["ca.key", "sa.key", "etcd"] {
            #expect(lines.contains("InaccessiblePaths=-/etc/kubernetes/pki/\(name)"))
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
            #expect(Set(hidden.filter { $0.hasPrefix("InaccessiblePaths=") }) == Set(others.map { $0[...] }), "\(key)")
            #expect(!hidden.contains { $0.hasPrefix("TemporaryFileSystem=") }, "\(key)")
        }
        call.taskFiles = ["/root/b.yaml"]
        let files = try UnitsTests.files(text.replacing("KEY", with: "/root/k/a.key"), call)
        #expect(files["k8s-bootstrap-b.service.d/50-privileges.conf"]?.contains("ProtectHome=read-only") == true)
    }
}
