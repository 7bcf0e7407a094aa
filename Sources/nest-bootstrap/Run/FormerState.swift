import Actions
import Base
import Host
import Planning
import State

extension Configuration {
    /// Reads the state of what a task changes other than paths, as commands with which `reset` restores it.
    ///
    /// The commands leave a unit alone that no longer exists when they run. Images that the task imports are not known yet;
    /// their labels will show which to remove.
    ///
    /// - Returns: The states; none for a unit that does not exist, or with a root, below which such a task
    ///   changes nothing.
    /// - Throws: ``Base/SystemError`` if systemd does not answer.
    func formerStates(of task: PlannedTask) async throws(SystemError) -> [ProductList.FormerState] {
        guard options.root == nil else { return [] }
        if let declaration = task.verb.declaration as? ImagesDeclaration {
            let commands = declaration.removalCommands(ofTask: task.name)
            return [
                .init("images that '\(declaration.socket.path)' had before task '\(task.name)'", commands: commands)
            ]
        }
        guard let service = task.footprint.service, Systemd.isReachable else { return [] }
        let state = try await Systemd.installedUnit(service.unit)
        guard state.unit.load != "not-found" else { return [] }
        func call(_ word: String) -> String { shellLine(["systemctl", word, "--", service.unit]) }
        func unless(_ condition: String, _ command: String) -> String { "! \(condition) >/dev/null 2>&1 || \(command)" }
        var states: [ProductList.FormerState] = []
        if service.changesEnabling {
            let commands =
                state.isEnabled ? unless(call("cat"), call("enable")) : unless(call("is-enabled"), call("disable"))
            states.append(.init("start of unit '\(service.unit)' at boot", commands: commands))
        }
        if service.changesState {
            let commands = unless(call("cat"), call(state.isUp ? "start" : "stop"))
            states.append(.init("state of unit '\(service.unit)'", commands: commands))
        }
        return states
    }

    /// Records the states that a task is about to change, except for those of which the state before is known.
    ///
    /// A state that another task has changed is not the former one, such as after a task was renamed.
    ///
    /// - Throws: ``Base/SystemError`` if the lists cannot be read or written.
    func note(_ states: [ProductList.FormerState], of task: PlannedTask) throws(SystemError) {
        guard !states.isEmpty else { return }
        let lists = try Self.products(options)
        let recorded = try lists.lists().lists.flatMap(\.former).map(\.subject)
        for state in states where !recorded.contains(state.subject) {
            try lists.note(state, of: task.name, at: plan.position(of: task.name) ?? 0)
        }
    }
}
