import Planning
import Testing

/// The units of a plan, as text.
@Suite(.timeLimit(.minutes(30))) struct UnitsTests {
    static let call = ProgramInvocation(
        program: "/usr/bin/nest-bootstrap",
        taskFiles: ["/etc/nest-bootstrap/bootstrap.yaml"]
    )

    /// The files of a task file, by their paths below the directory.
    static func files(
        _ text: String,
        _ call: ProgramInvocation = call,
        role: String? = "control-plane"
    ) throws -> [String: String] {
        let plan = try declarations([("/etc/nest-bootstrap/bootstrap.yaml", text)], role: role).plan
        let pairs = plan.units(call).map { file in
            switch file.content {
            case .text(let text): (file.path, text)
            case .link(let target): (file.path, "-> \(target)")
            }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func `a task is a unit with its own sandbox, wanted by the target`() throws {
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
            ExecStart=:/usr/bin/nest-bootstrap run --task admin
            # Puts in place what the task has made, without which it has failed, and reports a recovery.
            ExecStartPost=+:/usr/bin/nest-bootstrap supervise admin
            # Reports a failure to the administrator, and to the tasks that depend on this one.
            ExecStopPost=-+:/usr/bin/nest-bootstrap supervise admin
            TimeoutStartSec=660
            RuntimeDirectory=nest-bootstrap/tasks/admin nest-bootstrap-staged/admin

            """,
            "k8s-bootstrap-admin.service.d/50-privileges.conf": """
            # Made by nest-bootstrap. Settings of this task alone.

            [Service]
            CapabilityBoundingSet=CAP_DAC_READ_SEARCH
            ProtectSystem=yes
            TemporaryFileSystem=/:ro
            MountAPIVFS=yes
            BindReadOnlyPaths=-/run/ca
            BindReadOnlyPaths=-/run/c
            BindReadOnlyPaths=-/run/k
            BindReadOnlyPaths=-/etc/k
            InaccessiblePaths=

            """,
            "k8s-bootstrap.target.wants/k8s-bootstrap-admin.service": "-> ../k8s-bootstrap-admin.service",
            "k8s-bootstrap-rbac.service": """
            # Made by nest-bootstrap from /etc/nest-bootstrap/bootstrap.yaml:8. Changes here are lost.

            [Unit]
            Description=Task rbac of the Kubernetes node bootstrap
            SourcePath=/etc/nest-bootstrap/bootstrap.yaml
            Requires=k8s-bootstrap-admin.service
            After=k8s-bootstrap-admin.service kube-apiserver.service
            Wants=k8s-bootstrap-recovery@rbac.service

            [Service]
            ExecStart=:/usr/bin/nest-bootstrap run --task rbac
            # Reports a failure to the administrator, and to the tasks that depend on this one.
            ExecStopPost=-+:/usr/bin/nest-bootstrap supervise rbac
            TimeoutStartSec=660
            RuntimeDirectory=nest-bootstrap/tasks/rbac
            StateDirectory=nest-bootstrap/cache/rbac
            BindReadOnlyPaths=-/var/lib/nest-bootstrap/cache/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

            """,
            "k8s-bootstrap-rbac.service.d/50-privileges.conf": """
            # Made by nest-bootstrap. Settings of this task alone.

            [Service]
            User=nest-bootstrap
            LoadCredential=etc-k-admin:/etc/k/admin
            SetCredential=etc-k-admin:no such file when the unit was started
            LoadCredential=run-ca:/run/ca
            SetCredential=run-ca:no such file when the unit was started
            LoadCredential=run-c:/run/c
            SetCredential=run-c:no such file when the unit was started
            LoadCredential=run-k:/run/k
            SetCredential=run-k:no such file when the unit was started
            PrivateNetwork=no
            RestrictAddressFamilies=AF_INET AF_INET6
            TemporaryFileSystem=/etc/k:ro
            BindReadOnlyPaths=-/etc/k/admin
            BindReadOnlyPaths=-/run/ca
            BindReadOnlyPaths=-/run/c
            BindReadOnlyPaths=-/run/k
            InaccessiblePaths=
            \(Self.hiddenFromUser.map { "InaccessiblePaths=-\($0)\n" }.joined())
            """,
            "k8s-bootstrap.target.wants/k8s-bootstrap-rbac.service": "-> ../k8s-bootstrap-rbac.service",
            "kubelet.service.wants/k8s-bootstrap-rbac.service": "-> ../k8s-bootstrap-rbac.service",
        ]
        let files = try Self.files(text)
        let base = try UnitSandboxTests.baseSystem
        let own = files.filter { !Self.commonNames.contains($0.key) }.mapValues { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).filter { !base.contains(String($0)) }
                .joined(separator: "\n")
        }
        #expect(own == expected)
        #expect(Self.commonNames.subtracting(files.keys) == [])
    }

    /// The paths that the drop-in hides in directories that units see, except those that only root can read.
    private static let hiddenFromUser = ["/etc/rancher", "/etc/wireguard"]

    /// The files that every node has.
    private static let commonNames: Set = [
        "k8s-bootstrap-health.service", "k8s-bootstrap-health.service.d/10-nest-bootstrap.conf",
        "k8s-bootstrap-alert@.service", "k8s-bootstrap-alert@.service.d/10-nest-bootstrap.conf",
        "k8s-bootstrap-recovery@.service", "k8s-bootstrap-recovery@.service.d/10-nest-bootstrap.conf",
        "k8s-bootstrap--retry@.timer", "k8s-bootstrap.target.d/50-health.conf",
        "k8s-bootstrap--metrics.service", "k8s-bootstrap--metrics.service.d/10-nest-bootstrap.conf",
        "k8s-bootstrap--metrics.timer",
    ]

    @Test func `the units of every node report failures, alert, and retry`() throws {
        var call = Self.call
        call.flags = ["--role", "worker"]
        let files = try Self.files("tasks: {}\n", call)
        #expect(Set(files.keys) == Self.commonNames)
        let health = try #require(files["k8s-bootstrap-health.service"])
        #expect(health.contains("\nExecStart=:/usr/bin/nest-bootstrap supervise --role worker\n"))
        let recovery = try #require(files["k8s-bootstrap-recovery@.service"])
        #expect(recovery.contains("\nExecStart=-:/usr/bin/nest-bootstrap supervise --role worker %i\n"))
        #expect(recovery.contains("\nConditionPathExists=|/run/nest-bootstrap/health.json\n"))
        #expect(recovery.contains("\nConditionPathIsDirectory=|/var/lib/prometheus/node-exporter\n"))
        #expect(recovery.hasSuffix("\nReadWritePaths=-/var/lib/prometheus/node-exporter\n"))
        #expect(recovery.contains("\nAfter=k8s-bootstrap-%i.service\nBefore=k8s-bootstrap.target\n"))
        let alert = try #require(files["k8s-bootstrap-alert@.service"])
        #expect(alert.contains("\nExecStart=:/usr/bin/nest-bootstrap status --role worker %i\n"))
        let timer = try #require(files["k8s-bootstrap--retry@.timer"])
        #expect(timer.contains("\nOnActiveSec=%i\n"))
        #expect(timer.hasSuffix("\nUnit=k8s-bootstrap.target\n"))
        let target = try #require(files["k8s-bootstrap.target.d/50-health.conf"])
        #expect(target.contains("\nWants=k8s-bootstrap-health.service\nAfter=k8s-bootstrap-health.service\n"))
        #expect(target.hasSuffix("\nAssertPathExists=!/run/nest-bootstrap/health.json\n"))
        let metrics = try #require(files["k8s-bootstrap--metrics.service"])
        #expect(
            metrics.contains("\nExecStart=-:/usr/bin/nest-bootstrap supervise --only-metrics --role worker\n")
        )
        #expect(metrics.hasSuffix("\nReadWritePaths=-/var/lib/prometheus/node-exporter\n"))
        let hourly = try #require(files["k8s-bootstrap--metrics.timer"])
        #expect(hourly.contains("\nConditionPathIsDirectory=/var/lib/prometheus/node-exporter\n"))
        #expect(hourly.contains("\nOnUnitInactiveSec=1h\n"))
        #expect(target.contains("\nWants=k8s-bootstrap--metrics.timer\n"))
        // The drop-in of the tasks has this name, and applies to every unit whose name begins like theirs.
        for unit in ["health", "recovery@", "alert@", "-metrics"] {
            let text = try #require(files["k8s-bootstrap-\(unit).service.d/10-nest-bootstrap.conf"])
            #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") })
        }
    }

    @Test func `a removed task is a unit that systemd stops and forgets`() {
        let files = unitsOfRemovedTasks(["old", "../no name"], Self.call)
        let names = ["k8s-bootstrap-old.service", "k8s-bootstrap-repeat@old.service", "k8s-bootstrap-old.timer"]
        #expect(files.map(\.path) == names)
        guard case .text(let timer)? = files.last?.content else { return }
        #expect(timer.contains("\nStopWhenUnneeded=yes\nCollectMode=inactive-or-failed\n"))
        guard case .text(let text)? = files.first?.content else { return }
        #expect(text.contains("\nStopWhenUnneeded=yes\nCollectMode=inactive-or-failed\n"))
    }

    @Test func `a task that repeats has a timer, and a service that leaves that of the task alone`() throws {
        let files = try Self.files("tasks: {t: {after: [a.service], every: 24h, exec: {command: ls}}}")
        let task = try #require(files["k8s-bootstrap-t.service"])
        #expect(task.contains("\nWants=k8s-bootstrap-recovery@t.service\nWants=k8s-bootstrap-t.timer\n"))
        // Also a target that is active starts what it wants, but not what that wants.
        let target = try #require(files["k8s-bootstrap.target.d/50-health.conf"])
        #expect(target.contains("\nWants=k8s-bootstrap-t.timer\n"))
        #expect(
            files["k8s-bootstrap-t.timer"] == """
                # Made by nest-bootstrap. Changes here are lost.

                [Unit]
                Description=Repetitions of task t of the Kubernetes node bootstrap
                DefaultDependencies=no
                BindsTo=k8s-bootstrap-t.service
                After=k8s-bootstrap-t.service
                Conflicts=shutdown.target
                Before=shutdown.target

                [Timer]
                OnActiveSec=24h
                OnUnitInactiveSec=24h
                RandomizedDelaySec=1h
                AccuracySec=1s
                Unit=k8s-bootstrap-repeat@t.service

                """
        )
        #expect(
            files["k8s-bootstrap-repeat@t.service"] == """
                # Made by nest-bootstrap from /etc/nest-bootstrap/bootstrap.yaml:1. Changes here are lost.

                [Unit]
                Description=Repetition of task t of the Kubernetes node bootstrap
                SourcePath=/etc/nest-bootstrap/bootstrap.yaml
                Requisite=k8s-bootstrap-t.service
                After=k8s-bootstrap-t.service a.service

                [Service]
                ExecStart=:/usr/bin/nest-bootstrap run --task t --repetition
                # Reports a failure to the administrator, and to the tasks that depend on this one.
                ExecStopPost=-+:/usr/bin/nest-bootstrap supervise t --repetition
                TimeoutStartSec=660
                RuntimeDirectory=nest-bootstrap/tasks/t

                """
        )
        let server = try Self.files("tasks: {t: {every: 24h, wait: {tcp: 'a:1'}}}")
        let own = try #require(server["k8s-bootstrap-t.service.d/50-privileges.conf"])
        let again = try #require(server["k8s-bootstrap-repeat@t.service.d/50-privileges.conf"])
        #expect(own.contains("\nUser=nest-bootstrap\n"))
        #expect(again == own.replacing("[Service]\n", with: "[Service]\nRemainAfterExit=no\n"))
    }

    @Test func `a step after a task restarts units, and reports a recovery`() throws {
        let files = try Self.files("tasks: {t: {restart: [a.service, a.service], exec: {command: ls}}}")
        let unit = try #require(files["k8s-bootstrap-t.service"])
        #expect(!unit.contains("Wants="))
        #expect(
            unit.contains(
                """

                # Restarts the units that use it, without which it has failed, and reports a recovery.
                ExecStartPost=+:/usr/bin/nest-bootstrap supervise t

                """
            )
        )
    }

    @Test(arguments: [("30s", "3s"), ("10h", "1h"), ("8760h", "1h")])
    func `repetitions are spread over a tenth of the time between them, and an hour at most`(
        every: String,
        spread: String
    )
        throws
    {
        let files = try Self.files("tasks: {t: {every: \(every), exec: {command: ls}}}")
        #expect(try #require(files["k8s-bootstrap-t.timer"]).contains("\nRandomizedDelaySec=\(spread)\n"))
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
                    + "--config \"/home/me/my tasks.yaml\" --root /tmp/r\n"
            )
        )
        #expect(
            unit.hasSuffix(
                "\nRuntimeDirectory=nest-bootstrap/tasks/t nest-bootstrap-staged/t\nReadWritePaths=-/tmp/r\n"
            )
        )
        let sandbox = try #require(files["k8s-bootstrap-t.service.d/50-privileges.conf"])
        #expect(sandbox.contains("\nProtectHome=read-only\nPrivateTmp=no\n"))
    }
}
