import Base

extension Plan {
    /// The names of the timers of tasks that repeat.
    public var timerNames: [String] {
        steps.lazy.map(\.task).filter { $0.interval != nil }.map { timerName(ofTask: $0.name) }
    }
}

/// Returns the timer that starts the repetitions of a task.
///
/// The timer is active as long as the task's unit. The interval begins at the end of a run, so runs never overlap, and
/// is measured on a clock that time corrections do not affect. A random delay keeps nodes that were started together
/// from repeating a task at the same time.
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

/// Returns timers that systemd stops, in place of earlier timers of the given tasks.
public func stoppedTimers(ofTasks tasks: [String]) -> [UnitFile] {
    tasks.filter(isTaskName).map { task in
        let description = "Repetitions of task \(task) (it does not repeat)"
        return stoppedTimer(timerName(ofTask: task), of: repetitionUnitName(ofTask: task), description)
    }
}

/// Returns a timer that systemd stops.
///
/// Without a file, systemd would list an active timer as failed.
func stoppedTimer(_ name: String, of service: String, _ description: String) -> UnitFile {
    stoppedUnit(name, description) { unit in
        unit.section("Timer")
        // systemd refuses to load a timer without a time setting.
        unit.set("OnActiveSec", Limit.longestInterval.text)
        unit.set("Unit", service)
    }
}

/// Returns a unit that replaces an earlier unit of this name, so that systemd stops and unloads the earlier unit.
func stoppedUnit(_ name: String, _ description: String, _ addSection: (inout UnitText) -> Void) -> UnitFile {
    var unit = UnitText(description, comment: "Made by nest-bootstrap, to stop an earlier unit of this name.")
    unit.set("StopWhenUnneeded", "yes")
    unit.set("CollectMode", "inactive-or-failed")
    addSection(&unit)
    return UnitFile(path: name, content: .text(unit.text))
}

/// Returns the longest random delay of a repetition.
public func repetitionDelay(_ interval: Duration) -> Duration { min(interval / 10, Limit.intervalSpread) }
