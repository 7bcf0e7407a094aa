import Base

/// The state of a controller's work on an object.
///
/// The rules are based on kstatus, the library of Flux and kpt:
/// https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus. Unlike in kstatus, a DaemonSet without an
/// eligible node, a Job that has not completed and a Pod that has failed are not ready.
enum Readiness: Sendable, Hashable {
    case ready
    case waiting(String)
    /// The controller reports a failure; the object may still become ready, for example once its image can be pulled.
    case failed(String)

    /// Determines the readiness of an object as the server returns it.
    ///
    /// `type` may be `nil` if the object contains its type, unlike an item of a list. A DaemonSet can be ready only if
    /// it has at least `minimumNodeCount` eligible nodes. `now` determines how long a Pod has been without a node.
    public init(
        of object: Node,
        type: GroupVersionKind? = nil,
        minimumNodeCount: Int = 1,
        now: Timestamp = .now(),
    ) {
        let status = LiveObject(object, type: type, now: now)
        self =
            status.generic
            ?? status.byKind(minimumNodeCount: minimumNodeCount)
            ?? status.byReadyCondition
    }
}

extension LiveObject {
    /// Returns the readiness by the rules of the object's kind, or `nil` for a kind without rules.
    func byKind(minimumNodeCount: Int) -> Readiness? {
        switch (type.group, type.kind) {
        case ("apps", "Deployment"): deployment
        case ("apps", "DaemonSet"): daemonSet(minimumNodeCount: minimumNodeCount)
        case ("apps", "StatefulSet"): statefulSet
        case ("apps", "ReplicaSet"): replicaSet
        case ("", "Pod"): pod
        case ("batch", "Job"): job
        case ("", "PersistentVolumeClaim"): phase("Bound")
        case ("", "Namespace"): phase("Active")
        case ("", "Service"): service
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): definition
        case ("apiregistration.k8s.io", "APIService"): byCondition("Available")
        case ("", "Node"): byCondition("Ready")
        case ("", "ConfigMap"), ("", "Secret"), ("batch", "CronJob"), ("policy", "PodDisruptionBudget"): .ready
        default: nil
        }
    }

    private func phase(_ wanted: String) -> Readiness {
        let phase = node["status"]?["phase"]?.string ?? ""
        return phase == wanted ? .ready : .waiting("phase is '\(phase)', not '\(wanted)'")
    }

    private func byCondition(_ type: String) -> Readiness {
        let found = condition(type)
        guard found?.status != "True" else { return .ready }
        return .waiting(found?.words ?? "condition \(type) is missing")
    }

    private var service: Readiness {
        guard node["spec"]?["type"]?.string == "LoadBalancer" else { return .ready }
        let address = node["spec"]?["clusterIP"]?.string ?? ""
        return address.isEmpty ? .waiting("it has no cluster IP yet") : .ready
    }

    /// The readiness of a CustomResourceDefinition, by the first decisive condition.
    ///
    /// If a changed plural or kind is refused, the definition has failed, although the former names are still served.
    private var definition: Readiness {
        let names = node["spec"]?["names"]
        let accepted = node["status"]?["acceptedNames"]
        let isServed =
            condition("Established")?.status == "True"
            && ["plural", "kind"].allSatisfy { accepted?[$0] != nil && accepted?[$0] == names?[$0] }
        for condition in conditions {
            switch (condition.type, condition.status) {
            case ("NamesAccepted", "False") where !isServed: return .failed(condition.words)
            case ("Established", "False") where condition.reason != "Installing": return .failed(condition.words)
            case ("Established", "True"): return .ready
            default: continue
            }
        }
        return .waiting("the server is installing it")
    }

    private var pod: Readiness {
        let phase = node["status"]?["phase"]?.string ?? ""
        switch phase {
        case "Succeeded": return .ready
        case "Failed":
            let words = ["reason", "message"].compactMap { node["status"]?[$0]?.string }.joined(separator: ": ")
            return .failed(words.isEmpty ? "its containers have ended with an error" : words)
        case "Running":
            if condition("Ready")?.status == "True" { return .ready }
            for container in node["status"]?["containerStatuses"]?.sequence ?? [] {
                let waiting = container["state"]?["waiting"]
                guard waiting?["reason"]?.string == "CrashLoopBackOff" else { continue }
                return .failed("container '\(container["name"]?.string ?? "")' is in CrashLoopBackOff")
            }
            return .waiting(condition("Ready")?.words ?? "not ready")
        default:
            return unscheduled ?? .waiting("pending")
        }
    }

    /// The age in seconds above which an unschedulable Pod counts as failed.
    private static let schedulingLimit: Int64 = 15

    /// The readiness of a Pod whose condition `PodScheduled` is false, or `nil` for other Pods.
    private var unscheduled: Readiness? {
        guard let scheduled = condition("PodScheduled"), scheduled.status == "False" else { return nil }
        let created = node["metadata"]?["creationTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:))
        let isLate = created.map { now.seconds - $0.seconds > Self.schedulingLimit } ?? false
        return isLate && scheduled.reason == "Unschedulable" ? .failed(scheduled.words) : .waiting(scheduled.words)
    }

    /// The readiness of a Job; as in Flux, a running Job is not ready.
    private var job: Readiness {
        for condition in conditions where condition.status == "True" {
            switch condition.type {
            case "Complete": return .ready
            case "Failed": return .failed(condition.words)
            default: continue
            }
        }
        if node["spec"]?["suspend"]?.boolean == true { return .waiting("it is suspended") }
        return .waiting(node["status"]?["startTime"] == nil ? "not started" : "running")
    }
}

