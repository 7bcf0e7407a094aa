import YAML

/// The kinds that create pods.
extension LiveObject {
    /// The first of several counts that is lower than wanted.
    private func shortage(_ checks: [(String, wanted: Int, there: Int)]) -> Readiness? {
        checks.first { $0.there < $0.wanted }.map { .waiting("\($0.0): \($0.there) of \($0.wanted)") }
    }

    private var wantedReplicas: Int { node["spec"]?["replicas"]?.integer ?? 1 }

    /// The rules of a Deployment, with the reason why its pods are not created.
    var deployment: Readiness {
        guard case .waiting(let reason) = replicas, let failure = condition("ReplicaFailure"), failure.status == "True"
        else { return replicas }
        return .waiting("\(reason) (\(failure.words))")
    }

    private var replicas: Readiness {
        let progressing = condition("Progressing")
        if progressing?.reason == "ProgressDeadlineExceeded" {
            return .failed(progressing?.words ?? "ProgressDeadlineExceeded")
        }
        let (wanted, all) = (wantedReplicas, status("replicas") ?? 0)
        let (updated, available) = (status("updatedReplicas") ?? 0, status("availableReplicas") ?? 0)
        if let short = shortage([("replicas", wanted, all), ("updated replicas", wanted, updated)]) { return short }
        if all > wanted { return .waiting("replicas still terminating: \(all - wanted)") }
        if let short = shortage([
            ("available replicas", updated, available), ("ready replicas", wanted, status("readyReplicas") ?? 0),
        ]) {
            return short
        }
        let deadline = node["spec"]?["progressDeadlineSeconds"]?.integer
        let hasNoDeadline = deadline == nil || deadline == Int(Int32.max)
        let isComplete = progressing?.status == "True" && progressing?.reason == "NewReplicaSetAvailable"
        guard hasNoDeadline || isComplete else { return .waiting("its ReplicaSet is not available") }
        return condition("Available")?.status == "True" ? .ready : .waiting("not available")
    }

    /// The rules of a DaemonSet; unlike in kstatus, one without an eligible node is not ready.
    func daemonSet(minimumNodeCount: Int) -> Readiness {
        guard node["metadata"]?["generation"] != nil, status("observedGeneration") != nil,
            let desired = status("desiredNumberScheduled")
        else { return .waiting("its controller has not seen it") }
        guard desired >= minimumNodeCount else {
            return .waiting(desired == 0 ? "no node is eligible" : "eligible nodes: \(desired) of \(minimumNodeCount)")
        }
        return shortage([
            ("pods", desired, status("currentNumberScheduled") ?? 0),
            ("updated pods", desired, status("updatedNumberScheduled") ?? 0),
            ("available pods", desired, status("numberAvailable") ?? 0),
            ("ready pods", desired, status("numberReady") ?? 0),
        ]) ?? .ready
    }

    /// The rules of a StatefulSet.
    var statefulSet: Readiness {
        let strategy = node["spec"]?["updateStrategy"]
        if strategy?["type"]?.string == "OnDelete" { return .ready }
        let (wanted, all) = (wantedReplicas, status("replicas") ?? 0)
        if let short = shortage([("replicas", wanted, all), ("ready replicas", wanted, status("readyReplicas") ?? 0)]) {
            return short
        }
        if all > wanted { return .waiting("replicas still terminating: \(all - wanted)") }
        if let partition = strategy?["rollingUpdate"]?["partition"]?.integer {
            return shortage([("updated replicas", wanted - partition, status("updatedReplicas") ?? 0)]) ?? .ready
        }
        if let short = shortage([("current replicas", wanted, status("currentReplicas") ?? 0)]) { return short }
        let (current, update) = (node["status"]?["currentRevision"], node["status"]?["updateRevision"])
        return current == update ? .ready : .waiting("a new revision is being rolled out")
    }

    /// The rules of a ReplicaSet.
    var replicaSet: Readiness {
        if let failure = condition("ReplicaFailure"), failure.status == "True" { return .waiting(failure.words) }
        let wanted = wantedReplicas
        if let short = shortage([
            ("labelled replicas", wanted, status("fullyLabeledReplicas") ?? 0),
            ("available replicas", wanted, status("availableReplicas") ?? 0),
            ("ready replicas", wanted, status("readyReplicas") ?? 0),
        ]) {
            return short
        }
        let all = status("replicas") ?? 0
        return all > wanted ? .waiting("replicas still terminating: \(all - wanted)") : .ready
    }
}
