import Base
import YAML

/// The plan for programs.
extension Plan {
    /// Returns the plan as one JSON object in one line: its roles, and its tasks in their order.
    ///
    /// `after` are the tasks of this plan that must have succeeded, `units` the systemd units that only order.
    ///
    /// - Parameter states: The states of the tasks by their names; a task without one has no field `state`.
    /// - Returns: The line with its end.
    public func renderJSON(states: [String: DrawnState] = [:]) -> String {
        String(decoding: Node.mapping([Node.outputVersion] + fields(states: states)).json(), as: UTF8.self) + "\n"
    }

    func fields(states: [String: DrawnState] = [:]) -> [(String, Node)] {
        let role = roles.first.map { [("role", Node.string($0))] } ?? []
        let tasks = steps.map { node($0, states[$0.task.name]) }
        return role + [("roles", .sequence(roles.map { .string($0) })), ("tasks", .sequence(tasks))]
    }

    private func node(_ step: Step, _ state: DrawnState?) -> Node {
        let task = step.task
        var pairs: [(String, Node)] = [("task", .string(task.name)), ("verb", .string(task.verb.name))]
        if let description = task.description { pairs.append(("description", .string(description))) }
        if let state { pairs.append(("state", .string(state.word))) }
        pairs.append(("after", .sequence(step.dependencies.map { .string(steps[$0].task.name) })))
        pairs.append(("units", .sequence(task.afterUnits.map { .string($0) })))
        pairs.append(("timeout", .string(task.timeout.text)))
        if let interval = task.interval { pairs.append(("every", .string(interval.text))) }
        if !task.restarts.isEmpty { pairs.append(("restart", .sequence(task.restarts.map { .string($0) }))) }
        return .mapping(pairs)
    }
}
