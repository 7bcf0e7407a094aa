public import Base

/// The service that fails while a task has failed or the task file is invalid.
public let healthUnitName = "k8s-bootstrap-health.service"

/// The timer that repeats the health service while a task fails or the task file is invalid.
public let healthTimerName = "k8s-bootstrap-health.timer"

/// The description of the health service while the task file is invalid.
public let invalidHealthDescription = "Health of the Kubernetes node bootstrap (the task file is invalid)"

/// Returns the name of the service that is started when a task or its repetition first fails and when it recovers.
public func alertUnitName(ofTask task: String) -> String { "k8s-bootstrap-alert@\(task).service" }

func isReservedTaskName(_ name: String) -> Bool { unitName(ofTask: name) == healthUnitName }

/// Returns the units that every node has in addition to the units of tasks.
///
/// The target requires the given tasks, so it is not active until all have succeeded. A failure starts the health
/// service and its timer; the service then starts the target again until no task has failed. If the task file is
/// invalid, `invalid` is the description of the target.
func commonUnits(
    _ call: ProgramInvocation,
    tasks: [PlannedTask],
    report: ReportUnits? = nil,
    invalid: String? = nil,
) -> [UnitFile] {
    var target = UnitText(invalid.map { unitPhrase($0) })
    if invalid != nil {
        target.set("AssertPathExists", "!/")
        target.set("Requires", healthUnitName)
        target.set("After", healthUnitName)
        // The service that the timer starts reads the task file again.
        target.set("Wants", healthTimerName)
    }
    for task in tasks { target.set("Requires", task.unitName) }
    // systemd does not start what an already active unit of a task wants, so the target wants the timers too.
    for task in tasks where task.interval != nil { target.set("Wants", timerName(ofTask: task.name)) }
    target.set("Wants", "\(metricsUnitName) \(metricsTimerName)")
    if report != nil { target.set("Wants", "\(reportUnitName) \(reportTimerName)") }
    let texts =
        [
            (healthUnitName, healthUnit(call, tasks, isInvalid: invalid != nil)),
            (healthTimerName, healthTimer),
            (alertTemplateName, alertUnit(call)),
            (metricsUnitName, metricsUnit(call, tasks)),
            (metricsTimerName, metricsTimer(call)),
            ("\(targetName).d/50-tasks.conf", target.text),
        ] + (report?.texts(call) ?? [])
    return texts.map { UnitFile(path: $0, content: .text($1)) }
}

let alertTemplateName = "k8s-bootstrap-alert@.service"

private func healthUnit(_ call: ProgramInvocation, _ tasks: [PlannedTask], isInvalid: Bool) -> String {
    var unit = UnitText(isInvalid ? invalidHealthDescription : "Health of the Kubernetes node bootstrap")
    unit.set("StartLimitIntervalSec", "0")
    unit.section("Service")
    unit.command("ExecStart", [call.program, "supervise"] + call.flags)
    addSupervisingSettings(&unit, call, tasks)
    return unit.text
}

private let healthTimer = timer(
    "Health of the Kubernetes node bootstrap while a task fails",
    [("OnActiveSec", "10s"), ("OnUnitInactiveSec", "10s"), ("AccuracySec", "1s")]
)

/// The directory of the node exporter's textfile collector, where metrics are written if it exists.
public let metricsDirectory = "/var/lib/prometheus/node-exporter"

private let metricsUnitName = "k8s-bootstrap--metrics.service"
private let metricsTimerName = "k8s-bootstrap--metrics.timer"

/// Returns the service that writes the metrics independently of the runs of tasks.
private func metricsUnit(_ call: ProgramInvocation, _ tasks: [PlannedTask]) -> String {
    var unit = UnitText("Metrics of the Kubernetes node bootstrap")
    unit.set("StartLimitIntervalSec", "0")
    unit.set("After", targetName)
    unit.set("ConditionPathIsDirectory", call.root + metricsDirectory)
    unit.section("Service")
    // A failure is only a warning in the journal, and does not make the system degraded.
    unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--only-metrics"] + call.flags)
    // At this level, systemd does not log every start.
    unit.set("LogLevelMax", "notice")
    addSupervisingSettings(&unit, call, tasks)
    return unit.text
}