/// The readiness of workloads.
extension LiveObject {
    /// Returns `waiting` for the first count that is lower than wanted, or `nil` if no count is too low.
    private func shortage(_ checks: [(String, wanted: Int, there: Int)]) -> Readiness? {
        checks.first { $0.there < $0.wanted }.map { .waiting("\($0.0): \($0.there) of \($0.wanted)") }
    }

    private var wantedReplicas: Int { node["spec"]?["replicas"]?.integer ?? 1 }

    /// The readiness of a Deployment, with the cause if it is paused or its pods cannot be created.
    private var deployment: Readiness {
        guard case .waiting(let reason) = replicas else { return replicas }
        if node["spec"]?["paused"]?.boolean == true { return .waiting("it is paused (\(reason))") }
        guard let failure = condition("ReplicaFailure"), failure.status == "True" else { return replicas }
        return .waiting("\(reason) (\(failure.words))")
    }

    /// The readiness of a Deployment by its conditions and replica counts.
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

    func daemonSet(minimumNodeCount: Int) -> Readiness {
        guard node["metadata"]?["generation"] != nil, status("observedGeneration") != nil,
            let desired = status("desiredNumberScheduled")
        else { return .waiting("its controller has not seen it") }
        guard desired >= minimumNodeCount else {
            return .waiting(desired == 0 ? "no node is eligible" : "eligible nodes: \(desired) of \(minimumNodeCount)")
        }
        // With `OnDelete`, pods of earlier revisions stay until somebody deletes them.
        let isUpdated = node["spec"]?["updateStrategy"]?["type"]?.string != "OnDelete"
        return shortage([
            ("pods", desired, status("currentNumberScheduled") ?? 0),
            ("updated pods", isUpdated ? desired : 0, status("updatedNumberScheduled") ?? 0),
            ("available pods", desired, status("numberAvailable") ?? 0),
            ("ready pods", desired, status("numberReady") ?? 0),
        ]) ?? .ready
    }

    var statefulSet: Readiness {
        let strategy = node["spec"]?["updateStrategy"]
        let (wanted, all) = (wantedReplicas, status("replicas") ?? 0)
        if let short = shortage([("replicas", wanted, all), ("ready replicas", wanted, status("readyReplicas") ?? 0)]) {
            return short
        }
        if all > wanted { return .waiting("replicas still terminating: \(all - wanted)") }
        // With `OnDelete`, pods of earlier revisions stay until somebody deletes them.
        if strategy?["type"]?.string == "OnDelete" { return .ready }
        if let partition = strategy?["rollingUpdate"]?["partition"]?.integer {
            return shortage([("updated replicas", wanted - partition, status("updatedReplicas") ?? 0)]) ?? .ready
        }
        if let short = shortage([("current replicas", wanted, status("currentReplicas") ?? 0)]) { return short }
        let (current, update) = (node["status"]?["currentRevision"], node["status"]?["updateRevision"])
        return current == update ? .ready : .waiting("a new revision is being rolled out")
    }

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
