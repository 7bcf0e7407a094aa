import YAML

/// Finds out what an object's own status does not say about why it is not ready.
///
/// Asked once, when time is up; whatever cannot be read is left out.
struct RolloutDiagnosis {
    let client: APIClient

    /// All questions together may take this long.
    private let deadline = ContinuousClock.now + .seconds(3)

    init(client: APIClient) {
        self.client = client
    }

    /// Adds to each object the last warning about it, its first pod that is not ready, and what keeps nodes away.
    func explain(_ objects: [UnreadyObject]) async -> [UnreadyObject] {
        var result: [UnreadyObject] = []
        for var object in objects {
            let live = (try? await client.find(object.identity, until: deadline)) ?? nil
            var details = [await lastWarning(about: object.identity)]
            if let live {
                details.append(await unreadyPod(of: live, in: object.identity.namespace))
                details.append(await nodes(for: live))
            }
            let words = details.compactMap(\.self).joined(separator: "; ")
            if !words.isEmpty { object.reason += " (\(words))" }
            result.append(object)
        }
        return result
    }

    private func lastWarning(about identity: ObjectIdentity) async -> String? {
        let selector =
            "type=Warning,involvedObject.kind=\(identity.type.kind),involvedObject.name=\(identity.name)"
        let events = await list("events", in: identity.namespace, ("fieldSelector", selector))
        let last = events.max { Self.time(of: $0) < Self.time(of: $1) }
        return last.map { "\($0["reason"]?.string ?? "Warning"): \(($0["message"]?.string ?? "").onOneLine)" }
    }

    /// When an event was last seen; events of newer servers have one instant only.
    private static func time(of event: Node) -> String {
        event["lastTimestamp"]?.string ?? event["eventTime"]?.string ?? ""
    }

    private func unreadyPod(of workload: Node, in namespace: String?) async -> String? {
        guard let labels = workload["spec"]?["selector"]?["matchLabels"]?.mapping?.entries, !labels.isEmpty else {
            return nil
        }
        let selector = labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        for pod in await list("pods", in: namespace, ("labelSelector", selector)) {
            guard let reason = Self.unreadiness(of: pod) else { continue }
            return "pod \(pod["metadata"]?["name"]?.string ?? ""): \(reason)"
        }
        return nil
    }

    /// Why a pod is not ready, `nil` if it is; what a container waits for says most.
    private static func unreadiness(of pod: Node) -> String? {
        // A list's items do not say what they are.
        guard let status = pod["status"] else { return nil }
        let typed = Node.mapping([
            "apiVersion": .string("v1"), "kind": .string("Pod"), "metadata": pod["metadata"] ?? .null(),
            "status": status,
        ])
        let reason: String
        switch Readiness(of: typed) {
        case .ready: return nil
        case .waiting(let words), .failed(let words): reason = words
        }
        let containers = ["initContainerStatuses", "containerStatuses"].flatMap { status[$0]?.sequence ?? [] }
        for container in containers {
            guard let waiting = container["state"]?["waiting"] else { continue }
            let words = [waiting["reason"]?.string, waiting["message"]?.string?.onOneLine].compactMap(\.self)
            return "container '\(container["name"]?.string ?? "")' waits: \(words.joined(separator: ": "))"
        }
        return reason
    }

    /// What keeps the nodes from a DaemonSet that is meant for none.
    private func nodes(for workload: Node) async -> String? {
        guard workload["kind"]?.string == "DaemonSet", workload["status"]?["desiredNumberScheduled"]?.integer == 0,
            let list = try? await client.object("GET", "/api/v1/nodes", query: [("limit", "100")], until: deadline).node
        else { return nil }
        let nodes = list["items"]?.sequence ?? []
        let taints = nodes.flatMap { $0["spec"]?["taints"]?.sequence ?? [] }.map { taint in
            "'\(taint["key"]?.string ?? ""):\(taint["effect"]?.string ?? "")'"
        }
        guard !nodes.isEmpty else { return "the cluster has no node" }
        let names = Set(taints).sorted().joined(separator: ", ")
        return "nodes: \(nodes.count)\(names.isEmpty ? "" : ", with taints \(names)")"
    }

    private func list(_ plural: String, in namespace: String?, _ selector: (String, String)) async -> [Node] {
        let namespace = APIClient.percentEncoded(namespace ?? client.kubeconfig.namespace)
        let path = "/api/v1/namespaces/\(namespace)/\(plural)"
        let query = [selector, ("limit", "100")]
        let reply = try? await client.object("GET", path, query: query, until: deadline)
        return reply?.node["items"]?.sequence ?? []
    }
}
