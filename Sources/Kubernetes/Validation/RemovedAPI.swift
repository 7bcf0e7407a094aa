import Base
import YAML

/// An API that Kubernetes no longer serves.
///
/// The source is the deprecated API migration guide:
/// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
struct RemovedAPI {
    /// The problem with an object, and whether the server certainly lacks the object's API.
    struct Finding {
        var problem: Problem
        var isCertain: Bool
    }

    /// The group and version.
    let apiVersion: String
    let kinds: [String]
    /// The first version of Kubernetes that does not serve the API.
    let removedIn: KubernetesVersion
    private let successor: Successor

    /// The successor of a removed API.
    private enum Successor {
        /// The same kinds in another group or version.
        case version(String)
        /// Advice on a replacement, because no other API has the same kinds.
        case advice(String)
    }

    private init(_ apiVersion: String, _ kinds: [String], _ minor: Int, _ replacement: String) {
        self.init(apiVersion, kinds, minor, .version(replacement))
    }

    private init(_ apiVersion: String, _ kinds: [String], _ minor: Int, _ successor: Successor) {
        (self.apiVersion, self.kinds) = (apiVersion, kinds)
        (removedIn, self.successor) = (KubernetesVersion(minor: minor), successor)
    }

    private static let podSecurity = Successor.advice(
        "use Pod Security admission: label the namespaces 'pod-security.kubernetes.io/enforce: LEVEL'"
    )

