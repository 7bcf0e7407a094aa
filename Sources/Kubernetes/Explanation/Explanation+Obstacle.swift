import YAML

/// Objects that the server would take, but that must not be changed.
extension Explanation {
    /// An object that is being deleted, with what holds it up.
    func beingDeleted(_ error: APIError, _ finalizers: [String]) -> ObjectFailure {
        let identity = manifest.identity
        let namespace = identity.namespace ?? live?["metadata"]?["namespace"]?.string
        let kind = identity.type.group.isEmpty ? identity.type.kind : "\(identity.type.kind).\(identity.type.group)"
        let name = "\(kind.lowercased()) \(identity.name)" + (namespace.map { " -n \($0)" } ?? "")
        let hint =
            if identity.isNamespace {
                "see what is left in it: 'kubectl get \(name) -o jsonpath={.status.conditions}'"
            } else if identity.isCustomResourceDefinition, finalizers.contains(Self.instanceFinalizer) {
                // Without the finalizer its objects would stay in etcd, and come back with the next definition.
                "see which of its objects are left: 'kubectl get \(identity.name) -A'; they have finalizers of their own"
            } else if finalizers.isEmpty {
                "see what holds it up: 'kubectl get \(name) -o yaml'"
            } else {
                "let the controller that set \(finalizers.count == 1 ? "it" : "them") finish; if it is gone for good, "
                    + "'kubectl edit \(name)' and remove the finalizer, which skips its cleanup"
            }
        let message = "\(purpose.failed): \(error.words)"
        let common = ObjectFailure.Common(
            message: message,
            hint: "find out what holds them up, or increase 'timeout' of task '\(task)'",
        )
        let fault = fault(at: nil, message, hint: hint, common: purpose == .deletion ? common : nil)
        return ObjectFailure(object: identity, cause: .beingDeleted, faults: [fault])
    }

    /// The finalizer with which the API server deletes the objects of a CustomResourceDefinition before the definition.
    private static let instanceFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    /// An object that another task describes too.
    func rival(_ error: APIError) -> ObjectFailure {
        ObjectFailure(manifest, .invalid, error.words, hint: "remove it from one of them")
    }
}
