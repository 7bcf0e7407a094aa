import Actions
import Base
import Host
import Planning
import State

/// The recording of how a task is undone, before it acts.
extension Configuration {
    /// Records the commands that undo a task, and the states that it is about to change.
    ///
    /// A state that another task has changed is not the former one, such as after a task was renamed.
    func noteReset(of task: PlannedTask) async throws(Problem) {
        let states: [ProductList.FormerState]
        do throws(SystemError) {
            states = try await formerStates(of: task)
        } catch {
            throw Problem("cannot read the state that task '\(task.name)' changes", hint: error.advice, cause: error)
        }
        do throws(SystemError) {
            let (lists, position) = (try Self.products(options), plan.position(of: task.name) ?? 0)
            try lists.note(task.resetCommands, of: task.name, at: position)
            let recorded = states.isEmpty ? [] : try lists.lists().lists.flatMap(\.former).map(\.subject)
            for state in states where !recorded.contains(state.subject) {
                try lists.note(state, of: task.name, at: position)
            }
        } catch {
            throw unwritable("the list of what task '\(task.name)' makes", error)
        }
    }

    /// Reads the state of what a task changes other than paths, as commands with which `reset` restores it.
    ///
    /// The commands leave a unit alone that no longer exists when they run. Images that the task imports are not known yet;
    /// their labels will show which to remove.
    ///
    /// - Returns: The states; none for a unit that does not exist, or with a root, below which such a task
    ///   changes nothing.
    /// - Throws: ``Base/SystemError`` if systemd does not answer.
    private func formerStates(of task: PlannedTask) async throws(SystemError) -> [ProductList.FormerState] {
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
}
