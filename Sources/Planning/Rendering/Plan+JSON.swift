import Base
import YAML

/// The plan for programs.
extension Plan {
    /// Returns the plan as one JSON object in one line: its roles, and its tasks in their order.
    ///
    /// `after` are the tasks of this plan that must have succeeded, `units` the systemd units that only order.
    public func renderJSON() -> String {
        var pairs = [Node.outputVersion]
        if let role = roles.first { pairs.append(("role", .string(role))) }
        pairs.append(("roles", .sequence(roles.map { .string($0) })))
        pairs.append(("tasks", .sequence(steps.map(node))))
        return String(decoding: Node.mapping(pairs).json(), as: UTF8.self) + "\n"
    }

    private func node(_ step: Step) -> Node {
        let task = step.task
        var pairs: [(String, Node)] = [("task", .string(task.name)), ("verb", .string(task.verb.name))]
        if let description = task.description { pairs.append(("description", .string(description))) }
        pairs.append(("after", .sequence(step.dependencies.map { .string(steps[$0].task.name) })))
        pairs.append(("units", .sequence(task.afterUnits.map { .string($0) })))
        pairs.append(("timeout", .string(task.timeout.text)))
        if let interval = task.interval { pairs.append(("every", .string(interval.text))) }
        if !task.restarts.isEmpty { pairs.append(("restart", .sequence(task.restarts.map { .string($0) }))) }
        return .mapping(pairs)
    }
}
