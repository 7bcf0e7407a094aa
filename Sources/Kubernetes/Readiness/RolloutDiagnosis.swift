import Base
import YAML

/// Finds reasons why objects are not ready, in addition to the objects' own status.
///
/// Objects that cannot be read in time are left out.
struct RolloutDiagnosis {
    let client: APIClient

    /// The common deadline of all requests.
    let deadline: ContinuousClock.Instant

    /// The largest number of pods, events or nodes that are read.
    private static let listLimit = 100

    /// Finds each object's last warning and first unready pod, and the reason why too few nodes are eligible.
    ///
    /// - Parameter objects: The objects, without details.
    /// - Returns: The details of each object for which a reason was found.
    func details(of objects: [UnreadyObject]) async -> [UnreadyObject: String] {
        var result: [UnreadyObject: String] = [:]
        for object in objects {
            let identity = object.identity
            var details = [await lastWarning(about: identity.type.kind, identity.name, in: identity.namespace)]
            if let live = (try? await client.find(identity, until: deadline)) ?? nil {
                let pod = await unreadyPod(of: live, in: identity.namespace)
                details.append(pod?.words)
                details.append(await nodeConstraints(of: live, pod?.diagnosis))
            }
            let words = details.compactMap(\.self).joined(separator: "; ")
            if !words.isEmpty { result[object] = words }
        }
        return result
    }

    /// Returns the reason and message of the last warning about an object.
    private func lastWarning(about kind: String, _ name: String, in namespace: String?) async -> String? {
        let selector = "type=Warning,involvedObject.kind=\(kind),involvedObject.name=\(name)"
        let events = await list("events", in: namespace, ("fieldSelector", selector)).filter {
            !Self.repeatsContainerState($0)
        }
        let last = events.max { Self.time(of: $0) < Self.time(of: $1) }
        return last.map { "\($0["reason"]?.string ?? "Warning"): \(($0["message"]?.string ?? "").shortLine)" }
    }

    /// Returns whether an event only repeats the state of a container, such as `Error: ImagePullBackOff`.
    private static func repeatsContainerState(_ event: Node) -> Bool {
        let message = event["message"]?.string ?? ""
        return message.wholeMatch(of: /Error: \w+/) != nil || message.hasPrefix("Back-off restarting failed container")
    }

    /// Returns the time at which an event was last seen; events of newer servers have only `eventTime`.
    private static func time(of event: Node) -> String {
        event["lastTimestamp"]?.string ?? event["eventTime"]?.string ?? ""
    }

    /// Returns the first unready pod of a workload; a terminating pod only if no other pod is unready.
    private func unreadyPod(
        of workload: Node,
        in namespace: String?,
    ) async -> (words: String, diagnosis: PodDiagnosis)? {
        guard let labels = workload["spec"]?["selector"]?["matchLabels"]?.mapping?.entries, !labels.isEmpty else {
            return nil
        }
        let selector = labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        let unready = await list("pods", in: namespace, ("labelSelector", selector)).compactMap { pod in
            PodDiagnosis(pod).map { (name: pod["metadata"]?["name"]?.string ?? "", diagnosis: $0) }
        }
        guard let pod = unready.first(where: { !$0.diagnosis.isTerminating }) ?? unready.first else { return nil }
        let warning = pod.diagnosis.needsWarning ? await lastWarning(about: "Pod", pod.name, in: namespace) : nil
        let words = [pod.diagnosis.words, warning].compactMap(\.self).joined(separator: ": ")
        return ("pod '\(pod.name)': \(words)", pod.diagnosis)
    }

    /// Explains why no node runs an unscheduled pod, or why too few nodes are eligible for a DaemonSet.
    private func nodeConstraints(of workload: Node, _ pod: PodDiagnosis?) async -> String? {
        let isDaemonSet = workload["kind"]?.string == "DaemonSet"
        // A DaemonSet that lacks only nodes would be ready if no node were required.
        let type = GroupVersionKind(apiVersion: "apps/v1", kind: "DaemonSet")
        let lacksNodes = isDaemonSet && Readiness(of: workload, type: type, minimumNodeCount: 0) == .ready
        let query = [("limit", "\(Self.listLimit)")]
        guard pod?.isUnscheduled ?? lacksNodes,
            let list = try? await client.object("GET", "/api/v1/nodes", query: query, until: deadline).node
        else { return nil }
        let nodes = list["items"]?.sequence ?? []
        guard !nodes.isEmpty else { return "the cluster has no node" }
        let isCutOff = list["metadata"]?["continue"]?.string?.isEmpty == false
        let eligibility = isDaemonSet ? Self.eligibility(of: nodes, isCutOff: isCutOff, for: workload) : nil
        let details = [eligibility, Self.unreadyNode(among: nodes)].compactMap(\.self)
        return details.isEmpty ? nil : details.joined(separator: "; ")
    }

    /// Describes the nodes: their number, their taints, and the required labels that no node has.
    private static func eligibility(of nodes: [Node], isCutOff: Bool, for daemonSet: Node) -> String {
        guard !isCutOff else { return "the cluster has more than \(listLimit) nodes" }
        let wanted = daemonSet["spec"]?["template"]?["spec"]?["nodeSelector"]?.mapping?.entries ?? []
        let matching = nodes.filter { node in
            wanted.allSatisfy { node["metadata"]?["labels"]?[$0.key]?.string == $0.value.string }
        }
        let words = "the cluster has \(nodes.count == 1 ? "1 node" : "\(nodes.count) nodes")"
        guard !matching.isEmpty else {
            let labels = wanted.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
            return words + ", none with labels '\(labels)'"
        }
        // The taints of nodes without the required labels do not matter.
        let taints = matching.flatMap { $0["spec"]?["taints"]?.sequence ?? [] }.map { taint in
            "'\(taint["key"]?.string ?? ""):\(taint["effect"]?.string ?? "")'"
        }
        guard !taints.isEmpty else { return words }
        return words + ", with taints \(Set(taints).sorted().joined(separator: ", "))"
    }

    /// Describes the first node that is not ready.
    private static func unreadyNode(among nodes: [Node]) -> String? {
        let nodeType = GroupVersionKind(apiVersion: "v1", kind: "Node")
        for node in nodes {
            guard let ready = LiveObject(node, type: nodeType, now: .now()).condition("Ready"), ready.status != "True"
            else { continue }
            return "node '\(node["metadata"]?["name"]?.string ?? "")' is not ready: \(ready.words.shortLine)"
        }
        return nil
    }

    private func list(_ plural: String, in namespace: String?, _ selector: (String, String)) async -> [Node] {
        let namespace = APIClient.percentEncoded(namespace ?? client.kubeconfig.namespace)
        let path = "/api/v1/namespaces/\(namespace)/\(plural)"
        let query = [selector, ("limit", "\(Self.listLimit)")]
        let reply = try? await client.object("GET", path, query: query, until: deadline)
        return reply?.node["items"]?.sequence ?? []
    }
}
