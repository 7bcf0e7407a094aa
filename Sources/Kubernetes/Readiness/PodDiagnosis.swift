import Base
import YAML

/// The reason why a pod is not ready, from its own status.
struct PodDiagnosis {
    /// The state of the pod or of one of its containers.
    let words: String

    /// Whether the status does not contain the reason, so that the pod's last warning is needed.
    let needsWarning: Bool

    /// Whether the pod is being deleted.
    let isTerminating: Bool

    /// Whether the scheduler has found no node for the pod.
    let isUnscheduled: Bool

    private static let type = GroupVersionKind(apiVersion: "v1", kind: "Pod")

    /// Reads the status of a pod, or returns `nil` if the pod is ready.
    init?(_ pod: Node) {
        let reason: String
        switch Readiness(of: pod, type: Self.type) {
        case .ready: return nil
        case .waiting(let words), .failed(let words): reason = words
        }
        let end = pod["metadata"]?["deletionTimestamp"]?.string
        let container = Self.container(of: pod)
        isTerminating = end != nil
        isUnscheduled = LiveObject(pod, type: Self.type, now: .now()).condition("PodScheduled")?.status == "False"
        words = end.map { "terminating (grace period ends at \($0))" } ?? container?.words ?? reason
        needsWarning = !isTerminating && !isUnscheduled && container?.isExplained != true
    }

    /// Returns the first container that is not ready, and whether the container's status contains the reason.
    private static func container(of pod: Node) -> (words: String, isExplained: Bool)? {
        for (list, kind) in [("initContainerStatuses", "init container"), ("containerStatuses", "container")] {
            for container in pod["status"]?[list]?.sequence ?? [] where container["ready"]?.boolean != true {
                let name = "\(kind) '\(container["name"]?.string ?? "")'"
                let end = ending(container["state"]) ?? ending(container["lastState"])
                if let waiting = container["state"]?["waiting"] {
                    let reason = waiting["reason"]?.string ?? ""
                    let cause = message(of: waiting) ?? end
                    let words = [reason, cause].compactMap(\.self).joined(separator: ": ")
                    return ("\(name) is waiting: \(words)", cause != nil)
                }
                if container["state"]?["terminated"] != nil {
                    guard let end else { continue }
                    return ("\(name) terminated: \(end)", true)
                }
                if container["state"]?["running"] != nil {
                    let words = kind == "container" ? "is not ready" : "is still running"
                    // A container that crashes repeatedly may be running for a moment.
                    guard let end else { return ("\(name) \(words)", false) }
                    return ("\(name) \(words), and was restarted: \(end)", false)
                }
            }
        }
        return nil
    }

    /// Returns the message of a waiting container, or `nil` if it only says that the restart is delayed.
    private static func message(of waiting: Node) -> String? {
        guard let message = waiting["message"]?.string?.shortLine, !message.isEmpty,
            !message.lowercased().hasPrefix("back-off")
        else { return nil }
        return message
    }

    /// Describes how a container terminated; `nil` if it has not terminated or exited with 0.
    private static func ending(_ state: Node?) -> String? {
        guard let end = state?["terminated"], let code = end["exitCode"]?.integer, code != 0 else { return nil }
        let message = end["message"]?.string?.shortLine ?? ""
        return "\(end["reason"]?.string ?? "Error"), exit code \(code)\(message.isEmpty ? "" : ": \(message)")"
    }
}

extension String {
    /// The text on one line, with the middle removed if the text is long, because every report of a wait repeats it.
    var shortLine: String { onOneLine.shortened(to: 400) }
}
