public import Base
import YAML

/// The name of the service that fails while the node's tasks are not well: while one has failed, or the task file is
/// invalid.
public let healthUnitName = "k8s-bootstrap-health.service"

/// The description of that service while the task file is invalid.
public let invalidHealthDescription = "Health of the Kubernetes node bootstrap (the task file is invalid)"

/// Returns the name of the service that a task's first failure and its recovery start.
public func alertUnitName(ofTask task: String) -> String { "k8s-bootstrap-alert@\(task).service" }

/// Returns the name of the service that is started after each attempt of a task, and runs if a task has failed before.
public func recoveryUnitName(ofTask task: String) -> String { "k8s-bootstrap-recovery@\(task).service" }

/// Returns the name of the timer that starts the target again after a delay.
public func retryTimerName(delay: Duration) -> String { "k8s-bootstrap--retry@\(delay.components.seconds)s.timer" }

/// Whether a name begins with that of the units of tasks and is the name of another unit of the program.
func isReservedTaskName(_ name: String) -> Bool { unitName(ofTask: name) == healthUnitName }

/// Returns the units that every node has in addition to those of its tasks.
///
/// The target is ordered after all tasks, and reached only if then there is no file that lists failed tasks. The unit of
/// a task writes it before systemd knows that the task has failed.
///
/// - Parameters:
///   - call: How the units call the program.
///   - timers: The timers of tasks that repeat; a unit that is active already does not start what it wants.
///   - report: How the node reports to the cluster, `nil` if it does not.
///   - invalid: The first mistake, if the task file is invalid.
///   - hasClosedDirectories: Whether tasks write secrets into directories that the units of others have empty.
/// - Returns: The health service, the recovery and alert services, the timer of retries, the service of metrics with its
///   timer, the units that report to the cluster, and a drop-in for the target.
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

/// Replaces the drop-in of all tasks, which has the same name and would apply to every `k8s-bootstrap-*.service`.
private let overridingDropIn = "# Made by nest-bootstrap. The settings of tasks do not apply to this unit.\n"

private func healthUnit(_ call: ProgramInvocation, isInvalid: Bool, _ hasClosedDirectories: Bool) -> String {
    var unit = supervisingUnit(isInvalid ? invalidHealthDescription : "Health of the Kubernetes node bootstrap")
    unit.section("Service")
    if hasClosedDirectories {
        // It runs before all tasks. systemd would create them itself, and 'reset' would leave them.
        unit.comment("Lists and creates the directories that the units of tasks have empty.")
        unit.command("ExecStartPre", prefixes: "-+", [call.program, "run", "--prepare"] + call.flags)
    }
    unit.command("ExecStart", [call.program, "supervise"] + call.flags)
    addSupervisingSettings(&unit, call)
    // From the lists it removes reset commands that a task no longer has.
    unit.path("ReadWritePaths", call.root + productsDirectory)
    return unit.text
}

/// The service that notes that a task has succeeded: if it had failed before, or if there are metrics to write.
///
/// Only if a task has failed there is a file that lists failed tasks.
///
/// As a service of its own it costs nothing otherwise. A command in the unit of the task would have the mounts of its
/// sandbox made once more.
private func recoveryUnit(_ call: ProgramInvocation) -> String {
    var unit = supervisingUnit("Recovery of task %i of the Kubernetes node bootstrap")
    unit.set("ConditionPathExists", "|\(call.root)/run/nest-bootstrap/health.json")
    unit.set("ConditionPathIsDirectory", "|\(call.root)\(metricsDirectory)")
    unit.set("After", unitName(ofTask: "%i"))
    // The target is reached only if there is no such file.
    unit.set("Before", targetName)
    unit.section("Service")
    // A recovery that is not recorded now is recorded when the next task has ended.
    let supervise = [call.program, "supervise"] + call.flags
    unit.set("ExecStart", "-:" + supervise.map(unitWord).joined(separator: " ") + " %i")
    // Keeps systemd from logging after every success that the condition is not met.
    unit.set("LogLevelMax", "notice")
    addSupervisingSettings(&unit, call)
    return unit.text
}

/// The beginning of a service that starts and stops others.
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

