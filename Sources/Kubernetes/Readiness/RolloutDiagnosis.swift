import Base

/// An object that is not ready.
struct UnreadyObject: Sendable, Hashable, CustomStringConvertible {
    var identity: ObjectIdentity
    /// The reason: from the object's status, or the error of the request that reads it.
    var reason: String
    /// The last warning about the object and the state of an unready pod, or `nil` if neither is known.
    var cause: String?

    var reasonWithDetail: String { reason + (cause.map { " (\($0))" } ?? "") }

    var description: String { "\(identity): \(reasonWithDetail)" }
}

/// A look-up of the causes that keep objects from being ready, in events and in the status of pods.
struct RolloutDiagnosis {
    let client: APIClient
    /// The common deadline of all requests.
    let deadline: ContinuousClock.Instant

    /// The maximum number of events or pods that one request returns.
    private static let listLimit = 500

    /// The maximum number of objects whose causes are looked up.
    private static let objectLimit = 10

    func causes(of objects: [UnreadyObject]) async -> [UnreadyObject: String] {
        // Declared outside the group for the reason given in `Rollout`.
        var result: [UnreadyObject: String] = [:]
        await withTaskGroup(of: (UnreadyObject, String?).self) { group in
            for object in objects.prefix(Self.objectLimit) {
                group.addTask { (object, await cause(of: object.identity)) }
            }
            for await (object, cause) in group { result[object] = cause }
        }
        return result
    }

    private func cause(of identity: ObjectIdentity) async -> String? {
        let path = try? await client.path(of: identity, until: deadline)
        // Events about cluster-scoped objects are in namespace `default`.
        let namespace = path.map { $0.identity.namespace ?? "default" } ?? identity.namespace
        let warning = await lastWarning(about: identity.type.kind, identity.name, in: namespace)
        let live = (try? await client.find(identity, until: deadline)) ?? nil
        let labels = live?["spec"]?["selector"]?["matchLabels"]?.mapping?.entries ?? []
        let words = [warning, labels.isEmpty ? nil : await unreadyPod(with: labels, in: namespace)]
        let known = words.compactMap(\.self).joined(separator: "; ")
        return known.isEmpty ? nil : known
    }

    /// Describes the newest unready pod of a workload; a terminating pod only if no other is unready.
    private func unreadyPod(with labels: [Mapping.Entry], in namespace: String?) async -> String? {
        let selector = labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        let unready = await list("pods", in: namespace, ("labelSelector", selector)).compactMap { pod in
            Self.state(of: pod).map { (metadata: pod["metadata"], state: $0) }
        }
        func rank(_ metadata: Node?) -> (Int, String) {
            (metadata?["deletionTimestamp"] == nil ? 1 : 0, metadata?["creationTimestamp"]?.string ?? "")
        }
        guard let pod = unready.max(by: { rank($0.metadata) < rank($1.metadata) }) else { return nil }
        let name = pod.metadata?["name"]?.string ?? ""
        let warning = pod.state.isExplained ? nil : await lastWarning(about: "Pod", name, in: namespace)
        return "pod '\(name)': " + [pod.state.words, warning].compactMap(\.self).joined(separator: ": ")
    }

    /// Returns why a pod is not ready and whether its status explains the reason, or `nil` if it is ready.
    static func state(of pod: Node) -> (words: String, isExplained: Bool)? {
        let type = GroupVersionKind(apiVersion: "v1", kind: "Pod")
        let reason: String
        switch Readiness(of: pod, type: type) {
        case .ready: return nil
        case .waiting(let words), .failed(let words): reason = words
        }
        if pod["metadata"]?["deletionTimestamp"] != nil { return (reason, true) }
        let containers = ["initContainerStatuses", "containerStatuses"].flatMap { pod["status"]?[$0]?.sequence ?? [] }
        let unready = containers.first { container in
            container["ready"]?.boolean != true && container["state"]?["terminated"]?["exitCode"]?.integer != 0
        }
        guard let unready else {
            let isUnscheduled = LiveObject(pod, type: type, now: .now()).condition("PodScheduled")?.status == "False"
            return (reason, isUnscheduled)
        }
        let waiting = unready["state"]?["waiting"]
        let end = unready["state"]?["terminated"] ?? unready["lastState"]?["terminated"]
        let words = [
            waiting?["reason"]?.string, waiting?["message"]?.string,
            end.map { "\($0["reason"]?.string ?? "Error"), exit code \($0["exitCode"]?.integer ?? 0)" },
            end?["message"]?.string,
        ].compactMap(\.self).filter { !$0.isEmpty }
        let text = [waiting == nil ? "is not ready" : "is waiting"] + words
        let name = unready["name"]?.string ?? ""
        // The message of a back-off gives no reason.
        let isExplained = end != nil || words.count > 1 && waiting?["reason"]?.string?.hasSuffix("BackOff") != true
        return ("container '\(name)' \(text.joined(separator: ": ").shortLine)", isExplained)
    }

    /// Returns the last warning about an object.
    private func lastWarning(about kind: String, _ name: String, in namespace: String?) async -> String? {
        let selector = "type=Warning,involvedObject.kind=\(kind),involvedObject.name=\(name)"
        // Events such as `Error: ImagePullBackOff` repeat the state of a container.
        let events = await list("events", in: namespace, ("fieldSelector", selector)).filter { event in
            event["reason"]?.string != "BackOff" && event["message"]?.string?.hasPrefix("Error: ") != true
        }
        // Some events have only `eventTime`.
        func time(_ event: Node) -> String { event["lastTimestamp"]?.string ?? event["eventTime"]?.string ?? "" }
        return events.max { time($0) < time($1) }.map { event in
            [event["reason"]?.string, event["message"]?.string].compactMap(\.self).joined(separator: ": ").shortLine
        }
    }

    private func list(_ plural: String, in namespace: String?, _ selector: (String, String)) async -> [Node] {
        let path = "/api/v1/namespaces/\(APIClient.percentEncoded(namespace ?? client.kubeconfig.namespace))/\(plural)"
        let query = [selector, ("limit", "\(Self.listLimit)")]
        let reply = try? await client.object("GET", path, query: query, until: deadline)
        return reply?.node["items"]?.sequence ?? []
    }
}

extension String {
    /// The text on one line, shortened because every report of a wait repeats it.
    fileprivate var shortLine: String { onOneLine.shortened(to: 400) }
}