/// Returns the timer of the metrics service, which runs every hour because other programs may replace certificates.
private func metricsTimer(_ call: ProgramInvocation) -> String {
    timer(
        "Hourly metrics of the Kubernetes node bootstrap",
        unit: [("ConditionPathIsDirectory", call.root + metricsDirectory)],
        [("OnUnitInactiveSec", "1h"), ("Unit", metricsUnitName)]
    )
}

/// Adds the settings that the health service and the metrics service share.
private func addSupervisingSettings(_ unit: inout UnitText, _ call: ProgramInvocation, _ tasks: [PlannedTask]) {
    unit.set("Type", "oneshot")
    unit.set("TimeoutStartSec", "\(Limit.unitGracePeriod)")
    // The journal entries of tasks have another identifier.
    unit.set("SyslogIdentifier", "k8s-bootstrap-health")
    unit.set("RuntimeDirectory", "nest-bootstrap")
    unit.set("RuntimeDirectoryPreserve", "yes")
    // With this field, `systemctl status` of the target shows the journal entries of this service too.
    unit.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
    // The health service starts and stops units over the bus, which requires root. Both services read the records and
    // certificates of every user, and write metrics into a directory that may belong to a service.
    unit.set("CapabilityBoundingSet", "\(Footprint.reading) CAP_DAC_OVERRIDE")
    for (key, value) in isolation + confinement { unit.set(key, value) }
    for (key, value) in [
        ("PrivateNetwork", "yes"), ("IPAddressDeny", "any"), ("RestrictAddressFamilies", "AF_UNIX"),
        ("ProtectSystem", "strict"),
    ] { unit.set(key, value) }
    // In /run, the services need the bus, the sockets and units of systemd, and the records, which they also write.
    unit.set("TemporaryFileSystem", "/run:ro")
    unit.path("BindPaths", "\(call.root)/run/nest-bootstrap")
    let seen = [
        "/run/dbus", "/run/systemd/journal/socket", "/run/systemd/notify", "/run/systemd/system",
        "/run/systemd/generator",
    ]
    for path in seen { unit.path("BindReadOnlyPaths", path) }
    // The metrics cover certificates that a program such as agenix writes below /run at boot.
    let used = tasks.flatMap(\.footprint.reads).filter { [.authority, .certificate].contains($0.use) }
    for path in Set(used.map { call.root + $0.path.path }).sorted() where isPath(path, below: "\(call.root)/run") {
        unit.path("BindReadOnlyPaths", path)
    }
    // The metrics cover certificates below these directories.
    let open = [
        "/etc/kubernetes", "/etc/pki/tls/private", "/etc/rancher", "/etc/ssl/private", "/var/lib/kubelet",
        "/var/lib/rancher",
    ]
    let hidden = Sandbox.hidden.filter { path in
        ["/etc", "/var/lib"].contains { isPath(path, below: $0) } && !open.contains { isPath(path, at: $0) }
    }
    for path in hidden + ["device-plugins", "plugins", "pod-resources", "pods"].map({ "/var/lib/kubelet/\($0)" }) {
        unit.path("InaccessiblePaths", path)
    }
    unit.path("ReadWritePaths", call.root + metricsDirectory)
}

/// Settings that isolate the health, metrics, report and alert services from the node's devices and kernel.
let isolation = [
    ("ProtectHome", "read-only"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"), ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"), ("ProtectKernelLogs", "yes"), ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"), ("ProtectHostname", "yes"), ("RestrictNamespaces", "yes"), ("RestrictRealtime", "yes"),
    ("LockPersonality", "yes"), ("SystemCallArchitectures", "native"),
]

/// Settings that restrict the processes of the health, metrics, report and alert services.
let confinement = [
    ("NoNewPrivileges", "yes"), ("PrivateIPC", "yes"), ("ProtectProc", "invisible"), ("RestrictSUIDSGID", "yes"),
    ("MemoryDenyWriteExecute", "yes"), ("KeyringMode", "private"), ("SystemCallErrorNumber", "EPERM"),
    ("SystemCallFilter", "@system-service"), ("SystemCallFilter", "~@privileged @resources"), ("UMask", "0022"),
]

