public import Base
import YAML

/// The name of the service that fails while a task has failed or the task file is invalid.
public let healthUnitName = "k8s-bootstrap-health.service"

/// The description of the health service while the task file is invalid.
public let invalidHealthDescription = "Health of the Kubernetes node bootstrap (the task file is invalid)"

/// Returns the name of the service that is started by a task's first failure and by its recovery.
public func alertUnitName(ofTask task: String) -> String { "k8s-bootstrap-alert@\(task).service" }

/// Returns the name of the service that runs after each attempt of a task, unless its conditions prevent it.
public func recoveryUnitName(ofTask task: String) -> String { "k8s-bootstrap-recovery@\(task).service" }

/// Returns the name of the timer that starts the target again after a delay.
public func retryTimerName(delay: Duration) -> String { "k8s-bootstrap--retry@\(delay.components.seconds)s.timer" }

/// Returns whether the unit of a task with this name would have the name of another unit of the program.
func isReservedTaskName(_ name: String) -> Bool { unitName(ofTask: name) == healthUnitName }

/// Returns the units that every node has in addition to the units of tasks.
///
/// The target is ordered after all tasks, and is reached only if no file lists failed tasks by then. The unit of a task
/// writes the file before systemd knows that the task has failed.
///
/// - Parameters:
///   - call: The invocation of the program by the units.
///   - timers: The timers of tasks that repeat. The target wants them too, because an active unit does not start the
///     units that it wants.
///   - report: The units that report to the cluster, or `nil` if the node does not report.
///   - invalid: The first problem, if the task file is invalid.
///   - hasClosedDirectories: Whether tasks write secrets into directories that are empty for the units of other tasks.
/// - Returns: The health service, the recovery and alert services, the timer of retries, the service of metrics with
///   its timer, the units that report to the cluster, and a drop-in for the target.
func commonUnits(
    _ call: ProgramInvocation,
    timers: [String] = [],
    report: ReportUnits? = nil,
    invalid: String? = nil,
    hasClosedDirectories: Bool = false,
) -> [UnitFile] {
    var target = UnitText(comment: "Made by nest-bootstrap. Changes here are lost.")
    target.section("Unit")
    if let invalid { target.set("Description", unitPhrase(invalid)) }
    target.set(invalid == nil ? "Wants" : "Requires", healthUnitName)
    for timer in timers { target.set("Wants", timer) }
    target.set("After", healthUnitName)
    target.set("Wants", metricsTimerName)
    if report != nil { target.set("Wants", "\(reportUnitName) \(reportTimerName) \(reportEndUnitName)") }
    if invalid == nil { target.set("AssertPathExists", "!\(call.root)/run/nest-bootstrap/health.json") }
    let texts =
        [
            (healthUnitName, healthUnit(call, isInvalid: invalid != nil, hasClosedDirectories)),
            (recoveryTemplateName, recoveryUnit(call)),
            (alertTemplateName, alertUnit(call)),
            (retryTemplateName, retryTimer),
            (metricsUnitName, metricsUnit(call)),
            (metricsTimerName, metricsTimer(call)),
            ("\(targetName).d/50-health.conf", target.text),
        ] + (report?.texts(call) ?? [])
    let others = [healthUnitName, recoveryTemplateName, alertTemplateName, metricsUnitName]
    let ofReport = report == nil ? [] : [reportUnitName, reportEndUnitName]
    let withoutSharedSettings = (others + ofReport).map { name in
        UnitFile(path: "\(name).d/10-nest-bootstrap.conf", content: .text(overridingDropIn))
    }
    return texts.map { UnitFile(path: $0, content: .text($1)) } + withoutSharedSettings
}

let recoveryTemplateName = "k8s-bootstrap-recovery@.service"
let alertTemplateName = "k8s-bootstrap-alert@.service"
let retryTemplateName = "k8s-bootstrap--retry@.timer"

/// The text that overrides the drop-in of task units, which otherwise applies to every `k8s-bootstrap-*.service`.
private let overridingDropIn = "# Made by nest-bootstrap. The settings of tasks do not apply to this unit.\n"

private func healthUnit(_ call: ProgramInvocation, isInvalid: Bool, _ hasClosedDirectories: Bool) -> String {
    var unit = supervisingUnit(isInvalid ? invalidHealthDescription : "Health of the Kubernetes node bootstrap")
    unit.section("Service")
    if hasClosedDirectories {
        // The service runs before all tasks. Otherwise, systemd would create the directories, and 'reset' would not
        // remove them.
        unit.comment("Lists and creates the directories that the units of tasks have empty.")
        unit.command("ExecStartPre", prefixes: "-+", [call.program, "run", "--prepare"] + call.flags)
    }
    unit.command("ExecStart", [call.program, "supervise"] + call.flags)
    addSupervisingSettings(&unit, call)
    // The service removes obsolete reset commands from the lists of products.
    unit.path("ReadWritePaths", call.root + productsDirectory)
    return unit.text
}

