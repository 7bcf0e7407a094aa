import Base
import YAML

/// A refusal by an admission plugin of the server, recognised by words that are the same on all servers from 1.20 on.
///
/// The plugins are in `plugin/pkg/admission` of Kubernetes. Their refusals name no field.
struct PluginRefusal {
    /// The path of the field that is refused: in the object, or in the `spec` of its pods.
    enum Field: Sendable {
        case ofObject(String)
        case ofPods(String)
    }

    private let field: Field
    /// The words of the refusal, which may name keys of the field.
    private var words = ""
    /// Advice that makes the object acceptable.
    let hint: String

    private static let all: [(words: String, refusal: Self)] = [
        (
            "Only one default can exist",
            Self(.ofObject("globalDefault"), "remove 'globalDefault', or set it to false in the other PriorityClass")
        ),
        (
            "no PriorityClass with name",
            Self(
                .ofPods("priorityClassName"),
                "apply a manifest of the PriorityClass before it, or correct 'priorityClassName'"
            )
        ),
        (
            "the integer value of priority (",
            Self(.ofPods("priority"), "remove 'priority', which 'priorityClassName' determines")
        ),
        (
            "the string value of preemptionPolicy (",
            Self(.ofPods("preemptionPolicy"), "remove 'preemptionPolicy', which 'priorityClassName' determines")
        ),
        (
            "pod rejected: RuntimeClass",
            Self(
                .ofPods("runtimeClassName"),
                "apply a manifest of the RuntimeClass before it, or correct 'runtimeClassName'"
            )
        ),
        (
            "only dynamically provisioned pvc can be resized",
            Self(
                .ofObject("spec.resources.requests.storage"),
                "restore the size, or write 'allowVolumeExpansion: true' into the StorageClass if its driver can resize "
                    + "volumes"
            )
        ),
        (
            "use of external IPs is denied",
            Self(.ofObject("spec.externalIPs"), "remove 'externalIPs', and use 'type: LoadBalancer' or a node port")
        ),
        (
            "cannot set blockOwnerDeletion",
            Self(
                .ofObject("metadata.ownerReferences"),
                "remove 'blockOwnerDeletion', or let the user 'update' the subresource 'finalizers' of the owner's resource"
            )
        ),
        // NodeRestriction refuses labels and taints also if the agent itself sets them.
        ("is not allowed to modify labels", Self(.ofObject("metadata.labels"), Self.adviceForNodes)),
        ("is not allowed to modify taints", Self(.ofObject("spec.taints"), Self.adviceForNodes)),
        ("is not allowed to modify node ", Self(.ofObject("metadata.name"), Self.adviceForNodes)),
        (
            "must have cluster-admin privileges to use the aggregationRule",
            Self(
                .ofObject("aggregationRule"),
                "add to a ClusterRole bound to this user: - {apiGroups: [rbac.authorization.k8s.io], "
                    + "resources: [clusterroles], verbs: [escalate]}"
            )
        ),
        (
            "node label selector conflicts with its namespace node label selector",
            Self(
                .ofPods("nodeSelector"),
                "write the labels that annotation 'scheduler.alpha.kubernetes.io/node-selector' of the namespace has, or "
                    + "change the annotation"
            )
        ),
        (
            "conflict with its namespace whitelist",
            Self(
                .ofPods("tolerations"),
                "leave only tolerations that annotation 'scheduler.alpha.kubernetes.io/tolerationsWhitelist' of the namespace "
                    + "has, or change the annotation"
            )
        ),
        (
            "signer with system:masters group is not allowed",
            Self(.ofObject("spec.request"), "request a certificate without organization 'system:masters'")
        ),
    ]

    /// The advice to a user that is a kubelet.
    static let adviceForNodes =
        "name the kubeconfig of another user in 'kubeconfig': a kubelet may change only its own Node, and only in part "
        + "(admission plugin NodeRestriction)"

    private init(_ field: Field, _ hint: String) { (self.field, self.hint) = (field, hint) }

    /// Recognises a refusal; `nil` if no plugin of the table has written it.
    init?(_ text: String) {
        let lower = text.lowercased()
        guard let known = Self.all.first(where: { lower.contains($0.words.lowercased()) }) else { return nil }
        self = known.refusal
        words = text
    }

    /// Returns the location of the field, or of the nearest parent that the manifest has.
    func location(in manifest: ManifestObject) -> SourceLocation? {
        switch field {
        case .ofObject(let path):
            let target = FieldPath(path).resolve(in: manifest.root)
            let named = target.node?.mapping?.entries.first { words.contains($0.key) }
            return named?.location ?? target.location
        case .ofPods(let path): return PodField.location(of: path, in: manifest)
        }
    }
}