    /// Every removed API.
    static let all: [RemovedAPI] = [
        .init("extensions/v1beta1", ["DaemonSet", "Deployment", "ReplicaSet"], 16, "apps/v1"),
        .init("extensions/v1beta1", ["NetworkPolicy"], 16, "networking.k8s.io/v1"),
        .init("extensions/v1beta1", ["PodSecurityPolicy"], 16, podSecurity),
        .init("apps/v1beta1", ["Deployment", "ReplicaSet", "StatefulSet", "ControllerRevision"], 16, "apps/v1"),
        .init(
            "apps/v1beta2",
            ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "ControllerRevision"],
            16,
            "apps/v1"
        ),
        .init(
            "auditregistration.k8s.io/v1alpha1",
            ["AuditSink"],
            19,
            .advice("use the API server's '--audit-webhook-config-file'")
        ),
        .init("settings.k8s.io/v1alpha1", ["PodPreset"], 20, .advice("use a mutating admission webhook or policy")),
        .init(
            "admissionregistration.k8s.io/v1beta1",
            ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
            22,
            "admissionregistration.k8s.io/v1"
        ),
        .init("apiextensions.k8s.io/v1beta1", ["CustomResourceDefinition"], 22, "apiextensions.k8s.io/v1"),
        .init("apiregistration.k8s.io/v1beta1", ["APIService"], 22, "apiregistration.k8s.io/v1"),
        .init("authentication.k8s.io/v1beta1", ["TokenReview"], 22, "authentication.k8s.io/v1"),
        .init(
            "authorization.k8s.io/v1beta1",
            ["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SubjectAccessReview"],
            22,
            "authorization.k8s.io/v1"
        ),
        .init("certificates.k8s.io/v1beta1", ["CertificateSigningRequest"], 22, "certificates.k8s.io/v1"),
        .init("coordination.k8s.io/v1beta1", ["Lease"], 22, "coordination.k8s.io/v1"),
        .init("extensions/v1beta1", ["Ingress"], 22, "networking.k8s.io/v1"),
        .init("networking.k8s.io/v1beta1", ["Ingress", "IngressClass"], 22, "networking.k8s.io/v1"),
        .init(
            "rbac.authorization.k8s.io/v1beta1",
            ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
            22,
            "rbac.authorization.k8s.io/v1"
        ),
        .init("scheduling.k8s.io/v1beta1", ["PriorityClass"], 22, "scheduling.k8s.io/v1"),
        .init(
            "storage.k8s.io/v1beta1",
            ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
            22,
            "storage.k8s.io/v1"
        ),
        .init("batch/v1beta1", ["CronJob"], 25, "batch/v1"),
        .init("discovery.k8s.io/v1beta1", ["EndpointSlice"], 25, "discovery.k8s.io/v1"),
        .init("events.k8s.io/v1beta1", ["Event"], 25, "events.k8s.io/v1"),
        .init("autoscaling/v2beta1", ["HorizontalPodAutoscaler"], 25, "autoscaling/v2"),
        .init("policy/v1beta1", ["PodDisruptionBudget"], 25, "policy/v1"),
        .init("policy/v1beta1", ["PodSecurityPolicy"], 25, podSecurity),
        .init("node.k8s.io/v1beta1", ["RuntimeClass"], 25, "node.k8s.io/v1"),
        .init("autoscaling/v2beta2", ["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
        .init(
            "flowcontrol.apiserver.k8s.io/v1beta1",
            ["FlowSchema", "PriorityLevelConfiguration"],
            26,
            "flowcontrol.apiserver.k8s.io/v1"
        ),
        .init("storage.k8s.io/v1beta1", ["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
        .init(
            "flowcontrol.apiserver.k8s.io/v1beta2",
            ["FlowSchema", "PriorityLevelConfiguration"],
            29,
            "flowcontrol.apiserver.k8s.io/v1"
        ),
        .init(
            "flowcontrol.apiserver.k8s.io/v1beta3",
            ["FlowSchema", "PriorityLevelConfiguration"],
            32,
            "flowcontrol.apiserver.k8s.io/v1"
        ),
    ]

    /// The group and version that serve the same kinds, or `nil` if the kinds no longer exist.
    var successorVersion: String? {
        if case .version(let version) = successor { version } else { nil }
    }

    /// Returns advice on what to use instead on a server.
    func advice(for type: GroupVersionKind, version: KubernetesVersion?) -> String {
        switch successor {
        case .advice(let advice): return advice
        case .version(var replacement):
            // Version v1 of this group was introduced in 1.29, after the first beta versions were removed.
            if let version, version.minor < 29, replacement.hasPrefix("flowcontrol.") {
                replacement = "flowcontrol.apiserver.k8s.io/v1beta3"
            }
            let isChanged = ["CustomResourceDefinition", "Ingress"].contains(type.kind)
            return "write 'apiVersion: \(replacement)'\(isChanged ? ", and adapt its fields" : "")"
        }
    }

    /// Returns the removed API that served a kind, or `nil` if the kind's API was not removed from Kubernetes.
    static func api(of type: GroupVersionKind) -> RemovedAPI? {
        index[type.apiVersion]?.first { $0.kinds.contains(type.kind) }
    }

    /// Returns the kind in another group that has replaced a removed kind, or `nil` if there is none.
    static func successor(of kind: DefinedKind) -> DefinedKind? {
        let removed = all.filter { api in
            api.kinds.contains(kind.kind)
                && GroupVersionKind(apiVersion: api.apiVersion, kind: kind.kind).group == kind.group
        }
        return removed.compactMap(\.successorVersion)
            .map { DefinedKind(GroupVersionKind(apiVersion: $0, kind: kind.kind)) }
            .first { $0.group != kind.group }
    }

    private static let index = Dictionary(grouping: all, by: \.apiVersion)

    /// Returns the problem with an object that uses a removed API, or `nil` if the server still serves the API.
    ///
    /// If the version is not known, the problem is certain only if no supported server serves the API.
    static func problem(of manifest: ManifestObject, version: KubernetesVersion?) -> Finding? {
        let type = manifest.identity.type
        guard let removed = api(of: type) else { return nil }
        if let version, version < removed.removedIn { return nil }
        let message = "\(type.kind) of '\(type.apiVersion)' was removed in Kubernetes \(removed.removedIn)"
        let location = manifest.root["apiVersion"]?.location
        let problem = Problem(.removedAPI, message, at: location, hint: removed.advice(for: type, version: version))
        return Finding(problem: problem, isCertain: version != nil || removed.removedIn <= .oldest)
    }
}