/// Returns the service that records the success of a task if one had failed before, or if metrics are written.
///
/// The file that lists failed tasks exists only if a task has failed.
///
/// A separate service costs nothing if its conditions are not met, whereas systemd would set up the sandbox mounts of
/// the task's unit once more for a command in that unit.
private func recoveryUnit(_ call: ProgramInvocation) -> String {
    var unit = supervisingUnit("Recovery of task %i of the Kubernetes node bootstrap")
    unit.set("ConditionPathExists", "|\(call.root)/run/nest-bootstrap/health.json")
    unit.set("ConditionPathIsDirectory", "|\(call.root)\(metricsDirectory)")
    unit.set("After", unitName(ofTask: "%i"))
    // The target is reached only if the file of failed tasks does not exist.
    unit.set("Before", targetName)
    unit.section("Service")
    // A recovery that cannot be recorded now is recorded when the next task has ended.
    let supervise = [call.program, "supervise"] + call.flags
    unit.set("ExecStart", "-:" + supervise.map(unitWord).joined(separator: " ") + " %i")
    // This level keeps systemd from logging an unmet condition after every success.
    unit.set("LogLevelMax", "notice")
    addSupervisingSettings(&unit, call)
    return unit.text
}

/// Begins the unit of a service that starts and stops other units.
func supervisingUnit(_ description: String) -> UnitText {
    var unit = UnitText(comment: "Made by nest-bootstrap. Changes here are lost.")
    unit.section("Unit")
    unit.set("Description", description)
    unit.set("DefaultDependencies", "no")
    unit.set("Requires", "sysinit.target")
    unit.set("After", "sysinit.target basic.target dbus.socket")
    unit.set("Conflicts", "shutdown.target")
    unit.set("Before", "shutdown.target")
    unit.set("StartLimitIntervalSec", "0")
    return unit
}

/// Adds the service settings of a supervising unit, after its commands.
func addSupervisingSettings(_ unit: inout UnitText, _ call: ProgramInvocation) {
    unit.set("Type", "oneshot")
    unit.set("TimeoutStartSec", "\(Limit.unitGracePeriod)")
    // Journal entries of tasks have a different identifier, and fields that entries of this service do not have.
    unit.set("SyslogIdentifier", "k8s-bootstrap-health")
    unit.set("Environment", "SWIFT_BACKTRACE=enable=no")
    unit.set("RuntimeDirectory", "nest-bootstrap")
    unit.set("RuntimeDirectoryPreserve", "yes")
    // This field makes `systemctl status` of the target show the lines too.
    unit.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
    // The service starts and stops units over the bus, which requires root. It reads the records and certificates of
    // every user, and writes metrics into a directory that may belong to a service.
    unit.set("CapabilityBoundingSet", "\(UnitSandbox.reading) CAP_DAC_OVERRIDE")
    for (key, value) in isolation + confinement { unit.set(key, value) }
    for (key, value) in [
        ("PrivateNetwork", "yes"), ("IPAddressDeny", "any"), ("RestrictAddressFamilies", "AF_UNIX"),
        ("ProtectSystem", "strict"),
    ] { unit.set(key, value) }
    // In /run, the service needs the bus, systemd's sockets and units, and the records, which it also writes.
    unit.set("TemporaryFileSystem", "/run:ro")
    unit.path("BindPaths", "\(call.root)/run/nest-bootstrap")
    let seen = [
        "/run/dbus", "/run/systemd/journal/socket", "/run/systemd/notify", "/run/systemd/system",
        "/run/systemd/generator",
    ]
    for path in seen { unit.path("BindReadOnlyPaths", path) }
    // Metrics also cover certificates below these directories.
    let open = ["/etc/rancher", "/etc/ssl/private", "/var/lib/rancher"]
    let hidden = HiddenPaths.ofNoTask.filter { !isPath($0, at: UnitView.run) && !open.contains($0) }
    for path in hidden + ["device-plugins", "plugins", "pod-resources", "pods"].map({ "/var/lib/kubelet/\($0)" }) {
        unit.path("InaccessiblePaths", path)
    }
    unit.path("ReadWritePaths", call.root + metricsDirectory)
}

/// Settings that isolate supervising, reporting and alerting units from the machine's devices and kernel.
let isolation = [
    ("ProtectHome", "read-only"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"), ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"), ("ProtectKernelLogs", "yes"), ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"), ("ProtectHostname", "yes"), ("RestrictNamespaces", "yes"), ("RestrictRealtime", "yes"),
    ("LockPersonality", "yes"), ("SystemCallArchitectures", "native"),
]

