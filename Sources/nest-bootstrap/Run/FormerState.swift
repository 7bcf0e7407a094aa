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
        if try lists.list(of: task.name)?.former.contains(where: { $0.subject == service.unit }) == true { return }
        let former = ProductList.FormerState(service.unit, commands: try await formerState(of: service))
        try lists.note(former, of: task.name, at: plan.position(of: task.name) ?? 0)
    }

    /// Returns the shell commands that restore the present state of a unit.
    ///
    /// A unit that no longer exists then is left alone.
    private func formerState(of service: Footprint.Service) async throws(SystemError) -> String {
        let state = try await Systemd.installedUnit(service.unit)
        func call(_ words: String...) -> String { shellLine(["systemctl"] + words + [service.unit]) }
        func unless(_ condition: String, _ command: String) -> String { "! \(condition) >/dev/null 2>&1 || \(command)" }
        var lines: [String] = []
        if service.changesEnabling {
            lines.append(
                state.isEnabled ? unless(call("cat"), call("enable")) : unless(call("is-enabled"), call("disable"))
            )
        }
        if service.changesState {
            lines.append(state.isUp ? unless(call("cat"), call("start")) : unless(call("is-active"), call("stop")))
        }
        return lines.joined(separator: "\n")
    }
}
