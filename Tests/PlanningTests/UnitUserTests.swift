import Base
import Planning
import Testing

/// Which user the units of tasks run as, and how they get at their credentials.
@Suite(.timeLimit(.minutes(5))) struct UnitUserTests {
    private static let kubeconfig = """
          admin:
            kubeconfig: {path: /etc/k/cluster-admin.conf, user: u, certificate: /run/a/u.crt, key: /run/a/u.key,
              certificateAuthority: /run/a/ca.crt, server: "https://x"}
        """

    /// The settings of a task's unit that say who it is, in their order.
    private func settings(
        _ task: String,
        isReadableByAll: (String) -> Bool = { _ in true },
        _ call: ProgramInvocation = UnitsTests.call,
    ) throws -> [String] {
        let plan = try declarations("tasks:\n\(Self.kubeconfig)\n  t: {after: [admin], \(task)}").plan
        let files = plan.units(call, isReadableByAll: isReadableByAll)
        let drop = files.first { $0.path == "k8s-bootstrap-t.service.d/50-privileges.conf" }
        guard case .text(let text)? = drop?.content else { return [] }
        let keys = ["User=", "AmbientCapabilities=", "CapabilityBoundingSet=", "LoadCredential=", "SetCredential="]
        return text.split(separator: "\n").map(String.init).filter { line in keys.contains { line.hasPrefix($0) } }
    }

    private static let credentials = [
        ("etc-k-cluster\\\\x2dadmin.conf", "/etc/k/cluster-admin.conf"), ("run-a-ca.crt", "/run/a/ca.crt"),
        ("run-a-u.crt", "/run/a/u.crt"), ("run-a-u.key", "/run/a/u.key"),
    ]
    .flatMap { ["LoadCredential=\($0):\($1)", "SetCredential=\($0):\(missingCredential)"] }

    /// The settings of a unit that may read every file.
    static let reader = [
        "User=nest-bootstrap", "AmbientCapabilities=CAP_DAC_READ_SEARCH", "CapabilityBoundingSet=CAP_DAC_READ_SEARCH",
    ]

    @Test(
        arguments: [
            "apply: {manifests: [/m]}", "wait: {apiServer: true}",
            "wait: {object: {apiVersion: v1, kind: Node, name: web}}",
            "remove: {objects: [{apiVersion: v1, kind: Pod, name: web, namespace: d}]}",
        ]
    )
    func `a task that only talks to the API server gets its credentials from systemd and no capability`(
        task: String
    ) throws {
        #expect(try settings(task) == ["User=nest-bootstrap"] + Self.credentials)
    }

    @Test(arguments: ["wait: {tcp: \"a:1\"}", "wait: {unit: a.service}", "wait: {url: \"https://a\"}"])
    func `a task without credentials gets neither these nor a capability`(task: String) throws {
        #expect(try settings(task) == ["User=nest-bootstrap"])
    }

    @Test(
        arguments: [
            "symlink: {path: /x/y, target: z}", "directory: {path: /x/y}", "exec: {command: ls}",
            "file: {path: /x/y, content: z}",
            "remove: {paths: [/x/y], objects: [{apiVersion: v1, kind: Node, name: web}]}",
        ]
    )
    func `a task that changes the node or runs a program is of root`(task: String) throws {
        let settings = try settings(task)
        #expect(settings.contains { $0.hasPrefix("User=") || $0.hasPrefix("LoadCredential=") } == false)
    }

    @Test func `a task that decrypts gets a copy of the private key and does not see its directory`() throws {
        let text = """
            tasks:
              usual: {decrypt: {path: /run/k/a.key, source: /etc/nest/a.age, certificate: /etc/nest/a.crt}}
              home: {decrypt: {path: /run/k/b.key, source: /etc/nest/b.age, identity: /root/.ssh/id}}
              other: {file: {path: /etc/open, content: x}}
            """
        let lines = try UnitsTests.settings(text)
        let key = "etc-ssh-ssh_host_ed25519_key"
        #expect(lines("usual").contains("LoadCredential=\(key):/etc/ssh/ssh_host_ed25519_key"))
        #expect(lines("usual").contains("SetCredential=\(key):\(missingCredential)"))
        #expect(lines("usual").contains("CapabilityBoundingSet=CAP_DAC_READ_SEARCH"))
        #expect(lines("home").contains("LoadCredential=root-.ssh-id:/root/.ssh/id"))
        for task in ["usual", "home"] {
            #expect(!lines(task).contains { $0.hasPrefix("ProtectHome=") }, "\(task)")
            #expect(!lines(task).contains { $0.hasPrefix("User=") || $0.hasPrefix("SystemCallFilter=") }, "\(task)")
        }
        // Of an empty root directory the unit sees what its task names, and it writes /run/k after its end.
        #expect(lines("usual").contains("TemporaryFileSystem=/:ro"))
        #expect(!lines("usual").contains { $0.hasPrefix("Bind") && ($0.contains("/etc/ssh") || $0.contains("/root")) })
        #expect(lines("usual").contains("BindReadOnlyPaths=-/run/k"))
        // A file in it may be replaced, or created later.
        #expect(lines("other").contains("InaccessiblePaths=-/root/.ssh"))
        #expect(!lines("other").contains { $0.contains("/run/k") })

        // Below another root systemd would find another file.
        var call = UnitsTests.call
        call.root = "/sysroot"
        let below = try UnitsTests.files(text, call)["k8s-bootstrap-home.service.d/50-privileges.conf"] ?? ""
        #expect(!below.contains("LoadCredential="))
        #expect(below.contains("ProtectHome=read-only"))
    }

    @Test(
        arguments: [
            // Nobody knows which files it refers to.
            "apply: {kubeconfig: /root/k, manifests: [/m]}",
            // It may appear in a closed directory.
            "wait: {file: /a/b}",
        ]
    )
    func `a task whose files are not known reads every file`(task: String) throws {
        #expect(try settings(task) == Self.reader)
    }

    @Test(
        arguments: [
            ("apply: {manifests: [/m, /closed]}", "/closed"),
            ("wait: {apiServer: true}", "/etc/nest-bootstrap/bootstrap.yaml"),
            ("wait: {url: \"https://a\", certificateAuthority: /closed}", "/closed"),
        ]
    )
    func `a task that reads what not every user can reads every file`(task: String, closed: String) throws {
        let settings = try settings(task, isReadableByAll: { $0 != closed })
        #expect(settings.filter { !Self.credentials.contains($0) } == Self.reader)
    }

    @Test func `a manifest that another task writes for its owner alone is not readable by all`() throws {
        let text = """
            tasks:
              secret: {file: {path: /m/s.yaml, content: text, mode: "0600"}}
              t: {after: [secret], apply: {kubeconfig: /k, manifests: [/m]}}
              k: {file: {path: /k, content: text}}
              public: {wait: {url: "https://a", certificateAuthority: /ca}}
            """
        let files = try UnitsTests.files(text)
        #expect(files["k8s-bootstrap-t.service.d/50-privileges.conf"]?.contains("AmbientCapabilities=") == true)
        #expect(files["k8s-bootstrap-public.service.d/50-privileges.conf"]?.contains("AmbientCapabilities=") == false)
    }

    @Test func `below a root only root writes`() throws {
        var call = UnitsTests.call
        call.root = "/r"
        #expect(try settings("apply: {manifests: [/m]}", call) == ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"])
    }

    @Test(
        arguments: [
            ("/etc/k/a.conf", "etc-k-a.conf"), ("/run/../etc//a_b.1/", "etc-a_b.1"), ("/.kube", "\\x2ekube"),
            ("/a-b", "a\\x2db"), ("/a b:c", "a\\x20b\\x3ac"), ("/é", "\\xc3\\xa9"), ("/a\\b", "a\\x5cb"), ("/", nil),
            ("/" + String(repeating: "a", count: 255), String(repeating: "a", count: 255)),
            ("/" + String(repeating: "a", count: 256), nil),
        ] as [(String, String?)]
    )
    func `a credential has the name that systemd-escape makes of its path`(path: String, name: String?) {
        #expect(credentialName(ofPath: path) == name)
    }

    @Test(
        arguments: [
            ("/a%b c", "\nLoadCredential=a\\\\x25b\\\\x20c:/a%%b c\n"),
            ("/a ", "\nAmbientCapabilities=CAP_DAC_READ_SEARCH\n"),
            ("/a\\\\", "\nAmbientCapabilities=CAP_DAC_READ_SEARCH\n"),
        ]
    )
    func `systemd reads a path of a credential as it is, or there is no such credential`(
        path: String,
        setting: String
    ) throws {
        let text = """
            tasks:
              admin:
                kubeconfig: {path: PATH, user: u, certificate: /c, key: /k, certificateAuthority: /ca, server: "https://x"}
              t: {after: [admin], wait: {apiServer: true}}
            """
        let drop = try #require(
            try UnitsTests.files(
                text.replacing("PATH", with: "\"\(path)\"")
            )["k8s-bootstrap-t.service.d/50-privileges.conf"]
        )
        #expect(drop.contains(setting), "\(drop)")
        #expect(drop.contains("\nLoadCredential=") == setting.contains("LoadCredential="))
    }

    private static let spellings = ["\u{e9}", "e\u{301}"]

    @Test func `both of two secret files are hidden`() throws {
        let tasks = Self.spellings.enumerated().map { index, name in
            "  k\(index): {kubeconfig: {path: /srv/\(name).conf, user: u, certificate: /c, key: /k, certificateAuthority: /ca,"
                + " server: \"https://x\"}}\n"
        }
        let files = try UnitsTests.files("tasks:\n\(tasks.joined())  other: {exec: {command: ls}}\n")
        let lines = (files["k8s-bootstrap-other.service.d/50-privileges.conf"] ?? "").split(separator: "\n")
        for name in Self.spellings {
            let hidden = lines.filter {
                $0.hasPrefix("InaccessiblePaths=")
                    && String($0).utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init)
                        == Array("\(name).conf\"".utf8)
            }
            #expect(hidden.count == 1, "\(lines)")
        }
    }

    @Test func `a task may write below a directory whose other spelling is removed`() {
        let text = """
            tasks:
              a: {file: {path: /opt/\(Self.spellings[0])/x, content: x}}
              b: {remove: {paths: [/opt/\(Self.spellings[1])], recursive: true}}
            """
        #expect(problems(text) == "")
    }

    @Test(arguments: ["file: {path: /k/PATH, source: /k/OTHER}", "decrypt: {path: /k/PATH, source: /k/OTHER}"])
    func `a task may read the file whose other spelling it writes`(task: String) {
        let spelt = task.replacing("PATH", with: Self.spellings[0]).replacing("OTHER", with: Self.spellings[1])
        #expect(problems("tasks:\n  a: {\(spelt)}\n") == "")
        #expect(problems("tasks:\n  a: {\(spelt.replacing(Self.spellings[1], with: Self.spellings[0]))}\n") != "")
    }
}
