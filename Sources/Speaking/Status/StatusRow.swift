public import Host
import YAML

/// What one task came to, as `status` tells it.
public struct StatusRow: Sendable, Hashable {
    /// The task's name.
    public var task: String

    /// What the task is for.
    public var description: String?

    /// The outcome, or what stands for it: `running`, `waiting`, `not yet`.
    public var state: String

    /// How long ago the task came to that.
    public var age: Duration?

    /// How long the task ran.
    public var duration: Duration?

    /// What became of its objects.
    public var objects = ObjectCounts()

    /// Why the state is what it is, where it is not well.
    public var reason: String?

    /// What systemd says of the task's service, where it could be asked.
    public private(set) var service: ServiceState?

    /// Creates a row.
    public init(
        task: String,
        description: String? = nil,
        state: String,
        age: Duration? = nil,
        duration: Duration? = nil,
        objects: ObjectCounts = ObjectCounts(),
        reason: String? = nil,
    ) {
        self.task = task
        self.description = description
        self.state = state
        self.age = age
        self.duration = duration
        self.objects = objects
        self.reason = reason
    }

    /// Joins what systemd says of the task's service.
    ///
    /// The record of a task has the better words. Where there is none, because the agent never came to write one, or where
    /// it tells of an earlier success, the service tells what became of the task.
    ///
    /// - Parameters:
    ///   - service: What systemd says.
    ///   - dependencies: Those that the task runs after and that have not succeeded yet.
    public mutating func join(_ service: ServiceState, awaiting dependencies: [String] = []) {
        self.service = service
        if service.unit.active == "failed", ["not yet", "changed", "unchanged"].contains(state) {
            state = "failed"
            reason = service.statusText ?? "see 'systemctl status k8s-bootstrap-\(task).service'"
        } else if state == "not yet", service.awaitsRestart {
            state = "waiting"
            reason = service.statusText.map(Self.withoutLabel)
        } else if state == "running" {
            reason = service.statusText
        } else if state == "not yet", service.unit.active == "inactive", service.hasJob, !dependencies.isEmpty {
            state = "waiting"
            reason = "runs after " + dependencies.map { "'\($0)'" }.joined(separator: ", ")
        } else if state == "not yet", service.unit.load == "not-found" {
            reason = "systemd does not know it yet; run 'systemctl daemon-reload'"
        }
    }

    /// The words of a service that waits; the state says already that it does.
    private static func withoutLabel(_ text: String) -> String {
        let label = "waiting: "
        return text.hasPrefix(label) ? String(text.dropFirst(label.count)) : text
    }

    /// The row as a JSON object; what is not known is left out.
    var node: Node {
        var pairs: [(String, Node)] = [("task", .string(task))]
        if let description { pairs.append(("description", .string(description))) }
        pairs.append(("state", .string(state)))
        if let service { pairs.append(("unit", service.node)) }
        if let age { pairs.append(("ageSeconds", .seconds(age))) }
        if let duration { pairs.append(("durationSeconds", .seconds(duration))) }
        if let objects = objects.node { pairs.append(("objects", objects)) }
        if let reason { pairs.append(("reason", .string(reason))) }
        return .mapping(pairs)
    }
}