/// Settings of the isolated units in which only this program runs.
let confinement = [
    ("NoNewPrivileges", "yes"), ("PrivateIPC", "yes"), ("ProtectProc", "invisible"), ("RestrictSUIDSGID", "yes"),
    ("MemoryDenyWriteExecute", "yes"), ("KeyringMode", "private"), ("SystemCallErrorNumber", "EPERM"),
    ("SystemCallFilter", "@system-service"), ("SystemCallFilter", "~@privileged @resources"), ("UMask", "0022"),
]

private func alertUnit(_ call: ProgramInvocation) -> String {
    var unit = UnitText(
        comment: "Made by nest-bootstrap. Changes here are lost; use 'systemctl edit \(alertTemplateName)'."
    )
    unit.section("Unit")
    unit.set("Description", "Alert about task %i of the Kubernetes node bootstrap")
    unit.section("Service")
    unit.set("Type", "oneshot")
    let status = [call.program, "status"] + call.flags
    unit.set("ExecStart", ":" + status.map(unitWord).joined(separator: " ") + " %i")
    // These are the exit codes of `status` for a task that has failed or has not succeeded yet.
    unit.set("SuccessExitStatus", "1 3")
    unit.set("SyslogIdentifier", "k8s-bootstrap-alert")
    // Commands that administrators add may need the network and the queue of a mail server.
    unit.set("ProtectSystem", "full")
    for (key, value) in isolation { unit.set(key, value) }
    return unit.text
}

private let retryTimer = """
    # Made by nest-bootstrap. Changes here are lost.

    [Unit]
    Description=Retry of failed Kubernetes node bootstrap tasks in %i

    [Timer]
    OnActiveSec=%i
    AccuracySec=1s
    RemainAfterElapse=no
    Unit=\(targetName)

    """

/// Returns the units of a node whose task file is invalid: the health service fails and prints the problems.
///
/// - Parameters:
///   - problems: The problems of the task file.
///   - call: The invocation of the program by the units.
///   - isPublic: Whether every user may read the content of the task file.
///   - report: The declaration of the node's reports to the cluster, or `nil` if the node does not report.
///   - plan: The part of the plan that could be read.
///   - known: Tasks of this boot that may be running. The units of these tasks are kept so that systemd does not stop
///     the tasks; a start fails, because the health service fails.
/// - Returns: The units that every node has, and the units of known tasks, whose timers are stopped.
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
    return commonUnits(call, report: reporting, invalid: summary)
        + known.filter(isTaskName).map { placeholderUnit(for: $0, call) }
        + stoppedTimers(ofTasks: known)
}

/// Creates a unit, which is never started, for a task of which only the name is known.
private func placeholderUnit(for task: String, _ call: ProgramInvocation) -> UnitFile {
    var unit = UnitText(comment: "Made by nest-bootstrap, because the task file is invalid. Changes here are lost.")
    unit.section("Unit")
    unit.set("Description", "Task \(task) (the task file is invalid)")
    // The health service fails while the task file is invalid. Once the file is valid, the service loads the real unit
    // first.
    unit.set("Requires", healthUnitName)
    unit.section("Service")
    unit.command("ExecStart", [call.program, "run", "--task", task] + call.flags)
    // The program has its own deadline, which is at most the longest timeout of a task.
    unit.set("TimeoutStartSec", "\(Limit.timeout.components.seconds + Limit.unitGracePeriod)")
    return UnitFile(path: unitName(ofTask: task), content: .text(unit.text))
}

/// Returns the units of tasks that were removed from the task file after they had started on this boot.
///
/// systemd stops these units, because no other unit needs them, and unloads these units even after a failure.
///
/// - Parameters:
///   - tasks: The names of the removed tasks.
///   - call: The invocation of the program by the units.
/// - Returns: Two services and a timer for each task.
public func unitsOfRemovedTasks(_ tasks: [String], _ call: ProgramInvocation) -> [UnitFile] {
    tasks.filter(isTaskName).flatMap { task in
        var unit = UnitText(comment: "Made by nest-bootstrap, because the task is no longer in the task file.")
        unit.section("Unit")
        unit.set("Description", "Task \(task) (removed from the task file)")
        unit.set("StopWhenUnneeded", "yes")
        unit.set("CollectMode", "inactive-or-failed")
        unit.section("Service")
        // A service must have a command, although nothing starts this service.
        unit.command("ExecStart", [call.program, "--version"])
        let services = [unitName(ofTask: task), repetitionUnitName(ofTask: task)]
        return services.map { UnitFile(path: $0, content: .text(unit.text)) }
    } + stoppedTimers(ofTasks: tasks)
}
