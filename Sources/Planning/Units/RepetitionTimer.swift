import Base

extension Plan {
    /// The names of the timers of tasks that repeat.
    public var timerNames: [String] {
        steps.lazy.map(\.task).filter { $0.interval != nil }.map { timerName(ofTask: $0.name) }
    }
}

/// Returns the text of the timer that starts the repetitions of a task.
///
/// The timer is active as long as the unit of the task is. The interval begins at the end of a run, so runs never
/// overlap, and is measured on a clock that time corrections do not affect. A random delay keeps nodes that were
/// started together from repeating a task at the same time.
///
/// - Parameters:
///   - task: The task.
///   - interval: The time between two runs.
/// - Returns: The text of the unit.
func repetitionTimer(_ task: PlannedTask, every interval: Duration) -> String {
    timer(
        "Repetitions of task \(task.name) of the Kubernetes node bootstrap",
        unit: [("BindsTo", task.unitName), ("After", task.unitName)],
        [
            ("OnActiveSec", interval.text), ("OnUnitInactiveSec", interval.text),
            ("RandomizedDelaySec", repetitionDelay(interval).text), ("AccuracySec", "1s"),
            ("Unit", repetitionUnitName(ofTask: task.name)),
        ]
    )
}

/// Returns timers that systemd stops, in place of the timers of tasks that no longer repeat.
///
/// - Parameter tasks: The names of the tasks.
/// - Returns: A timer for each task, which nothing starts.
public func stoppedTimers(ofTasks tasks: [String]) -> [UnitFile] {
    tasks.filter(isTaskName).map { task in
        stoppedTimer(
            timerName(ofTask: task),
            of: repetitionUnitName(ofTask: task),
            "Repetitions of task \(task)",
            because: "it does not repeat"
        )
    }
}

/// Returns a timer that systemd stops.
///
/// systemd lists an active timer as failed if its file is removed.
///
/// - Parameters:
///   - name: The timer's name.
///   - service: The service that the timer started.
///   - description: The purpose of the timer.
///   - reason: The reason why the timer is stopped.
/// - Returns: A timer that nothing starts.
func stoppedTimer(_ name: String, of service: String, _ description: String, because reason: String) -> UnitFile {
    var unit = UnitText(comment: "Made by nest-bootstrap, to stop an earlier timer of this name.")
    unit.section("Unit")
    unit.set("Description", "\(description) (\(reason))")
    unit.set("DefaultDependencies", "no")
    unit.set("StopWhenUnneeded", "yes")
    unit.set("CollectMode", "inactive-or-failed")
    unit.section("Timer")
    // A timer must have an elapse time.
    unit.set("OnActiveSec", Limit.longestInterval.text)
    unit.set("Unit", service)
    return UnitFile(path: name, content: .text(unit.text))
}

/// Returns the maximum delay of a repetition, which prevents all nodes from repeating a task at the same moment.
///
/// - Parameter interval: The time between the end of a run and its repetition.
/// - Returns: The longest delay.
public func repetitionDelay(_ interval: Duration) -> Duration { min(interval / 10, Limit.intervalSpread) }
