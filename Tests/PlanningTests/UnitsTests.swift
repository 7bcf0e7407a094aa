import Planning
import Testing

/// The units of a plan, as text.
@Suite(.timeLimit(.minutes(1))) struct UnitsTests {
    static let call = UnitCall(program: "/usr/bin/nest-bootstrap", taskFiles: ["/etc/nest-bootstrap/bootstrap.yaml"])

    /// The files of a task file, by their paths below the directory.
    static func files(
        _ text: String,
        _ call: UnitCall = call,
        role: String? = "control-plane"
    ) throws -> [String: String] {
        let plan = Plan(try Graph(declarations([("/etc/nest-bootstrap/bootstrap.yaml", text)], role: role)))
        let pairs = plan.units(call).map { file in
            switch file.content {
            case .text(let text): (file.path, text)
            case .link(let target): (file.path, "-> \(target)")
            }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func `a task is a unit with its own privileges, wanted by the target`() throws {
        let text = """
            tasks:
              admin:
                description: Generate the admin kubeconfig
                after: [agenix.service]
                kubeconfig:
                  {path: /etc/k/admin, user: u, certificate: /run/c, key: /run/k, certificateAuthority: /run/ca,
                   server: "https://x"}
              rbac:
                after: [admin, kube-apiserver.service]
                wantedBy: [kubelet.service, k8s-bootstrap.target]
                apply: {manifests: [{url: "https://x/y.yaml", sha256: \(String(repeating: "a", count: 64))}]}
            """
        let expected = [
            "k8s-bootstrap-admin.service": """
            # Made by nest-bootstrap from /etc/nest-bootstrap/bootstrap.yaml:2. Changes here are lost.

            [Unit]
            Description=Generate the admin kubeconfig
            SourcePath=/etc/nest-bootstrap/bootstrap.yaml
            After=agenix.service

            [Service]
            # Makes the directories that it may write.
            ExecStartPre=-+:/usr/bin/nest-bootstrap run --task admin --only-directories
            ExecStart=:/usr/bin/nest-bootstrap run --task admin
            # Tasks that wait for this one and would otherwise sit out their minute.
            ExecStartPost=-+:systemctl --quiet --no-block --state=auto-restart restart "[k]8s-bootstrap-rbac.service"
            TimeoutStartSec=660
            ReadWritePaths=-/etc/k

            """,
            "k8s-bootstrap-admin.service.d/50-privileges.conf": """
            # Where this task is unlike others. Made by nest-bootstrap.

            [Service]
            CapabilityBoundingSet=CAP_DAC_READ_SEARCH

            """,
            "k8s-bootstrap.target.wants/k8s-bootstrap-admin.service": "-> ../k8s-bootstrap-admin.service",
            "k8s-bootstrap-rbac.service": """
            # Made by nest-bootstrap from /etc/nest-bootstrap/bootstrap.yaml:8. Changes here are lost.

            [Unit]
            Description=Task rbac of this Kubernetes node
            SourcePath=/etc/nest-bootstrap/bootstrap.yaml
            Wants=k8s-bootstrap-admin.service
            After=k8s-bootstrap-admin.service kube-apiserver.service

            [Service]
            ExecStart=:/usr/bin/nest-bootstrap run --task rbac
            TimeoutStartSec=660
            StateDirectory=nest-bootstrap

            """,
            "k8s-bootstrap-rbac.service.d/50-privileges.conf": """
            # Where this task is unlike others. Made by nest-bootstrap.

            [Service]
            PrivateNetwork=no
            RestrictAddressFamilies=AF_INET AF_INET6
            CapabilityBoundingSet=CAP_DAC_READ_SEARCH

            """,
            "k8s-bootstrap.target.wants/k8s-bootstrap-rbac.service": "-> ../k8s-bootstrap-rbac.service",
            "kubelet.service.wants/k8s-bootstrap-rbac.service": "-> ../k8s-bootstrap-rbac.service",
            // Nobody wants it until the task file is wrong.
            "k8s-bootstrap--check.service": """
            # Made by nest-bootstrap. Changes here are lost.

            [Unit]
            Description=Check of the task file of this Kubernetes node
            CollectMode=inactive-or-failed

            [Service]
            ExecStart=:/usr/bin/nest-bootstrap check
            TimeoutStartSec=60
            LogExtraFields=OBJECT_SYSTEMD_UNIT=k8s-bootstrap.target

            """,
            "k8s-bootstrap--check.service.d/50-privileges.conf": """
            # Where a check is unlike tasks. Made by nest-bootstrap.

            [Service]
            RemainAfterExit=no
            SuccessExitStatus=65
            CapabilityBoundingSet=CAP_DAC_READ_SEARCH
            ProtectHome=read-only
            InaccessiblePaths=
            InaccessiblePaths=-/etc/gshadow
            InaccessiblePaths=-/etc/gshadow-
            InaccessiblePaths=-/etc/shadow
            InaccessiblePaths=-/etc/shadow-
            InaccessiblePaths=-/etc/ssh
            InaccessiblePaths=-/run/containerd/containerd.sock
            InaccessiblePaths=-/run/cri-dockerd.sock
            InaccessiblePaths=-/run/crio/crio.sock
            InaccessiblePaths=-/run/dbus
            InaccessiblePaths=-/run/docker.sock
            InaccessiblePaths=-/run/initctl
            InaccessiblePaths=-/run/k3s/containerd/containerd.sock
            InaccessiblePaths=-/run/podman/podman.sock
            InaccessiblePaths=-/run/systemd/io.system.ManagedOOM
            InaccessiblePaths=-/run/systemd/private
            InaccessiblePaths=-/run/udev/control

            """,
        ]
        #expect(try Self.files(text) == expected)
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
        let files = try Self.files(text)
        let hidden = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n")
                .filter { $0.hasPrefix("InaccessiblePaths=-") }.map { String($0.dropFirst(19)) }
        }
        let (a, b) = (["/run/a.key", "/etc/a.conf"], ["/run/b.key", "/etc/b.conf"])
        let own = ["/etc/pki/own.key", "/run/own.key"]
        #expect(hidden("a") == b + own + ["/root/foreign"])
        #expect(hidden("copy") == a + b + ["/root/foreign"])
        #expect(hidden("open") == a + b + own + ["/root/foreign"])
        // The kubeconfig names its key by path.
        #expect(hidden("uses-a") == b + own + ["/root/foreign"])
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
        let files = try Self.files(text)
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
            #expect(lines(task).contains("InaccessiblePaths=-/etc/shadow"))
        }
        // All three files to which the kubeconfig refers.
        for task in ["admin", "apply"] {
            #expect(lines(task).contains("InaccessiblePaths="))
            let hidden = lines(task).filter { $0.contains("agenix") || $0.contains("/pki") }
            #expect(hidden == ["InaccessiblePaths=-/var/lib/kubelet/pki"])
        }
    }

    @Test func `what every unit needs is hidden from none`() throws {
        let text = """
            tasks:
              a:
                kubeconfig: {path: /etc/a.conf, user: u, certificate: /c, key: KEY, certificateAuthority: /ca, server: "https://x"}
              b: {file: {path: /etc/x, content: text}}
            """
        var call = Self.call
        call.taskFiles = ["/etc/nest-bootstrap/bootstrap.yaml", "/run/agenix/site.yaml"]
        for key in [
            "/etc/nest-bootstrap/a.key", "/run/agenix/a.key", "/var/lib/a.key", "/etc/ssl/private/a.key",
            "/usr/lib/k/a.key",
        ] {
            let files = try Self.files(text.replacing("KEY", with: key), call)
            let hidden = (files["k8s-bootstrap-b.service.d/50-privileges.conf"] ?? "").split(separator: "\n")
            #expect(hidden.contains("InaccessiblePaths=-\(key)"), "\(key)")
            #expect(hidden.count { $0.hasPrefix("InaccessiblePaths=") } == 2, "\(hidden)")
        }
        call.taskFiles = ["/root/b.yaml"]
        let files = try Self.files(text.replacing("KEY", with: "/root/k/a.key"), call)
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
        let files = try Self.files(text)
        let lines = { (task: String) in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
        }
        #expect(lines("uses").contains("ProtectHome=read-only"))
        #expect(lines("uses").contains("BindReadOnlyPaths=-/tmp/k/c"))
        #expect(lines("made").contains { $0.contains("/etc/t/") } == false)
        #expect(lines("device").contains("PrivateDevices=no"))
        #expect(lines("bus").contains("InaccessiblePaths=-/run/dbus") == false)
    }

    @Test(
        arguments: [
            ("symlink: {path: /opt/cni/bin/x, target: /y}", ["/opt/cni/bin"], []),
            ("file: {path: /etc/x, content: text}", ["/etc"], []),
            (
                "file: {path: /x/y, content: text, mode: \"4755\"}", ["/x"],
                ["CapabilityBoundingSet=CAP_FSETID", "RestrictSUIDSGID=no"]
            ),
            // Of two settings for one directory systemd takes the stricter.
            (
                "file: {path: /x, content: text}", ["/"],
                ["ProtectSystem=full"]
                    + [
                        "/bin", "/lib", "/lib64", "/media", "/mnt", "/nix", "/opt", "/sbin", "/srv", "/var", "/home",
                        "/root", "/run/user",
                    ]
                    .map { "ReadOnlyPaths=-\($0)" }
            ),
            ("symlink: {path: /run/x, target: /y}", ["/run"], ["ReadOnlyPaths=", "ReadOnlyPaths=-/dev/shm"]),
            ("symlink: {path: /run/x/y, target: /y}", ["/run/x"], []),
            (
                "file: {path: /root/x, content: text}", ["/root"],
                ["ProtectHome=no", "ReadOnlyPaths="]
                    + ["/run", "/dev/shm", "/home", "/run/user"].map { "ReadOnlyPaths=-\($0)" }
            ),
            ("file: {path: /root/.kube/x, content: text}", ["/root/.kube"], ["ProtectHome=read-only"]),
            (
                "exec: {command: ls, writes: [/]}", ["/"],
                ["ProtectSystem=no", "ProtectHome=no", "ReadOnlyPaths="]
            ),
            (
                "file: {path: /etc/x, source: /tmp/y}", ["/etc"],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "BindReadOnlyPaths=-/tmp/y"]
            ),
            (
                "file: {path: /a/b, content: text, owner: etcd}", ["/a"],
                [
                    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER",
                    "SystemCallFilter=@chown",
                ]
            ),
            (
                "file: {path: /tmp/b, source: /root/x}", ["/tmp"],
                ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "ProtectHome=read-only", "PrivateTmp=no"]
            ),
            ("wait: {file: /run/x}", [], []),
            (
                "wait: {tcp: \"x:1\"}", [],
                ["PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6"]
            ),
            ("exec: {command: ls, creates: /var/lib/x/made}", ["/var/lib/x"], []),
            ("exec: {command: ls, writes: [/var/lib/x/, /etc/y]}", ["/var/lib/x", "/etc/y"], []),
            (
                "exec: {command: ip, network: true, capabilities: [CAP_NET_ADMIN, CAP_SYS_MODULE]}", [],
                [
                    "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6",
                    "RestrictAddressFamilies=AF_NETLINK",
                    "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_MODULE", "SystemCallFilter=@privileged @resources",
                    "RestrictAddressFamilies=AF_NETLINK", "ProtectKernelModules=no", "SystemCallFilter=@module",
                ]
            ),
        ] as [(String, [String], [String])]
    )
    func `a unit may do what its verb does`(verb: String, written: [String], privileges: [String]) throws {
        let files = try Self.files("tasks: {t: {\(verb)}}")
        let unit = try #require(files["k8s-bootstrap-t.service"]).split(separator: "\n")
        #expect(unit.filter { $0.hasPrefix("ReadWritePaths=") } == written.map { "ReadWritePaths=-\($0)" })
        let lines = files["k8s-bootstrap-t.service.d/50-privileges.conf"]?.split(separator: "\n").dropFirst(2) ?? []
        #expect(lines.map(String.init) == privileges)
    }

    @Test func `the call keeps the flags and a root`() throws {
        var call = Self.call
        call.flags = ["--config", "/home/me/my tasks.yaml", "--root", "/tmp/r"]
        (call.taskFiles, call.root) = (["/home/me/my tasks.yaml"], "/tmp/r")
        let files = try Self.files("tasks: {t: {symlink: {path: /opt/x, target: z}}}", call)
        let unit = try #require(files["k8s-bootstrap-t.service"])
        #expect(
            unit.contains(
                "\nExecStart=:/usr/bin/nest-bootstrap run --task t "
                    + "--config \"/home/me/my tasks.yaml\" --root /tmp/r\nTimeoutStartSec=660\nReadWritePaths=-/tmp/r\n"
            )
        )
        let privileges = try #require(files["k8s-bootstrap-t.service.d/50-privileges.conf"])
        #expect(privileges.hasSuffix("\nProtectHome=read-only\nPrivateTmp=no\n"))
    }
}
