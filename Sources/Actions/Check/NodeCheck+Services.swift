import Base
import Planning

/// Tasks that change systemd units against each other, or against their own start.
extension NodeCheck {
    /// Reports tasks that bring one unit into different states, and tasks that the unit they change starts.
    func serviceProblems() -> [Problem] {
        var earlier: [(task: PlannedTask, service: ServiceDeclaration)] = []
        var problems: [Problem] = []
        for task in run.plan.steps.lazy.map(\.task) {
            guard let service = task.verb.declaration as? ServiceDeclaration else { continue }
            for other in earlier where other.service.unit == service.unit {
                guard let words = service.contradiction(to: other.service) else { continue }
                problems.append(
                    Problem(
                        .contradictingKeys,
                        "task '\(task.name)' \(words.own) unit '\(service.unit)', which task '\(other.task.name)' "
                            + words.other,
                        at: service.location,
                        hint: "remove one of the two"
                    )
                )
            }
            earlier.append((task, service))
            if service.state != nil, task.wantedBy.contains(service.unit) {
                problems.append(
                    Problem(
                        .ineffectiveKey,
                        "task '\(task.name)' changes unit '\(service.unit)', which starts the task as it is named in "
                            + "'wantedBy'",
                        at: service.location,
                        hint: "remove '\(service.unit)' from 'wantedBy'"
                    )
                )
            }
        }
        return problems
    }
}

extension ServiceDeclaration {
    /// Returns the words for what this and another task do, if both cannot be true; otherwise `nil`.
    fileprivate func contradiction(to other: Self) -> (own: String, other: String)? {
        if let state, let otherState = other.state, (state == .stopped) != (otherState == .stopped) {
            return state == .stopped ? ("stops", "starts") : ("starts", "stops")
        }
        guard let isEnabled, let isOtherEnabled = other.isEnabled, isEnabled != isOtherEnabled else { return nil }
        return isEnabled ? ("enables", "disables") : ("disables", "enables")
    }
}
