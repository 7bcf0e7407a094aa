import Base
import Planning

/// Settings of the kernel that will not have the value that a task gives them.
extension NodeCheck {
    /// Reports settings that files of the node, or other tasks, set to another value.
    func settingWarnings() -> [Problem] {
        var first: [[String]: (task: String, value: String)] = [:]
        var warnings: [Problem] = []
        for task in run.plan.steps.lazy.map(\.task) {
            guard let declaration = task.verb.declaration as? SysctlDeclaration else { continue }
            for setting in declaration.settings {
                guard let other = first[setting.parts] else {
                    first[setting.parts] = (task.name, setting.value)
                    continue
                }
                guard !KernelSetting.isSame(other.value, setting.value) else { continue }
                warnings.append(
                    Problem(
                        .contradictingKeys,
                        "task '\(task.name)' sets '\(setting.name)' to \(setting.value), and task '\(other.task)' to "
                            + other.value,
                        at: setting.location,
                        hint: "remove one of the two"
                    )
                )
            }
            if !isOffline { warnings += LaterSettings(run.files).problems(of: declaration) }
        }
        return warnings
    }
}
