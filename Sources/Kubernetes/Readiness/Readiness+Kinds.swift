import Base
import YAML

/// The kinds that have rules of their own.
extension LiveObject {
    /// The readiness by the rules of the object's kind, `nil` for kinds without any.
    func byKind(minimumNodeCount: Int) -> Readiness? {
        switch (type.group, type.kind) {
        case ("apps", "Deployment"), ("extensions", "Deployment"): deployment
        case ("apps", "DaemonSet"), ("extensions", "DaemonSet"): daemonSet(minimumNodeCount: minimumNodeCount)
        case ("apps", "StatefulSet"): statefulSet
        case ("apps", "ReplicaSet"), ("extensions", "ReplicaSet"): replicaSet
        case ("", "Pod"): pod
        case ("batch", "Job"): job
        case ("", "PersistentVolumeClaim"): phase("Bound")
        case ("", "Namespace"): phase("Active")
        case ("", "Service"): service
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): definition
        case ("apiregistration.k8s.io", "APIService"): byCondition("Available")
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

    /// The rules of a CRD, in the order of its conditions.
    private var definition: Readiness {
        for condition in conditions {
            switch (condition.type, condition.status) {
            case ("NamesAccepted", "False"): return .failed(condition.words)
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
        case "Succeeded", "Failed": return .ready
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

    /// How long a Pod may be without a node before that is a failure, in seconds.
    private static let schedulingLimit: Int64 = 15

    /// What holds for a Pod that no node takes.
    private var unscheduled: Readiness? {
        guard let scheduled = condition("PodScheduled"), scheduled.status == "False" else { return nil }
        let created = node["metadata"]?["creationTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:))
        let isLate = created.map { now.seconds - $0.seconds > Self.schedulingLimit } ?? false
        return isLate && scheduled.reason == "Unschedulable" ? .failed(scheduled.words) : .waiting(scheduled.words)
    }

    /// The rules of a Job; unlike kstatus a Job that still runs is not ready (as Flux has it).
    private var job: Readiness {
        for condition in conditions where condition.status == "True" {
            switch condition.type {
            case "Complete": return .ready
            case "Failed": return .failed(condition.words)
            case "Suspended" where node["spec"]?["suspend"]?.boolean == true: return .ready
            default: continue
            }
        }
        return .waiting(node["status"]?["startTime"] == nil ? "not started" : "running")
    }
}
