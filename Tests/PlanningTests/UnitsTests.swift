import Planning
import Testing

/// The units of a plan, as text.
@Suite(.timeLimit(.minutes(15))) struct UnitsTests {
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

    /// The unit of a task `t`.
    static func unit(_ task: String, _ call: ProgramInvocation = call) throws -> String {
        try #require(try files("tasks: {t: {\(task)}}", call)["k8s-bootstrap-t.service"])
    }

    @Test func `a task is a unit with one command, required by the target`() throws {
        let text = """
            tasks:
              admin:
                description: Generate the admin kubeconfig
                after: [agenix.service]
                kubeconfig:
                  {path: /etc/k/admin, user: u, certificate: /run/c:1, key: /run/k, certificateAuthority: /run/ca,
                   server: "https://x"}
              rbac:
                after: [admin, kube-apiserver.service]
                wantedBy: [kubelet.service]
                apply: {manifests: [{url: "https://x/y.yaml", sha256: \(String(repeating: "a", count: 64))}]}
            """
        let files = try Self.files(text)
        #expect(
            Set(files.keys).subtracting(Self.commonNames) == [
                "k8s-bootstrap-admin.service", "k8s-bootstrap-rbac.service",
                "kubelet.service.wants/k8s-bootstrap-rbac.service",
            ]
        )
        #expect(files["kubelet.service.wants/k8s-bootstrap-rbac.service"] == "-> ../k8s-bootstrap-rbac.service")
        let admin = try #require(files["k8s-bootstrap-admin.service"])
        #expect(admin.contains("\nDescription=Generate the admin kubeconfig\n"))
        #expect(admin.contains("\nAfter=sysinit.target basic.target agenix.service\n"))
        let rbac = try #require(files["k8s-bootstrap-rbac.service"])
        #expect(rbac.contains("\nRequires=sysinit.target k8s-bootstrap-admin.service\n"))
        #expect(
            rbac.contains("\nAfter=sysinit.target basic.target k8s-bootstrap-admin.service kube-apiserver.service\n")
        )
        #expect(rbac.contains("\nExecStart=:/usr/bin/nest-bootstrap run --task rbac\n"))
        #expect(rbac.contains("\nTimeoutStartSec=660\n"))
        #expect(rbac.contains("\nOnFailure=k8s-bootstrap-health.service k8s-bootstrap-health.timer\n"))
        let target = try #require(files["k8s-bootstrap.target.d/50-tasks.conf"])
        #expect(target.contains("\nRequires=k8s-bootstrap-admin.service\nRequires=k8s-bootstrap-rbac.service\n"))
        let metrics = try #require(files["k8s-bootstrap--metrics.service"])
        #expect(metrics.contains("\nBindReadOnlyPaths=\"-/run/c:1\"\nBindReadOnlyPaths=-/run/ca\n"))
        for unit in [admin, rbac] {
            #expect(unit.split(separator: "\n").count { !$0.hasPrefix("#") } <= 25, "\(unit)")
            #expect(unit.split(separator: "\n").count { $0.hasPrefix("Exec") } == 1)
        }
        #expect(Self.commonNames.subtracting(files.keys) == [])
    }

    /// The files that every node has.
    private static let commonNames: Set = [
        "k8s-bootstrap-health.service", "k8s-bootstrap-health.timer", "k8s-bootstrap-alert@.service",
        "k8s-bootstrap.target.d/50-tasks.conf", "k8s-bootstrap--metrics.service", "k8s-bootstrap--metrics.timer",
    ]

    @Test func `the units of every node look for failures, and alert`() throws {
        var call = Self.call
        call.flags = ["--role", "worker"]
        let files = try Self.files("tasks: {}\n", call)
        #expect(Set(files.keys) == Self.commonNames)
        let health = try #require(files["k8s-bootstrap-health.service"])
        #expect(health.contains("\nExecStart=:/usr/bin/nest-bootstrap supervise --role worker\n"))
        let timer = try #require(files["k8s-bootstrap-health.timer"])
        #expect(timer.contains("\nOnUnitInactiveSec=10s\n"))
        let alert = try #require(files["k8s-bootstrap-alert@.service"])
        #expect(alert.contains("\nExecStart=:/usr/bin/nest-bootstrap status --role worker %i\n"))
        #expect(alert.contains("\nPrivateNetwork=yes\nCapabilityBoundingSet=\n"))
        let metrics = try #require(files["k8s-bootstrap--metrics.service"])
        #expect(
            metrics.contains("\nExecStart=-:/usr/bin/nest-bootstrap supervise --only-metrics --role worker\n")
        )
        #expect(metrics.contains("\nConditionPathIsDirectory=/var/lib/prometheus/node-exporter\n"))
        #expect(try #require(files["k8s-bootstrap--metrics.timer"]).contains("\nOnUnitInactiveSec=1h\n"))
    }

    @Test func `a masked task is not required, nor one that depends on it`() throws {
        let tasks = ["a: {", "b: {", "c: {after: [a], ", "d: {after: [c], "].map { "\($0)exec: {command: ls}}" }
        let plan = try plan("tasks: {\(tasks.joined(separator: ", "))}")
        let files = plan.units(Self.call, isMasked: { $0 == "k8s-bootstrap-a.service" })
        let target = files.first { $0.path == "k8s-bootstrap.target.d/50-tasks.conf" }
        guard case .text(let text)? = target?.content else { return #expect(Bool(false)) }
        let required = text.split(separator: "\n").filter { $0.hasPrefix("Requires=") }
        #expect(required == ["Requires=k8s-bootstrap-b.service"])
    }

    @Test func `a removed task is a unit that systemd stops and forgets`() {
        let files = unitsOfRemovedTasks(["old", "../no name"], Self.call)
        let names = ["k8s-bootstrap-old.service", "k8s-bootstrap-repeat@old.service", "k8s-bootstrap-old.timer"]
        #expect(files.map(\.path) == names)
        guard case .text(let timer)? = files.last?.content else { return #expect(Bool(false)) }
        #expect(timer.contains("\nStopWhenUnneeded=yes\nCollectMode=inactive-or-failed\n"))
        guard case .text(let text)? = files.first?.content else { return #expect(Bool(false)) }
        #expect(text.contains("\nStopWhenUnneeded=yes\nCollectMode=inactive-or-failed\n"))
    }

    @Test func `a task that repeats has a timer, and a service that leaves that of the task alone`() throws {
        let files = try Self.files("tasks: {t: {after: [a.service], every: 24h, exec: {command: ls}}}")
        let task = try #require(files["k8s-bootstrap-t.service"])
        #expect(task.contains("\nWants=k8s-bootstrap-t.timer\n"))
        // Also a target that is active starts what it wants, but not what that wants.
        let target = try #require(files["k8s-bootstrap.target.d/50-tasks.conf"])
        #expect(target.contains("\nWants=k8s-bootstrap-t.timer\n"))
        let timer = try #require(files["k8s-bootstrap-t.timer"])
        #expect(timer.contains("\nBindsTo=k8s-bootstrap-t.service\nAfter=k8s-bootstrap-t.service\n"))
        #expect(timer.contains("\nOnUnitInactiveSec=24h\n"))
        #expect(timer.hasSuffix("\nUnit=k8s-bootstrap-repeat@t.service\n"))
        let repetition = try #require(files["k8s-bootstrap-repeat@t.service"])
        #expect(repetition.contains("\nRequisite=k8s-bootstrap-t.service\nAfter=k8s-bootstrap-t.service a.service\n"))
        #expect(repetition.contains("\nExecStart=:/usr/bin/nest-bootstrap run --task t --repetition\n"))
        #expect(!repetition.contains("RemainAfterExit"))
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

    @Test(arguments: [
        ("file: {path: /etc/x, content: x}", "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID", "AF_UNIX"),
        ("wait: {unit: a.service}", "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID", "AF_UNIX"),
        ("wait: {tcp: '10.0.0.1:1'}", nil, "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
        ("exec: {command: ls}", nil, "AF_UNIX AF_NETLINK"),
    ])
    func `the agent has only the rights that its task needs`(
        task: String,
        capabilities: String?,
        families: String
    )
        throws
    {
        let lines = try Self.unit(task).split(separator: "\n")
        #expect(lines.contains("NoNewPrivileges=yes"))
        #expect(lines.first { $0.hasPrefix("CapabilityBoundingSet=") }.map { String($0.dropFirst(22)) } == capabilities)
        #expect(lines.contains("RestrictAddressFamilies=\(families)"))
        #expect(lines.contains("SystemCallFilter=~@keyring io_uring_setup") == task.hasPrefix("exec"))
    }

    @Test func `only known addresses can be reached, and a program without a sandbox is not confined`() throws {
        #expect(try Self.unit("wait: {tcp: '10.0.0.1:1'}").hasSuffix("\nIPAddressDeny=any\nIPAddressAllow=10.0.0.1\n"))
        let free = try Self.unit("exec: {command: ls, sandbox: false}")
        #expect(!free.contains("NoNewPrivileges") && !free.contains("Restrict"))
        #expect(try Self.unit("exec: {command: ls, capabilities: [CAP_SYS_MODULE]}").contains("@mount @module\n"))
    }
}
