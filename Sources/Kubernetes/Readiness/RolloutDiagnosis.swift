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
    /// - Parameter objects: The objects, without causes.
    /// - Returns: The causes of each object for which one was found.
    func causes(of objects: [UnreadyObject]) async -> [UnreadyObject: ReadinessCause] {
        var result: [UnreadyObject: ReadinessCause] = [:]
        for object in objects {
            if let cause = await cause(of: object) { result[object] = cause }
        }
        return result
    }

    private func cause(of object: UnreadyObject) async -> ReadinessCause? {
        let identity = object.identity
        if object.reason == UnreadyObject.absence { return await missingNamespace(of: identity) }
        let warning = await lastWarning(about: identity.type.kind, identity.name, in: identity.namespace)
        var details = [warning?.words]
        var cause = ReadinessCause()
        if let live = (try? await client.find(identity, until: deadline)) ?? nil {
            let status = LiveObject(live, type: identity.type, now: .now())
            cause.isFinal = status.isStuckPaused
            let replicaSet = await newestReplicaSet(of: live, identity)
            if let replicaSet {
                let failure = LiveObject(replicaSet, type: Self.replicaSet, now: .now()).condition("ReplicaFailure")
                // The Deployment also reports a failure of an older ReplicaSet.
                if failure?.status != "True", case .waiting(let reason) = status.replicas,
                    object.reason.hasPrefix("\(reason) (")
                {
                    cause.reason = reason
                }
            }
            let hash = replicaSet?["metadata"]?["labels"]?[Self.hashLabel]?.string
            let pod = await unreadyPod(of: live, hash: hash, in: identity.namespace)
            // Since the controller could not create a pod, it has created this one.
            if let warning, let pod, warning.isAboutCreation, warning.time < pod.created { details = [] }
            details.append(pod?.words)
            let constraints = await nodeConstraints(of: live, pod?.diagnosis)
            details.append(constraints?.words)
            let own = constraints == nil ? await ownCause(of: live, identity) : nil
            // The cause of its own says more than the last warning.
            if let own { details = [own.words] }
            (cause.podField, cause.hint) = (constraints?.podField, constraints?.hint ?? own?.hint)
        }
        cause.words = details.compactMap(\.self).joined(separator: "; ")
        return cause == ReadinessCause() ? nil : cause
    }

    /// Returns the cause that only objects of some kinds have.
    private func ownCause(of live: Node, _ identity: ObjectIdentity) async -> ReadinessCause? {
        if identity.isNamespace, live["metadata"]?["deletionTimestamp"]?.string != nil {
            let deletion = await NamespaceDeletion.read(identity.name, on: client, until: deadline)
            return deletion.map { ReadinessCause(words: $0.words, hint: $0.hint) }
        }
        guard (identity.type.group, identity.type.kind) == ("", "PersistentVolumeClaim"),
            live["status"]?["phase"]?.string == "Pending"
        else { return nil }
        let pods = await list("pods", in: identity.namespace)
        return await ClaimDiagnosis(client: client, deadline: deadline).cause(of: live, pods: pods)
    }

    /// Returns the cause of an object that does not exist because its namespace does not.
    private func missingNamespace(of identity: ObjectIdentity) async -> ReadinessCause? {
        guard let resource = try? await client.catalog.resource(of: identity.type, on: client, until: deadline),
            resource.isNamespaced,
            let missing = await client.missing(
                namespace: identity.namespace ?? client.kubeconfig.namespace,
                until: deadline
            )
        else { return nil }
        return ReadinessCause(
            reason: missing.words,
            hint: missing.near.map { "did you mean '\($0)'?" }
                ?? "apply a manifest of the Namespace before it, or correct 'namespace'",
        )
    }

    private static let replicaSet = GroupVersionKind(apiVersion: "apps/v1", kind: "ReplicaSet")

    /// The label with which a Deployment separates the pods of its revisions.
    private static let hashLabel = "pod-template-hash"

    /// Returns the ReplicaSet of a Deployment's current revision, or `nil` if there is none or the user may not list them.
    private func newestReplicaSet(of workload: Node, _ identity: ObjectIdentity) async -> Node? {
        guard identity.type.kind == "Deployment", let uid = workload["metadata"]?["uid"]?.string,
            let selector = Self.selector(of: workload)
        else { return nil }
        let all = await list("replicasets", of: "/apis/apps/v1", in: identity.namespace, ("labelSelector", selector))
        let own = all.filter { item in
            (item["metadata"]?["ownerReferences"]?.sequence ?? []).contains { $0["uid"]?.string == uid }
        }
        return own.max { Self.revision(of: $0) < Self.revision(of: $1) }
    }

    private static func revision(of replicaSet: Node) -> Int {
        Int(replicaSet["metadata"]?["annotations"]?["deployment.kubernetes.io/revision"]?.string ?? "") ?? 0
    }

    /// Returns the selector of a workload's pods as a query, or `nil` if it has no labels.
    private static func selector(of workload: Node) -> String? {
        let labels = workload["spec"]?["selector"]?["matchLabels"]?.mapping?.entries ?? []
        return labels.isEmpty ? nil : labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
    }

    /// A warning of a controller about an object.
    private struct Warning {
        /// The reason and the message.
        let words: String
        /// Whether a controller could not create a pod.
        let isAboutCreation: Bool
        /// The time at which it was last seen, in RFC 3339.
        let time: String
    }

    /// Returns the last warning about an object.
    private func lastWarning(about kind: String, _ name: String, in namespace: String?) async -> Warning? {
        let selector = "type=Warning,involvedObject.kind=\(kind),involvedObject.name=\(name)"
        let events = await list("events", in: namespace, ("fieldSelector", selector)).filter {
            !Self.repeatsContainerState($0)
        }
        let last = events.max { Self.time(of: $0) < Self.time(of: $1) }
        return last.map { event in
            let reason = event["reason"]?.string ?? "Warning"
            return Warning(
                words: "\(reason): \(Self.message(of: event).shortLine)",
                isAboutCreation: reason == "FailedCreate",
                time: Self.time(of: event),
            )
        }
    }

    /// Returns the message of an event without the words that its recorder and its controller put before the cause.
    static func message(of event: Node) -> String {
        let message = event["message"]?.string ?? ""
        return String(message.trimmingPrefix(/(?:\(combined from similar events\): )?(?:Error creating: )?/))
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
    ///
    /// - Parameters:
    ///   - workload: The workload.
    ///   - hash: The value of the label of the current revision, or `nil` for the pods of all revisions.
    ///   - namespace: The namespace of the pods.
    /// - Returns: The pod's state in words, its diagnosis, and the time of its creation in RFC 3339; `nil` if every pod is ready.
    private func unreadyPod(
        of workload: Node,
        hash: String?,
        in namespace: String?,
    ) async -> (words: String, diagnosis: PodDiagnosis, created: String)? {
        guard let labels = Self.selector(of: workload) else { return nil }
        let selector = labels + (hash.map { ",\(Self.hashLabel)=\($0)" } ?? "")
        let unready = await list("pods", in: namespace, ("labelSelector", selector)).compactMap { pod in
            PodDiagnosis(pod).map { diagnosis in
                let metadata = pod["metadata"]
                let created = metadata?["creationTimestamp"]?.string ?? ""
                return (name: metadata?["name"]?.string ?? "", diagnosis: diagnosis, created: created)
            }
        }
        guard let pod = unready.first(where: { !$0.diagnosis.isTerminating }) ?? unready.first else { return nil }
        let warning = pod.diagnosis.needsWarning ? await lastWarning(about: "Pod", pod.name, in: namespace)?.words : nil
        let words = [pod.diagnosis.words, warning].compactMap(\.self).joined(separator: ": ")
        return ("pod '\(pod.name)': \(words)", pod.diagnosis, pod.created)
    }

    /// Explains why no node runs an unscheduled pod, or why too few nodes are eligible for a DaemonSet.
    private func nodeConstraints(of workload: Node, _ pod: PodDiagnosis?) async -> ReadinessCause? {
        let isDaemonSet = workload["kind"]?.string == "DaemonSet"
        // A DaemonSet that lacks only nodes would be ready if no node were required.
        let type = GroupVersionKind(apiVersion: "apps/v1", kind: "DaemonSet")
        let lacksNodes = isDaemonSet && Readiness(of: workload, type: type, minimumNodeCount: 0) == .ready
        let query = [("limit", "\(Self.listLimit)")]
        guard pod?.isUnscheduled ?? lacksNodes,
            let list = try? await client.object("GET", "/api/v1/nodes", query: query, until: deadline).node
        else { return nil }
        let nodes = list["items"]?.sequence ?? []
        guard !nodes.isEmpty else { return ReadinessCause(words: "the cluster has no node") }
        let isCutOff = list["metadata"]?["continue"]?.string?.isEmpty == false
        var cause = Self.eligibility(of: nodes, isCutOff: isCutOff, for: workload, isDaemonSet: isDaemonSet)
        cause.words = [cause.words, Self.unreadyNode(among: nodes) ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
        return cause == ReadinessCause() ? nil : cause
    }

    /// Describes the nodes: their number, their taints, and the required labels that no node has.
    ///
    /// The scheduler itself reports the number and the taints for a pod.
    private static func eligibility(
        of nodes: [Node],
        isCutOff: Bool,
        for workload: Node,
        isDaemonSet: Bool,
    ) -> ReadinessCause {
        guard !isCutOff else {
            return ReadinessCause(words: isDaemonSet ? "the cluster has more than \(listLimit) nodes" : "")
        }
        let eligibility = NodeEligibility(of: nodes, for: workload)
        let count = "the cluster has \(nodes.count == 1 ? "1 node" : "\(nodes.count) nodes")"
        if var mismatch = eligibility.mismatch {
            mismatch.words = "\(count), \(mismatch.words)"
            return mismatch
        }
        guard isDaemonSet else { return ReadinessCause() }
        let taints = eligibility.taints
        return ReadinessCause(words: taints.isEmpty ? count : "\(count), with taints \(taints.joined(separator: ", "))")
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

    private func list(
        _ plural: String,
        of version: String = "/api/v1",
        in namespace: String?,
        _ selector: (String, String)? = nil,
    ) async -> [Node] {
        let namespace = APIClient.percentEncoded(namespace ?? client.kubeconfig.namespace)
        let path = "\(version)/namespaces/\(namespace)/\(plural)"
        let query = [selector, ("limit", "\(Self.listLimit)")].compactMap(\.self)
        let reply = try? await client.object("GET", path, query: query, until: deadline)
        return reply?.node["items"]?.sequence ?? []
    }
}