/// Adds the settings of the service that is such a unit, after its commands.
func addSupervisingSettings(_ unit: inout UnitText, _ call: ProgramInvocation) {
    unit.set("Type", "oneshot")
    unit.set("TimeoutStartSec", "\(Limit.unitGracePeriod)")
    // Entries of the tasks have another identifier, and fields that its lines do not have.
    unit.set("SyslogIdentifier", "k8s-bootstrap-health")
    unit.set("Environment", "SWIFT_BACKTRACE=enable=no")
    unit.set("RuntimeDirectory", "nest-bootstrap")
    unit.set("RuntimeDirectoryPreserve", "yes")
    // So that `systemctl status` of the target shows the lines too.
    unit.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
    // It starts and stops units, by the bus, which asks for root. It reads the records and certificates of every user, and
    // writes metrics into a directory that may belong to a service.
    unit.set("CapabilityBoundingSet", "\(UnitSandbox.reading) CAP_DAC_OVERRIDE")
    for (key, value) in isolation + confinement { unit.set(key, value) }
    for (key, value) in [
        ("PrivateNetwork", "yes"), ("IPAddressDeny", "any"), ("RestrictAddressFamilies", "AF_UNIX"),
        ("ProtectSystem", "strict"),
    ] { unit.set(key, value) }
    // In /run it needs the records, which it writes, and the bus.
    unit.set("TemporaryFileSystem", "/run:ro")
    unit.path("BindPaths", "\(call.root)/run/nest-bootstrap")
    let seen = [
        "/run/dbus", "/run/systemd/journal/socket", "/run/systemd/notify", "/run/systemd/system",
        "/run/systemd/generator",
    ]
    for path in seen { unit.path("BindReadOnlyPaths", path) }
    // Metrics are also about certificates below these.
    let open = ["/etc/rancher", "/etc/ssl/private", "/var/lib/rancher"]
    let hidden = HiddenPaths.ofNoTask.filter { !isPath($0, at: UnitView.run) && !open.contains($0) }
    for path in hidden + ["device-plugins", "plugins", "pod-resources", "pods"].map({ "/var/lib/kubelet/\($0)" }) {
        unit.path("InaccessiblePaths", path)
    }
    unit.path("ReadWritePaths", call.root + metricsDirectory)
}

/// Settings of the units that supervise tasks, report and alert, which keep the machine's devices and kernel from them.
let isolation = [
    ("ProtectHome", "read-only"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"), ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"), ("ProtectKernelLogs", "yes"), ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"), ("ProtectHostname", "yes"), ("RestrictNamespaces", "yes"), ("RestrictRealtime", "yes"),
    ("LockPersonality", "yes"), ("SystemCallArchitectures", "native"),
]

/// Settings of the units among these in which only the program runs.
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
    // The task has failed, or has not succeeded yet.
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

/// Returns the units of a node whose task file is invalid: the health service fails and prints the mistakes.
///
/// - Parameters:
///   - problems: What is wrong.
///   - call: How the units call the program.
///   - isPublic: Whether every user may know what the task file has.
///   - report: How the node reports that to the cluster, `nil` if it does not.
///   - plan: What could be read of the plan.
///   - known: Tasks of this boot that may be running. Their units stay, so that they are not stopped; a start
///     fails, because the health service does.
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

/// The unit of a task of which nothing but its name is known; it is never started.
private func placeholderUnit(for task: String, _ call: ProgramInvocation) -> UnitFile {
    var unit = UnitText(comment: "Made by nest-bootstrap, because the task file is invalid. Changes here are lost.")
    unit.section("Unit")
    unit.set("Description", "Task \(task) (the task file is invalid)")
    // It fails while the task file is invalid. When the file has become valid, it has the real unit loaded first.
    unit.set("Requires", healthUnitName)
    unit.section("Service")
    unit.command("ExecStart", [call.program, "run", "--task", task] + call.flags)
    // The program has a deadline of its own, at most the longest that a task may have.
    unit.set("TimeoutStartSec", "\(Limit.timeout.components.seconds + Limit.unitGracePeriod)")
    return UnitFile(path: unitName(ofTask: task), content: .text(unit.text))
}

/// Returns the units of tasks that were removed from the task file after they had started on this boot.
///
/// systemd stops them, because no unit needs them, and forgets them, also if they have failed.
///
/// - Parameters:
///   - tasks: The names of the tasks.
///   - call: How the units call the program.
/// - Returns: Services and a timer for each.
public func unitsOfRemovedTasks(_ tasks: [String], _ call: ProgramInvocation) -> [UnitFile] {
    tasks.filter(isTaskName).flatMap { task in
        var unit = UnitText(comment: "Made by nest-bootstrap, because the task is no longer in the task file.")
        unit.section("Unit")
        unit.set("Description", "Task \(task) (removed from the task file)")
        unit.set("StopWhenUnneeded", "yes")
        unit.set("CollectMode", "inactive-or-failed")
        unit.section("Service")
        // A service must have a command; nothing starts this one.
        unit.command("ExecStart", [call.program, "--version"])
        let services = [unitName(ofTask: task), repetitionUnitName(ofTask: task)]
        return services.map { UnitFile(path: $0, content: .text(unit.text)) }
    } + stoppedTimers(ofTasks: tasks)
}
