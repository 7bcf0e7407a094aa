import Base

/// The name of the service that reports the state of the node to the cluster.
public let reportUnitName = "k8s-bootstrap--report.service"

let reportTimerName = "k8s-bootstrap--report.timer"
let reportEndUnitName = "k8s-bootstrap--report-end.service"

/// Returns the report timer of a node that does not report, which systemd stops.
public func stoppedReportTimer() -> UnitFile {
    stoppedTimer(reportTimerName, of: reportUnitName, reportTimerDescription, because: "the node does not report")
}

private let reportTimerDescription = "Regular report of the Kubernetes node bootstrap to the cluster"

/// The units that report the state of the node to the cluster.
///
/// The service sends, and goes on until it has. It is restarted when something has changed, so that no change is missed
/// while it runs, and changes at the same time become one report. No other unit is ordered after it.
struct ReportUnits {
    /// The kubeconfigs of which the first that exists is used.
    private let kubeconfigs: [String]
    /// The files to which these refer, if a task writes the kubeconfig.
    private let references: [String]
    /// Whether the task file names the kubeconfig, so that its absence is reported.
    private let isNamed: Bool
    /// Whether the task file names a kubeconfig that no task writes: its files are not known.
    private let mayReferToAnything: Bool

    /// Where administrators put keys of users: a named kubeconfig may refer to them.
    private static let keyDirectories = [
        "/etc/kubernetes/pki/etcd", "/etc/rancher", "/etc/ssh", "/etc/ssl/private", "/var/lib/private",
        "/var/lib/rancher",
    ]

    /// Prepares the units of a node with a plan.
    init(_ declaration: ReportDeclaration, _ plan: Plan) {
        let paths = declaration.kubeconfigs(plan)
        let writes = plan.steps.flatMap(\.task.footprint.writes).filter { paths.contains($0.path.path) }
        let written = writes.compactMap(\.kubeconfigFiles)
        references = written.flatMap(\.self)
        kubeconfigs = paths
        isNamed = declaration.kubeconfig != nil
        mayReferToAnything = isNamed && written.isEmpty
    }

    /// Returns the names and texts of the units.
    func texts(_ call: ProgramInvocation) -> [(String, String)] {
        [(reportUnitName, service(call)), (reportEndUnitName, end(call)), (reportTimerName, timer(call))]
    }

    private func service(_ call: ProgramInvocation) -> String {
        var unit = supervisingUnit("Report of the Kubernetes node bootstrap to the cluster")
        addConditions(&unit, call)
        unit.section("Service")
        // A report that cannot be sent is a warning in the journal, and no reason for the node to be degraded.
        unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--only-report"] + call.flags)
        // Nothing waits for it.
        unit.set("Type", "exec")
        unit.set("NotifyAccess", "main")
        unit.set("TimeoutStopSec", "5")
        // Keeps systemd from logging every start.
        unit.set("LogLevelMax", "notice")
        unit.set("SyslogLevel", "notice")
        unit.set("SyslogIdentifier", "k8s-bootstrap-report")
        unit.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
        unit.set("Environment", "SWIFT_BACKTRACE=enable=no")
        unit.set("RuntimeDirectory", "nest-bootstrap/report")
        unit.set("RuntimeDirectoryPreserve", "yes")
        // It reads the records and a kubeconfig, whose files belong to root or to a service, and talks to the API server.
        if call.root.isEmpty {
            unit.set("User", unitUser)
            unit.set("AmbientCapabilities", UnitSandbox.reading)
        }
        unit.set("CapabilityBoundingSet", UnitSandbox.reading)
        for (key, value) in isolation + confinement { unit.set(key, value) }
        for (key, value) in [
            ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
            // It separates itself from other processes.
            ("SystemCallFilter", "landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
            ("Environment", "NEST_UNIT=yes"),
            ("MemoryMax", "256M"), ("TasksMax", "64"), ("LimitCORE", "0"),
        ] { unit.set(key, value) }
        addView(&unit, call)
        return unit.text
    }

    /// Shows the service the base system, the records, and the kubeconfig with the files to which it refers.
    ///
    /// If these files are unknown, the service sees the node except for `/run` and the paths of ``hidden``.
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
            ? used.filter { isPath($0, at: UnitView.run) } : UnitView.baseSystem + Self.ofKubelets + used
        for path in ofEveryUnit + seen { unit.set("BindReadOnlyPaths", boundPath(path)) }
        if !call.root.isEmpty { unit.set("BindPaths", boundPath("\(call.root)/run/nest-bootstrap")) }
        for path in hidden { unit.path("InaccessiblePaths", path) }
    }

    /// The files and directories to which kubeconfigs of kubelets refer.
    private static let ofKubelets = [
        "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/pki", "/var/lib/rancher/k3s/agent",
        "/var/lib/rancher/rke2/agent",
    ]

    /// Secrets that are neither a kubeconfig nor a file to which one refers.
    private var hidden: [String] {
        let keys = ["ca.key", "etcd", "front-proxy-ca.key", "sa.key"].map { "/etc/kubernetes/pki/\($0)" }
        let kubeconfigs = ["admin", "controller-manager", "scheduler", "super-admin"].map {
            "/etc/kubernetes/\($0).conf"
        }
        // k3s has the files of the kubelet below these.
        let open = mayReferToAnything ? Self.keyDirectories : ["/etc/rancher", "/var/lib/rancher"]
        let used = (self.kubeconfigs + references).map(located)
        return (HiddenPaths.ofNoTask + keys + kubeconfigs + ["/var/lib/kubelet/pods"]).filter { path in
            !open.contains(path) && !used.contains { isPath($0, at: path) }
        }
    }

    /// The service that has the end of all tasks reported, once for each start of the target.
    private func end(_ call: ProgramInvocation) -> String {
        var unit = supervisingUnit("Report of the end of the Kubernetes node bootstrap tasks")
        addConditions(&unit, call)
        unit.set("After", targetName)
        unit.section("Service")
        unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--tasks-ended"] + call.flags)
        unit.set("LogLevelMax", "notice")
        addSupervisingSettings(&unit, call)
        return unit.text
    }

    /// The timer that starts the service every ten minutes, each node at its own time within these.
    ///
    /// The Node may have been deleted and registered again, there may be a kubeconfig now, and runs by hand of other users
    /// are noticed. The target starts the service too: at boot the cluster has the report of the last boot.
    private func timer(_ call: ProgramInvocation) -> String {
        var unit = UnitText(comment: "Made by nest-bootstrap. Changes here are lost.")
        unit.section("Unit")
        unit.set("Description", reportTimerDescription)
        unit.set("DefaultDependencies", "no")
        unit.set("Conflicts", "shutdown.target")
        unit.set("Before", "shutdown.target")
        unit.section("Timer")
        // Also while there is no kubeconfig, so that the service does not run.
        unit.set("OnCalendar", "*:0/10")
        // All nodes have the same calendar. systemd 247 and later keep the delay of a machine.
        unit.set("RandomizedDelaySec", "10min")
        unit.set("FixedRandomDelay", "yes")
        unit.set("AccuracySec", "1s")
        unit.set("Unit", reportUnitName)
        return unit.text
    }

    /// Keeps a service from running where there is no kubelet.
    private func addConditions(_ unit: inout UnitText, _ call: ProgramInvocation) {
        guard !isNamed else { return }
        for path in kubeconfigs { unit.set("ConditionPathExists", "|" + unitPath(call.root + path)) }
    }
}
