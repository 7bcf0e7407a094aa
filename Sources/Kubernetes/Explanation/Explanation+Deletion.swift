import Base
import YAML

/// Objects whose deletion does not finish.
extension Explanation {
    /// The cause of a delay, `nil` if none was found, and the remedy.
    private struct Delay {
        var cause: String?
        var hint: String
    }

    /// Explains that an object is being deleted, with the cause of the delay.
    func beingDeleted(_ error: APIError, _ finalizers: [String]) async -> ObjectFailure {
        let delay = await delay(finalizers)
        let message = "\(purpose.failed): \(error.words)" + (delay.cause.map { ": \($0)" } ?? "")
        let common = ObjectFailure.Common(
            message: message,
            hint: "find out what holds them up, or increase 'timeout' of task '\(task)'",
        )
        let fault = fault(at: nil, message, hint: delay.hint, common: purpose == .deletion ? common : nil)
        return ObjectFailure(object: manifest.identity, cause: .beingDeleted, faults: [fault])
    }

    private func delay(_ finalizers: [String]) async -> Delay {
        let identity = manifest.identity
        if identity.isNamespace, let deletion = await deletion(of: identity.name) {
            return Delay(cause: deletion.words, hint: deletion.hint)
        }
        if identity.isNamespace, finalizers.allSatisfy({ $0 == Self.namespaceFinalizer }) {
            return Delay(hint: "check that kube-controller-manager is running, which deletes what is in it")
        }
        if identity.isCustomResourceDefinition, finalizers.contains(Self.instanceFinalizer) {
            return await delayOfInstances(of: identity.name)
        }
        let kind = identity.type.group.isEmpty ? identity.type.kind : "\(identity.type.kind).\(identity.type.group)"
        let namespace = identity.namespace ?? live?["metadata"]?["namespace"]?.string
        let name = "\(kind.lowercased()) \(identity.name)" + (namespace.map { " -n \($0)" } ?? "")
        guard !finalizers.isEmpty else { return Delay(hint: "see what holds it up: 'kubectl get \(name) -o yaml'") }
        if finalizers == [Self.claimFinalizer], let delay = await delayOfClaim(in: namespace) { return delay }
        if finalizers.allSatisfy({ Self.protections.contains($0) }) {
            return Delay(
                hint: "pods use it, and it is deleted once they are gone: 'kubectl describe \(name)' names them"
            )
        }
        return Delay(
            hint:
                "let the controller that set \(finalizers.count == 1 ? "it" : "them") finish; if it is gone for good, "
                + "'kubectl edit \(name)' and remove the finalizer, which skips its cleanup"
        )
    }

    /// Explains that the definition of the object's kind is being deleted, `nil` if it is not.
    func ofDeletedDefinition() async -> ObjectFailure? {
        let type = manifest.identity.type
        guard let resource = client.catalog.listed(type), resource.isOfDeletedDefinition else { return nil }
        let name = "\(resource.plural).\(type.group)"
        let delay = await delayOfInstances(of: name)
        let message =
            "its CustomResourceDefinition '\(name)' is being deleted" + (delay.cause.map { ": \($0)" } ?? "")
        let failure = fault(at: manifest.root["kind"]?.location, message, hint: delay.hint, code: .beingDeleted)
        return ObjectFailure(object: manifest.identity, cause: .other, faults: [failure])
    }

