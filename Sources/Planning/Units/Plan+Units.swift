import YAML

/// The plan as systemd units.
extension Plan {
    /// Writes a unit for every task, with what makes systemd start it, and the one that checks the task file.
    ///
    /// What all units share is not in them but in the drop-in for `k8s-bootstrap-.service`.
    ///
    /// - Parameter call: How the units call the program.
    /// - Returns: The files, those of the tasks in the order of the plan.
    public func units(_ call: UnitCall) -> [UnitFile] {
        let secrets = Secrets(self, taskFiles: call.taskFiles)
        let dependants = dependantIndices
        let tasks = steps.indices.flatMap { index in
            let unit = TaskUnit(
                task: steps[index].task,
                dependencies: steps[index].dependencies.map { steps[$0].task.unitName },
                dependants: dependants[index].map { steps[$0].task.unitName },
                hidden: secrets.hidden(from: steps[index].task.verb),
                read: secrets.paths(readBy: steps[index].task.verb),
                call: call,
            )
            return unit.files
        }
        return checkUnits(call, isWrong: false) + tasks
    }
}

/// The target that stands for all tasks of the node.
let targetName = "k8s-bootstrap.target"

/// The unit of one task.
private struct TaskUnit {
    let task: TaskDeclaration
    let dependencies: [String]
    let dependants: [String]
    let hidden: Secrets.Hidden
    let read: [String]
    let call: UnitCall

    var files: [UnitFile] {
        let unit = UnitFile(path: task.unitName, content: .text(text))
        var seen: Set<String> = []
        let links = ([targetName] + task.wantedBy).filter { seen.insert($0).inserted }.map { other in
            UnitFile(path: "\(other).wants/\(task.unitName)", content: .link(to: "../\(task.unitName)"))
        }
        return [unit] + privileges + links
    }

    private var text: String {
        let file = task.place.file
        let line = task.place.mark.map { ":\($0.line)" } ?? ""
        var unit = UnitText(comment: "Made by nest-bootstrap from \(file)\(line). Changes here are lost.")
        unit.section("Unit")
        unit.set("Description", unitPhrase(task.description ?? "Task \(task.name) of this Kubernetes node"))
        if file.hasPrefix("/") { unit.set("SourcePath", unitPhrase(file)) }
        if !dependencies.isEmpty { unit.set("Wants", dependencies.joined(separator: " ")) }
        let units = task.after.compactMap { if case .unit(let name, _) = $0 { name } else { nil } }
        let earlier = dependencies + units
        if !earlier.isEmpty { unit.set("After", earlier.joined(separator: " ")) }

        unit.section("Service")
        addCommands(&unit)
        unit.set("TimeoutStartSec", "\(task.timeout.components.seconds + Limit.unitPatience)")
        if task.verb.keepsCache { unit.set("StateDirectory", "nest-bootstrap") }
        for path in writable { unit.path("ReadWritePaths", path) }
        return unit.text
    }

    private func addCommands(_ unit: inout UnitText) {
        let run = [call.program, "run", "--task", task.name] + call.flags
        if !task.verb.neededDirectories.isEmpty {
            // Where it may write has to be there before; what goes wrong here is told by the task itself.
            unit.comment("Makes the directories that it may write.")
            unit.command("ExecStartPre", prefixes: "-+", run + ["--only-directories"])
        }
        unit.command("ExecStart", run)
        guard !dependants.isEmpty else { return }
        // Nothing else ends the delay of a unit that waits to be restarted. By a pattern, because only units that match
        // one are chosen by their state.
        let patterns = dependants.prefix(Limit.wakenedCount).map { "[\($0.prefix(1))]\($0.dropFirst())" }
        unit.comment("Tasks that wait for this one and would otherwise sit out their minute.")
        unit.command(
            "ExecStartPost",
            prefixes: "-+",
            ["systemctl", "--quiet", "--no-block", "--state=auto-restart", "restart"] + patterns,
        )
    }

    /// What the task may write; with a root that is the whole of it.
    private var writable: [String] {
        guard call.root.isEmpty else { return [call.root] }
        var seen: Set<String> = []
        return task.verb.writablePaths.filter { seen.insert($0).inserted }
    }

    /// Where the task is unlike what all share.
    private var privileges: [UnitFile] {
        var hidden = hidden
        // What a task has written is below the root, what it has read may be or not.
        if !call.root.isEmpty { hidden.own = hidden.own.flatMap { [$0, call.root + $0] } }
        let settings = Privileges(task.verb, reads: read, writes: writable, hidden: hidden).settings
        guard !settings.isEmpty else { return [] }
        var drop = UnitText(comment: "Made by nest-bootstrap. Where this task is unlike others.")
        drop.section("Service")
        for (key, value) in settings { drop.set(key, value) }
        return [UnitFile(path: "\(task.unitName).d/50-privileges.conf", content: .text(drop.text))]
    }
}
