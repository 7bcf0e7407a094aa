import Planning
import Testing

/// The units of a plan, as text.
@Suite(.timeLimit(.minutes(5))) struct UnitsTests {
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

    /// The settings of each task of a task file that are not those of every unit.
    static func settings(_ text: String, _ call: ProgramInvocation = call) throws -> (_ task: String) -> [String] {
        let files = try Self.files(text, call)
        return { task in
            (files["k8s-bootstrap-\(task).service.d/50-privileges.conf"] ?? "").split(separator: "\n").map(String.init)
        }
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
        let files = try Self.files(text)
        #expect(
            Set(files.keys).subtracting(Self.commonNames) == [
                "k8s-bootstrap-admin.service", "k8s-bootstrap-admin.service.d/50-privileges.conf",
                "k8s-bootstrap.target.wants/k8s-bootstrap-admin.service",
                "k8s-bootstrap-rbac.service", "k8s-bootstrap-rbac.service.d/50-privileges.conf",
                "k8s-bootstrap.target.wants/k8s-bootstrap-rbac.service",
                "kubelet.service.wants/k8s-bootstrap-rbac.service",
            ]
        )
        #expect(files["kubelet.service.wants/k8s-bootstrap-rbac.service"] == "-> ../k8s-bootstrap-rbac.service")
        let admin = try #require(files["k8s-bootstrap-admin.service"])
        #expect(admin.contains("\nDescription=Generate the admin kubeconfig\n"))
        #expect(admin.contains("\nAfter=agenix.service\n"))
        // What the task has made is put in place.
        #expect(admin.contains("\nExecStartPost=+:/usr/bin/nest-bootstrap supervise admin\n"))
        let rbac = try #require(files["k8s-bootstrap-rbac.service"])
        #expect(rbac.contains("\nRequires=k8s-bootstrap-admin.service\n"))
        #expect(rbac.contains("\nAfter=k8s-bootstrap-admin.service kube-apiserver.service\n"))
        #expect(rbac.contains("\nExecStart=:/usr/bin/nest-bootstrap run --task rbac\n"))
        #expect(rbac.contains("\nExecStopPost=-+:/usr/bin/nest-bootstrap supervise rbac\n"))
        #expect(rbac.contains("\nTimeoutStartSec=660\n"))
        #expect(Self.commonNames.subtracting(files.keys) == [])
    }

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
        let timer = try #require(files["k8s-bootstrap-t.timer"])
        #expect(timer.contains("\nBindsTo=k8s-bootstrap-t.service\nAfter=k8s-bootstrap-t.service\n"))
        #expect(timer.contains("\nOnUnitInactiveSec=24h\n"))
        #expect(timer.hasSuffix("\nUnit=k8s-bootstrap-repeat@t.service\n"))
        let repetition = try #require(files["k8s-bootstrap-repeat@t.service"])
        #expect(repetition.contains("\nRequisite=k8s-bootstrap-t.service\nAfter=k8s-bootstrap-t.service a.service\n"))
        #expect(repetition.contains("\nExecStart=:/usr/bin/nest-bootstrap run --task t --repetition\n"))
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

    @Test func `the lines of a reset are those of the file, with its variables`() throws {
        let text = """
            variables: {data: /var/lib/x}
            tasks:
              t:
                reset: |
                  systemctl stop x
                  rm -rf "${data}"
                exec: {command: ls}
              other: {exec: {command: ls}}
            """
        let plan = try plan(text)
        #expect(plan.steps.map(\.task.reset) == ["systemctl stop x\nrm -rf \"/var/lib/x\"\n", nil])
    }

    @Test(arguments: [
        ("[rm]", "1:20: 'reset' of task 't' must be a string, found a list"),
        ("''", "1:20: 'reset' of task 't' must be a string, found an empty string"),
        (
            "'rm ${x}'",
            "1:20: no variable is named 'x'; add it to 'variables:', or write '$${x}' for a literal '${x}'"
        ),
    ])
    func `a mistake in the lines of a reset is reported`(value: String, expected: String) {
        let found = problems("tasks: {t: {reset: \(value), exec: {command: ls}}}")
        #expect(found == "bootstrap.yaml:\(expected)")
    }

    @Test func `a reset cannot use the address of the node, which is not known where it is kept`() {
        let found = problems(
            "cluster: {nodeAddress: {}}\ntasks: {t: {reset: 'ip address del ${node.address}', exec: {command: ls}}}"
        )
        #expect(found.contains("task 't' uses 'node.address' in what its unit is made of"), "\(found)")
    }

    /// The lines of the unit of a task that call the program before it.
    private func preparation(_ task: String) throws -> [String] {
        let files = try Self.files("tasks: {t: {\(task)}}")
        return try #require(files["k8s-bootstrap-t.service"]).split(separator: "\n")
            .filter { $0.hasPrefix("ExecStartPre=") }.map(String.init)
    }

    @Test func `the unit lists what undoes its task before it runs, and fails without`() throws {
        let call = "/usr/bin/nest-bootstrap run --task t --prepare"
        for verb in ["exec: {command: ls}", "file: {path: /etc/x, content: x}", "wait: {file: /x}"] {
            #expect(try preparation("reset: 'true', \(verb)").first?.hasPrefix("ExecStartPre=+:\(call)") == true)
            #expect(try preparation(verb) == [])
        }
        // Where links lead is examined.
        for path in ["/var/lib/x/", "/var/lib", "/srv"] {
            let directories = try preparation("exec: {command: ls, writes: [\(path)]}")
            #expect(directories.first?.hasPrefix("ExecStartPre=+:\(call)") == true)
        }
        #expect(try preparation("exec: {command: ls}") == [])
    }

    @Test func `a task that may write above the lists cannot write them`() throws {
        let files = try Self.files("tasks: {t: {exec: {command: ls, writes: [/var/lib]}}}")
        let sandbox = try #require(files["k8s-bootstrap-t.service.d/50-privileges.conf"])
        for path in ["/var/lib/nest-bootstrap", "/var/lib/nest-bootstrap-products"] {
            #expect(sandbox.contains("TemporaryFileSystem=\(path):ro\n"))
        }
    }
}