    /// Returns why the objects of a definition are not deleted, from its condition `Terminating` and the objects.
    private func delayOfInstances(of name: String) async -> Delay {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\(name)"
        let found = try? await client.object("GET", path, until: explanationDeadline).node
        let type = GroupVersionKind(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition")
        let state = found.map { LiveObject($0, type: type, now: .now()) }?.condition("Terminating")
        guard let state, state.reason == "InstanceDeletionFailed" else {
            if let found, let delay = await delayByFinalizers(of: found) { return delay }
            // Without the finalizer, the objects would stay in etcd and reappear with the next definition.
            return Delay(
                hint: "see which of its objects are left: 'kubectl get \(name) -A'; they have finalizers of their own"
            )
        }
        let cause = state.message.onOneLine
        guard cause.contains("conversion webhook") else {
            return Delay(cause: cause, hint: "remove the cause, and the server continues the deletion")
        }
        let patch = #"{"spec":{"conversion":{"strategy":"None","webhook":null}}}"#
        let command = quotedShellLine(["kubectl", "patch", "crd", name, "--type", "merge", "-p", patch])
        return Delay(
            cause: cause,
            hint:
                "start the webhook's server; if it is gone for good, let the server delete the objects without it: \(command)"
        )
    }

    /// Returns the objects of a definition that their finalizers keep, `nil` if none is found.
    private func delayByFinalizers(of definition: Node) async -> Delay? {
        let spec = definition["spec"]
        let served = (spec?["versions"]?.sequence ?? []).first { $0["served"]?.boolean == true }
        guard let group = spec?["group"]?.string, let version = served?["name"]?.string,
            let plural = spec?["names"]?["plural"]?.string, let kind = spec?["names"]?["kind"]?.string
        else { return nil }
        let path = "/apis/\(group)/\(version)/\(plural)"
        let list = try? await client.object("GET", path, query: [("limit", "20")], until: explanationDeadline).node
        let kept = (list?["items"]?.sequence ?? []).filter { $0["metadata"]?["finalizers"]?.sequence?.isEmpty == false }
        guard let first = kept.first?["metadata"], let name = first["name"]?.string else { return nil }
        let namespace = first["namespace"]?.string
        let finalizers = (first["finalizers"]?.sequence ?? []).compactMap(\.string).map { "'\($0)'" }
        let others = kept.count == 1 ? "" : ", and for \(kept.count - 1) more"
        let type = GroupVersionKind(group: group, version: version, kind: kind)
        let identity = ObjectIdentity(type: type, namespace: namespace, name: name)
        let command = ["kubectl", "edit", "\(plural).\(group)", name] + (namespace.map { ["-n", $0] } ?? [])
        return Delay(
            cause: "it waits for \(identity) with finalizer \(shortList(finalizers))\(others)",
            hint:
                "let the controller of the finalizer finish; if it is gone for good, remove the finalizer, which skips its "
                + "cleanup: \(quotedShellLine(command))"
        )
    }

    /// Returns the pods that use a claim, `nil` if none is found.
    private func delayOfClaim(in namespace: String?) async -> Delay? {
        let namespace = namespace ?? client.kubeconfig.namespace
        let path = "/api/v1/namespaces/\(APIClient.percentEncoded(namespace))/pods"
        let list = try? await client.object("GET", path, until: explanationDeadline).node
        let users = (list?["items"]?.sequence ?? []).filter { ClaimDiagnosis.uses($0, manifest.identity.name) }
        let names = users.compactMap { $0["metadata"]?["name"]?.string }
        guard let first = names.first else { return nil }
        let command = quotedShellLine(["kubectl", "delete", "pod", first, "-n", namespace])
        let isOne = names.count == 1
        return Delay(
            cause: "\(isOne ? "Pod" : "Pods") \(shortList(names.map { "'\($0)'" })) \(isOne ? "uses" : "use") it",
            hint: "end \(isOne ? "the Pod" : "them"), or the workload that makes \(isOne ? "it" : "them"): \(command)"
        )
    }

    /// The finalizer that keeps a claim while pods use it, see "Storage Object in Use Protection".
    private static let claimFinalizer = "kubernetes.io/pvc-protection"

    /// The finalizers that keep volumes and claims while they are used.
    private static let protections = [claimFinalizer, "kubernetes.io/pv-protection"]

    /// The finalizer that kube-controller-manager removes once a namespace is empty.
    private static let namespaceFinalizer = "kubernetes"

    /// The finalizer with which the API server deletes the objects of a CustomResourceDefinition before the definition.
    private static let instanceFinalizer = "customresourcecleanup.apiextensions.k8s.io"
}
