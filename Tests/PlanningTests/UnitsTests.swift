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
            # Made by nest-bootstrap. Where this task is unlike others.

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
            # Made by nest-bootstrap. Where this task is unlike others.

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
            # Made by nest-bootstrap. Where a check is unlike tasks.

            [Service]
            RemainAfterExit=no
            Restart=no
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
