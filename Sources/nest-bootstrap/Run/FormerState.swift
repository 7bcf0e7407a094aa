import Base
import Host
import Planning
import State

extension Configuration {
    /// Records the state of what a task changes other than paths, before its first run, so that `reset` restores it.
    ///
    /// With a root, such a task changes nothing.
    ///
    /// - Throws: ``Base/SystemError`` if systemd does not answer, or the list of the task cannot be read or written.
    func noteFormerState(of task: PlannedTask) async throws(SystemError) {
        guard options.root == nil, let service = task.footprint.service, Systemd.isReachable else { return }
        let lists = try Self.products(options)
        // A state that another task has changed is not the former one, such as after a task was renamed.
        let recorded = try lists.lists().lists.flatMap(\.former).map(\.subject)
        for former in try await formerStates(of: service) where !recorded.contains(former.subject) {
            try lists.note(former, of: task.name, at: plan.position(of: task.name) ?? 0)
        }
    }

    /// Returns the present state of a unit, as commands that restore it; none for a unit that does not exist.
    ///
    /// The commands leave a unit alone that no longer exists when they run.
    private func formerStates(
        of service: Footprint.Service
    ) async throws(SystemError) -> [ProductList.FormerState] {
        let state = try await Systemd.installedUnit(service.unit)
        guard state.unit.load != "not-found" else { return [] }
        func call(_ word: String) -> String { shellLine(["systemctl", word, "--", service.unit]) }
        func unless(_ condition: String, _ command: String) -> String { "! \(condition) >/dev/null 2>&1 || \(command)" }
        var states: [ProductList.FormerState] = []
        if service.changesEnabling {
            let commands =
                state.isEnabled ? unless(call("cat"), call("enable")) : unless(call("is-enabled"), call("disable"))
            states.append(.init("\(service.unit) at boot", commands: commands))
        }
        if service.changesState {
            let commands = unless(call("cat"), call(state.isUp ? "start" : "stop"))
            states.append(.init("\(service.unit) now", commands: commands))
        }
        return states
    }
}
