import Base
import YAML

/// Objects that admission control refuses.
extension Explanation {
    /// A refusal of the object, which any user would get.
    func denied(_ refusal: AdmissionRefusal) -> ObjectFailure {
        switch refusal {
        case .quota(let name, let usage):
            let words = usage.map { usage in
                "\(usage.resource) used \(usage.used) of \(usage.limit)"
                    + (usage.requested == "1" ? "" : ", \(usage.requested) requested")
            }
            return denied(
                "refused by ResourceQuota '\(name)': \(words.joined(separator: "; "))",
                hint: "raise the quota or delete objects",
            )
        case .quotaRequires(let name, let what):
            return denied(
                "refused by ResourceQuota '\(name)': the containers must specify \(what)",
                at: containers,
                hint: "add it below 'resources' of each container, or set defaults by a LimitRange in namespace "
                    + "'\(namespace)'",
            )
        case .limitRange(let text):
            return denied(
                "refused by a LimitRange of namespace '\(namespace)': \(text)",
                at: location(ofLimitIn: text),
                hint: "stay within the limits, or change them: 'kubectl edit limitrange -n \(namespace)'",
            )
        case .webhook(let name, let reason, _):
            return denied(
                "refused by webhook '\(name)': \(reason)",
                hint: change("the rules of the webhook"),
            )
        case .policy(let name, let binding, let reason):
            return denied(
                "refused by ValidatingAdmissionPolicy '\(name)' (binding '\(binding)'): \(reason)",
                hint: change("the policy"),
            )
        case .podSecurity(let standard, let violations):
            return denied(
                "refused by Pod Security Standard '\(standard)' of namespace '\(namespace)': \(violations)",
                hint: "change these settings, or the namespace's label 'pod-security.kubernetes.io/enforce'",
            )
        case .serviceAccount(let name, let namespace):
            let path = ["spec.serviceAccountName", "spec.serviceAccount"].first { field($0) != nil }
            // Another task may create it.
            return ObjectFailure(
                manifest,
                .other,
                "ServiceAccount '\(name)' does not exist in namespace '\(namespace)'",
                at: path.flatMap(field),
                hint: "apply a manifest of the ServiceAccount before it, or correct 'serviceAccountName'",
            )
        case .other(let text):
            let cause: ObjectFailure.Cause = refusal.disposition == .permanent ? .denied : .other
            let message = "refused by admission control: \(text)"
            let hint = purpose == .application ? "change the manifest accordingly" : nil
            return ObjectFailure(manifest, cause, message, hint: hint)
        }
    }

    /// What to change so that something allows the request.
    private func change(_ rules: String) -> String {
        switch purpose {
        case .application: "change the manifest, or \(rules)"
        case .parent: "exempt \(manifest.identity) in \(rules)"
        case .deletion, .listing, .lock: "change \(rules)"
        }
    }

    private func denied(_ message: String, at location: SourceLocation? = nil, hint: String) -> ObjectFailure {
        ObjectFailure(manifest, .denied, message, at: location, hint: hint)
    }

    /// The namespace of the object.
    var namespace: String { manifest.identity.namespace ?? client.kubeconfig.namespace }

    /// The location of a field, `nil` if the manifest does not have it.
    private func field(_ path: String) -> SourceLocation? {
        let target = FieldPath(path).resolve(in: manifest.root)
        return target.node == nil ? nil : target.location
    }

    private var containers: SourceLocation? { field("spec.containers") }

    /// Where the value is that a LimitRange refuses: `maximum memory usage per Container is 10Mi, but limit is 1Gi`.
    private func location(ofLimitIn text: String) -> SourceLocation? {
        let pattern = /(?:minimum|maximum) ([^ ]+) usage per \w+ is [^ ]+, but (limit|request) is ([^ ,.\]]+)/
        guard let match = text.firstMatch(of: pattern) else { return nil }
        let (resource, group, value) = (String(match.1), "\(match.2)s", String(match.3))
        let containers = ["containers", "initContainers"].flatMap { manifest.root["spec"]?[$0]?.sequence ?? [] }
        let settings = (containers + [manifest.root["spec"]].compactMap(\.self)).compactMap { $0["resources"]?[group] }
        let entries = settings.flatMap { $0.mapping?.entries ?? [] }.filter { $0.key == resource }
        return (entries.first { ($0.value.string ?? "") == value } ?? entries.first)?.location
    }
}
