/// The directory of the node exporter's textfile collector, where metrics are written if it exists.
public let metricsDirectory = "/var/lib/prometheus/node-exporter"

let metricsUnitName = "k8s-bootstrap--metrics.service"
let metricsTimerName = "k8s-bootstrap--metrics.timer"

/// Returns the text of the service that writes the metrics at times other than the end of a task.
func metricsUnit(_ call: ProgramInvocation) -> String {
    var unit = supervisingUnit("Metrics of the Kubernetes node bootstrap")
    unit.set("After", targetName)
    unit.set("ConditionPathIsDirectory", call.root + metricsDirectory)
    unit.section("Service")
    // A failure is only a warning in the journal, and does not make the system degraded.
    unit.command("ExecStart", prefixes: "-", [call.program, "supervise", "--only-metrics"] + call.flags)
    // This level keeps systemd from logging every start.
    unit.set("LogLevelMax", "notice")
    addSupervisingSettings(&unit, call)
    return unit.text
}

/// Returns the text of the timer that starts the metrics service every hour.
///
/// The target starts the service when the tasks have ended. Later, software other than the node's tasks, such as the
/// kubelet, may replace certificates.
func metricsTimer(_ call: ProgramInvocation) -> String {
    var unit = UnitText(comment: "Made by nest-bootstrap. Changes here are lost.")
    unit.section("Unit")
    unit.set("Description", "Hourly metrics of the Kubernetes node bootstrap")
    unit.set("ConditionPathIsDirectory", call.root + metricsDirectory)
    unit.set("DefaultDependencies", "no")
    unit.set("Conflicts", "shutdown.target")
    unit.set("Before", "shutdown.target")
    unit.section("Timer")
    unit.set("OnUnitInactiveSec", "1h")
    unit.set("Unit", metricsUnitName)
    return unit.text
}
