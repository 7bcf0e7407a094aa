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

    /// The field.
    let field: Field
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
            "signer with system:masters group is not allowed",
            Self(.ofObject("spec.request"), "request a certificate without organization 'system:masters'")
        ),
    ]

    /// The advice to a user that is a kubelet.
    static let adviceForNodes =
        "name the kubeconfig of another user in 'kubeconfig': that of a kubelet may change only its own Node, and only in part"

    private init(_ field: Field, _ hint: String) { (self.field, self.hint) = (field, hint) }

    /// Recognises a refusal; `nil` if no plugin of the table has written it.
    init?(_ text: String) {
        let lower = text.lowercased()
        guard let known = Self.all.first(where: { lower.contains($0.words.lowercased()) }) else { return nil }
        self = known.refusal
    }

    /// Returns the location of the field, or of the nearest parent that the manifest has.
    func location(in manifest: ManifestObject) -> SourceLocation? {
        switch field {
        case .ofObject(let path): FieldPath(path).resolve(in: manifest.root).location
        case .ofPods(let path): PodField.location(of: path, in: manifest)
        }
    }
}
