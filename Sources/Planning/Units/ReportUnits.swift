import Base

/// The service that reports the state of the node to the cluster.
public let reportUnitName = "k8s-bootstrap--report.service"

let reportTimerName = "k8s-bootstrap--report.timer"

/// Returns a report timer that systemd stops, for a node that does not report.
public func stoppedReportTimer() -> UnitFile {
    stoppedTimer(reportTimerName, of: reportUnitName, "\(reportTimerDescription) (the node does not report)")
}

private let reportTimerDescription = "Regular report of the Kubernetes node bootstrap to the cluster"

/// The units that report the state of the node to the cluster.
///
/// The service ends when it has nothing to send. A failure, a recovery or a run by hand restarts it, so that no
/// change is missed and simultaneous changes become one report.
struct ReportUnits {
    /// The kubeconfig that the task file names, or else the possible kubeconfigs in order of preference.
    private let kubeconfigs: [String]
    /// The credential files of the ``kubeconfigs`` that tasks write.
    private let references: [String]
    /// Whether the task file names the kubeconfig; if it does, a missing kubeconfig is an error.
    private let isNamed: Bool
    /// Whether the task file names a kubeconfig whose credential files are unknown, because no task writes it.
    private let mayReferToAnything: Bool

    /// Directories with client keys to which a kubeconfig with unknown credential files may refer.
    private static let keyDirectories = [
        "/etc/kubernetes/pki/etcd", "/etc/pki/tls/private", "/etc/rancher", "/etc/ssh", "/etc/ssl/private", "/root",
        "/var/lib/private", "/var/lib/rancher",
    ]

    init(_ declaration: ReportDeclaration, _ plan: Plan) {
        let paths = declaration.kubeconfigs(plan)
        let writes = plan.steps.flatMap(\.task.footprint.writes).filter { paths.contains($0.path.path) }
        let written = writes.compactMap(\.kubeconfig?.files)
        references = written.flatMap(\.self)
        kubeconfigs = paths
        isNamed = declaration.kubeconfig != nil
        mayReferToAnything = isNamed && written.isEmpty
    }

    /// Returns the names of the units with their texts.
    func texts(_ call: ProgramInvocation) -> [(String, String)] {
        [(reportUnitName, service(call)), (reportTimerName, Self.timer)]
    }

    private func service(_ call: ProgramInvocation) -> String {
        var unit = UnitText("Report of the Kubernetes node bootstrap to the cluster")
        unit.set("StartLimitIntervalSec", "0")
        // At boot, the report waits for the start of the target, which ends when all tasks have ended.
        unit.set("After", targetName)
        addConditions(&unit, call)
        unit.section("Service")
        // A report that cannot be sent is only a warning in the journal, and does not make the system degraded.
        unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--only-report"] + call.flags)
        unit.set("Type", "exec")
        unit.set("NotifyAccess", "main")
        unit.set("TimeoutStopSec", "5")
        // At this level, systemd does not log every start.
        unit.set("LogLevelMax", "notice")
        unit.set("SyslogLevel", "notice")
        unit.set("SyslogIdentifier", "k8s-bootstrap-report")
        unit.set("RuntimeDirectory", "nest-bootstrap/report")
        unit.set("RuntimeDirectoryPreserve", "yes")
        // The credential files of a kubeconfig belong to root or to a service.
        if call.root.isEmpty {
            unit.set("User", unitUser)
            unit.set("AmbientCapabilities", Footprint.reading)
        }
        unit.set("CapabilityBoundingSet", Footprint.reading)
        for (key, value) in isolation + confinement { unit.set(key, value) }
        for (key, value) in [
            ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
            ("MemoryMax", "256M"), ("TasksMax", "64"), ("LimitCORE", "0"),
        ] { unit.set(key, value) }
        addView(&unit, call)
        return unit.text
    }

    /// Limits the files that the service sees to the base system and the files that it uses.
    ///
    /// With a root directory or unknown credential files, it sees everything but ``hidden`` and unused parts of `/run`.
    private func addView(_ unit: inout UnitText, _ call: ProgramInvocation) {
        let isEverythingSeen = mayReferToAnything || !call.root.isEmpty
        unit.set("ProtectSystem", isEverythingSeen ? "strict" : "yes")
        unit.set("TemporaryFileSystem", isEverythingSeen ? "/run:ro" : "/:ro /run:ro")
        unit.set("MountAPIVFS", "yes")
        let ofEveryUnit = [
            "/run/nest-bootstrap", "/run/systemd/journal/socket", "/run/systemd/notify", "/run/systemd/resolve",
        ]
        let used = [call.program] + (kubeconfigs + references + call.taskFiles).map(located)
        let seen =
            isEverythingSeen
            ? used.filter { isPath($0, at: "/run") } : Sandbox.baseSystem + Self.ofKubelets + used
        for path in ofEveryUnit + seen { unit.path("BindReadOnlyPaths", path) }
        if !call.root.isEmpty { unit.path("BindPaths", "\(call.root)/run/nest-bootstrap") }
        for path in hidden { unit.path("InaccessiblePaths", path) }
    }

    /// Paths of the cluster's CA and of the credentials of kubelets.
    private static let ofKubelets = [
        "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/pki", "/var/lib/rancher/k3s/agent",
        "/var/lib/rancher/rke2/agent",
    ]

    /// The secrets of the node, without the possible kubeconfigs and their credential files.
    private var hidden: [String] {
        let keys = ["ca.key", "etcd", "front-proxy-ca.key", "sa.key"].map { "/etc/kubernetes/pki/\($0)" }
        let kubeconfigs = ["admin", "controller-manager", "scheduler", "super-admin"].map {
            "/etc/kubernetes/\($0).conf"
        }
        // k3s keeps the kubelet's files below /etc/rancher and /var/lib/rancher.
        let open = mayReferToAnything ? Self.keyDirectories : ["/etc/rancher", "/var/lib/rancher"]
        let used = (self.kubeconfigs + references).map(located)
        return
            (Sandbox.hidden.filter { !isPath($0, below: "/etc/kubernetes") && !isPath($0, at: "/var/lib/kubelet") }
            + keys + kubeconfigs + ["/var/lib/kubelet/pods"]).filter { path in
                // Everything below a hidden directory is hidden too.
                !open.contains(path) && !(used + Sandbox.baseSystem).contains { isPath($0, at: path) }
            }
    }

    /// The timer that starts the service every ten minutes, to detect changes such as a new Node or kubeconfig.
    ///
    /// The random delay, which `FixedRandomDelay` keeps constant, spreads the reports of all nodes.
    private static let timer = Planning.timer(
        reportTimerDescription,
        [
            ("OnCalendar", "*:0/10"), ("RandomizedDelaySec", "10min"), ("FixedRandomDelay", "yes"),
            ("AccuracySec", "1s"), ("Unit", reportUnitName),
        ]
    )

    /// Adds conditions that skip the service if no possible kubeconfig exists, unless the task file names one.
    private func addConditions(_ unit: inout UnitText, _ call: ProgramInvocation) {
        guard !isNamed else { return }
        for path in kubeconfigs { unit.set("ConditionPathExists", "|" + unitPath(call.root + path)) }
    }
}