private func alertUnit(_ call: ProgramInvocation) -> String {
    var unit = UnitText(
        "Alert about task %i of the Kubernetes node bootstrap",
        comment: "Made by nest-bootstrap. Changes here are lost; use 'systemctl edit \(alertTemplateName)'."
    )
    unit.section("Service")
    unit.set("Type", "oneshot")
    let status = [call.program, "status"] + call.flags
    unit.set("ExecStart", ":" + status.map(unitWord).joined(separator: " ") + " %i")
    // These are the exit codes of `status` for a task that has failed or has not succeeded yet.
    unit.set("SuccessExitStatus", "1 3")
    unit.set("SyslogIdentifier", "k8s-bootstrap-alert")
    // A drop-in that adds commands can lift these restrictions.
    unit.set("ProtectSystem", "strict")
    // `ProtectSystem` leaves /run writable if other settings mount the API file systems, as those of `isolation` do.
    unit.set("ReadOnlyPaths", "/run")
    unit.set("PrivateNetwork", "yes")
    unit.set("CapabilityBoundingSet", "")
    for (key, value) in isolation + confinement { unit.set(key, value) }
    return unit.text
}

/// Returns the units of a node whose task file is invalid.
///
/// Their health service fails and prints the problems.
///
/// Each task in `known`, which may have started on this boot, keeps a unit so that systemd does not stop it. Such a
/// unit cannot start. If every user may read the task file (`isPublic`), descriptions of units quote a problem.
public func unitsForInvalidConfiguration(
    _ problems: Problems,
    _ call: ProgramInvocation,
    isPublic: Bool,
    report: ReportDeclaration? = nil,
    plan: Plan = Plan(steps: []),
    known: [String] = []
) -> [UnitFile] {
    let count = problems.all.count
    let words = count == 1 ? "the task file is invalid" : "the task file has \(count) mistakes"
    // Every user can read the descriptions of units.
    let summary =
        isPublic
        ? problems.all.first.map { "\(words)\(count == 1 ? "" : ", the first"): \($0)" } ?? words
        : "\(words); run 'nest-bootstrap check' as root"
    let reporting = report.map { ReportUnits($0, plan) }
    return commonUnits(call, tasks: [], report: reporting, invalid: summary)
        + known.filter(isTaskName).map { placeholderUnit(for: $0, call) }
        + stoppedTimers(ofTasks: known)
}

/// Returns a unit that cannot start, for a task of which only the name is known.
private func placeholderUnit(for task: String, _ call: ProgramInvocation) -> UnitFile {
    var unit = UnitText(
        "Task \(task) (the task file is invalid)",
        comment: "Made by nest-bootstrap, because the task file is invalid. Changes here are lost."
    )
    // The health service fails while the task file is invalid, and reloads systemd once the file is valid.
    unit.set("Requires", healthUnitName)
    unit.set("OnFailure", "\(healthUnitName) \(healthTimerName)")
    unit.set("AssertPathExists", "!/")
    unit.section("Service")
    // A running task continues, and its success or failure counts.
    unit.set("Type", "oneshot")
    unit.set("RemainAfterExit", "yes")
    unit.command("ExecStart", [call.program, "run", "--task", task] + call.flags)
    // The program has its own deadline, which is at most the longest timeout of a task.
    unit.set("TimeoutStartSec", "\(Limit.timeout.components.seconds + Limit.unitGracePeriod)")
    return UnitFile(path: unitName(ofTask: task), content: .text(unit.text))
}

/// Returns two services and a timer for each of the given tasks, which are no longer in the plan.
///
/// systemd stops these units because no other unit needs them, and unloads them even after a failure.
public func unitsOfRemovedTasks(_ tasks: [String], _ call: ProgramInvocation) -> [UnitFile] {
    tasks.filter(isTaskName).flatMap { task in
        [unitName(ofTask: task), repetitionUnitName(ofTask: task)].map { name in
            stoppedUnit(name, "Task \(task) (removed from the task file)") { unit in
                unit.section("Service")
                // systemd refuses to load a service without a command.
                unit.command("ExecStart", [call.program, "--version"])
            }
        }
    } + stoppedTimers(ofTasks: tasks)
}
