import Base
import YAML

extension ClusterFacts.NodeObject {
    /// Reads the object of a Node.
    init(_ object: Node) {
        self.init()
        for condition in object["status"]?["conditions"]?.sequence ?? [] {
            guard let type = condition["type"]?.string else { continue }
            conditions[type] = ClusterFacts.Condition(
                status: condition["status"]?.string ?? "",
                reason: condition["reason"]?.string ?? "",
                message: condition["message"]?.string ?? ""
            )
        }
        taints = (object["spec"]?["taints"]?.sequence ?? []).map {
            ClusterFacts.Taint(key: $0["key"]?.string ?? "", effect: $0["effect"]?.string ?? "")
        }
        isUnschedulable = object["spec"]?["unschedulable"]?.boolean == true
        podRanges = (object["spec"]?["podCIDRs"]?.sequence ?? []).compactMap(\.string)
        let info = object["status"]?["nodeInfo"]
        machineID = info?["machineID"]?.string
        kubeletVersion = info?["kubeletVersion"]?.string
    }
}

extension ClusterFacts.SigningRequest {
    /// Reads the object of a request.
    init(_ object: Node, now: Timestamp) {
        let conditions = object["status"]?["conditions"]?.sequence ?? []
        func condition(_ type: String) -> Node? { conditions.first { $0["type"]?.string == type } }
        let hasCertificate = object["status"]?["certificate"]?.string?.isEmpty == false
        let denial = condition("Denied") ?? condition("Failed")
        let state: State =
            if condition("Denied") != nil { .denied } else if condition("Failed") != nil {
                .failed
            } else if hasCertificate {
                .issued
            } else if condition("Approved") != nil { .approved } else { .pending }
        let created = object["metadata"]?["creationTimestamp"]?.string.flatMap { Timestamp(rfc3339: $0) }
        self.init(
            name: object["metadata"]?["name"]?.string ?? "",
            signer: object["spec"]?["signerName"]?.string ?? "",
            state: state,
            reason: [denial?["reason"]?.string, denial?["message"]?.string].compactMap(\.self).joined(separator: ": "),
            age: .seconds(max(0, now.seconds - (created?.seconds ?? now.seconds)))
        )
    }
}

extension ClusterFacts.PodObject {
    /// Reads the object of a pod, or returns `nil` if it runs or has completed.
    ///
    /// - Parameters:
    ///   - object: The pod.
    ///   - now: The clock of the server.
    init?(_ object: Node, now: Timestamp = .now()) {
        let phase = object["status"]?["phase"]?.string ?? ""
        let containers = ["initContainerStatuses", "containerStatuses"].flatMap {
            object["status"]?[$0]?.sequence ?? []
        }
        let failing = phase == "Failed" ? nil : containers.lazy.compactMap { Self.failure(of: $0, now) }.first
        let owner = object["metadata"]?["ownerReferences"]?.sequence?.first
        let isCreating = containers.contains { $0["state"]?["waiting"] != nil }
        guard failing != nil || phase == "Pending" || phase == "Failed" else { return nil }
        let reason = object["status"]?["reason"]?.string ?? (isCreating ? "ContainerCreating" : phase)
        self.init(
            name: "\(object["metadata"]?["namespace"]?.string ?? "")/\(object["metadata"]?["name"]?.string ?? "")",
            daemonSet: owner?["kind"]?.string == "DaemonSet" ? owner?["name"]?.string : nil,
            reason: failing?.reason ?? reason,
            message: failing?.message ?? object["status"]?["message"]?.string ?? "",
            image: failing?.image,
            hasEnded: phase == "Failed"
        )
        container = failing?.container
        isStatic = object["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] != nil
        let volumes = object["spec"]?["volumes"]?.sequence ?? []
        hostPaths = volumes.compactMap { $0["hostPath"]?["path"]?.string }
    }

    /// The failure of a container.
    private struct Failure {
        var reason: String
        var message: String
        var image: String?
        var container: String?
    }

    /// The time for which a container that was restarted must run to count as working.
    private static let trialTime: Int64 = 120

    /// Returns the failure of a container that does not start or that ends again and again.
    private static func failure(of container: Node, _ now: Timestamp) -> Failure? {
        let state = container["state"]
        let (image, name) = (container["image"]?.string, container["name"]?.string)
        let last = state?["terminated"] ?? container["lastState"]?["terminated"]
        let ending = last.map(Self.ending) ?? ""
        if let waiting = state?["waiting"], let reason = waiting["reason"]?.string {
            if reason == "PodInitializing" || reason == "ContainerCreating" { return nil }
            let own = waiting["message"]?.string ?? ""
            let message = reason == "CrashLoopBackOff" || own.isEmpty ? ending : own
            return Failure(reason: reason, message: message, image: image, container: name)
        }
        // Between two starts, a container has ended or has run only for a short time.
        guard let last, last["exitCode"]?.integer ?? 0 != 0 else { return nil }
        let restarts = container["restartCount"]?.integer ?? 0
        if state?["terminated"] != nil {
            let reason = restarts > 0 ? "CrashLoopBackOff" : "Error"
            return Failure(reason: reason, message: ending, image: image, container: name)
        }
        let started = state?["running"]?["startedAt"]?.string.flatMap { Timestamp(rfc3339: $0) }
        guard let started, now.seconds - started.seconds < trialTime, restarts > 1 else {
            return nil
        }
        return Failure(reason: "CrashLoopBackOff", message: ending, image: image, container: name)
    }

    /// Describes how a container has ended.
    private static func ending(_ terminated: Node) -> String {
        let code = terminated["exitCode"]?.integer.map { "its last exit code is \($0)" }
        let reason = terminated["reason"]?.string.flatMap { $0 == "Error" ? nil : $0 }
        let message = terminated["message"]?.string?.replacing("\n", with: " ").trimmingSpaces
        return [reason, code, message].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
