import Base

/// The name of the service that reports the state of the node to the cluster.
public let reportUnitName = "k8s-bootstrap--report.service"

let reportTimerName = "k8s-bootstrap--report.timer"

/// Returns the report timer of a node that does not report, which systemd stops.
public func stoppedReportTimer() -> UnitFile {
    stoppedTimer(reportTimerName, of: reportUnitName, "\(reportTimerDescription) (the node does not report)")
}

private let reportTimerDescription = "Regular report of the Kubernetes node bootstrap to the cluster"

/// The units that report the state of the node to the cluster.
///
/// The service runs until it has sent everything. A change restarts the service, so that no change is missed during a
/// run and simultaneous changes become one report. The target wants it, and no unit is ordered after it.
struct ReportUnits {
    /// The possible kubeconfigs in order of preference; the service uses the first that exists.
    private let kubeconfigs: [String]
    /// The files to which kubeconfigs refer, known only for kubeconfigs that a task writes.
    private let references: [String]
    /// Whether the task file names the kubeconfig; if so, a missing kubeconfig is reported.
    private let isNamed: Bool
    /// Whether the task file names a kubeconfig that no task writes; the files of that kubeconfig are then unknown.
    private let mayReferToAnything: Bool

    /// The directories in which administrators keep client keys, to which a named kubeconfig may refer.
    private static let keyDirectories = [
        "/etc/kubernetes/pki/etcd", "/etc/pki/tls/private", "/etc/rancher", "/etc/ssh", "/etc/ssl/private", "/root",
        "/var/lib/private", "/var/lib/rancher",
    ]

    /// Prepares the units for a node with a plan.
    init(_ declaration: ReportDeclaration, _ plan: Plan) {
        let paths = declaration.kubeconfigs(plan)
        let writes = plan.steps.flatMap(\.task.footprint.writes).filter { paths.contains($0.path.path) }
        let written = writes.compactMap(\.kubeconfig?.files)
        references = written.flatMap(\.self)
        kubeconfigs = paths
        isNamed = declaration.kubeconfig != nil
        mayReferToAnything = isNamed && written.isEmpty
    }

    /// Returns the names and texts of the units.
    func texts(_ call: ProgramInvocation) -> [(String, String)] {
        [(reportUnitName, service(call)), (reportTimerName, Self.timer)]
    }

    private func service(_ call: ProgramInvocation) -> String {
        var unit = UnitText("Report of the Kubernetes node bootstrap to the cluster")
        unit.set("StartLimitIntervalSec", "0")
        // The end of all tasks is a change.
        unit.set("After", targetName)
        addConditions(&unit, call)
        unit.section("Service")
        // A report that cannot be sent is only a warning in the journal, and does not make the system degraded.
        unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--only-report"] + call.flags)
        // No other unit waits for the service.
        unit.set("Type", "exec")
        unit.set("NotifyAccess", "main")
        unit.set("TimeoutStopSec", "5")
        // This level keeps systemd from logging every start.
        unit.set("LogLevelMax", "notice")
        unit.set("SyslogLevel", "notice")
        unit.set("SyslogIdentifier", "k8s-bootstrap-report")
        unit.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
        unit.set("RuntimeDirectory", "nest-bootstrap/report")
        unit.set("RuntimeDirectoryPreserve", "yes")
        // The service reads the records and a kubeconfig, whose files belong to root or a service, and connects to the
        // API server.
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

    /// Makes the base system, the records, the kubeconfig and its credential files visible to the service.
    ///
    /// If the credential files are unknown, the service sees everything except `/run` and the paths of ``hidden``.
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
        for path in ofEveryUnit + seen { unit.set("BindReadOnlyPaths", boundPath(path)) }
        if !call.root.isEmpty { unit.set("BindPaths", boundPath("\(call.root)/run/nest-bootstrap")) }
        for path in hidden { unit.path("InaccessiblePaths", path) }
    }

    /// The files and directories to which kubeconfigs of kubelets refer.
    private static let ofKubelets = [
        "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/pki", "/var/lib/rancher/k3s/agent",
        "/var/lib/rancher/rke2/agent",
    ]

    /// The secrets that are hidden from the service: all except the possible kubeconfigs and their credential files.
    private var hidden: [String] {
        let keys = ["ca.key", "etcd", "front-proxy-ca.key", "sa.key"].map { "/etc/kubernetes/pki/\($0)" }
        let kubeconfigs = ["admin", "controller-manager", "scheduler", "super-admin"].map {
            "/etc/kubernetes/\($0).conf"
        }
        // k3s keeps the files of the kubelet below these directories.
        let open = mayReferToAnything ? Self.keyDirectories : ["/etc/rancher", "/var/lib/rancher"]
        let used = (self.kubeconfigs + references).map(located)
        return
            (Sandbox.hidden.filter { !isPath($0, below: "/etc/kubernetes") && !isPath($0, at: "/var/lib/kubelet") }
            + keys + kubeconfigs + ["/var/lib/kubelet/pods"]).filter { path in
                // Nothing below a hidden directory can be seen.
                !open.contains(path) && !(used + Sandbox.baseSystem).contains { isPath($0, at: path) }
            }
    }

    /// The timer that starts the service every ten minutes, with a fixed offset for each node.
    ///
    /// Regular reports cover a Node that was registered again, a new kubeconfig, and manual runs by other users. The
    /// target starts the service too, because at boot the cluster has the report of the last boot.
    ///
    /// The timer elapses even if there is no kubeconfig and the service does not run. All nodes have the same calendar, so
    /// each has a random delay, which systemd 247 and later keep.
    private static let timer = Planning.timer(
        reportTimerDescription,
        [
            ("OnCalendar", "*:0/10"), ("RandomizedDelaySec", "10min"), ("FixedRandomDelay", "yes"),
            ("AccuracySec", "1s"), ("Unit", reportUnitName),
        ]
    )

    /// Prevents a service from running if none of the kubeconfigs exists, unless the task file names one.
    private func addConditions(_ unit: inout UnitText, _ call: ProgramInvocation) {
        guard !isNamed else { return }
        for path in kubeconfigs { unit.set("ConditionPathExists", "|" + unitPath(call.root + path)) }
    }
}
