import Base
import YAML

/// An object that is not ready.
struct UnreadyObject: Sendable, Hashable, CustomStringConvertible {
    /// The reason for an object that the server does not have.
    static let absence = "it does not exist"

    var identity: ObjectIdentity
    /// The reason, from the object's own status.
    var reason: String
    /// The cause, from events, pods and nodes, or `nil` if it is not known.
    var cause: ReadinessCause?

    /// The reason, and the cause if it is known.
    var reasonWithDetail: String {
        let reason = cause?.reason ?? reason
        guard let words = cause?.words, !words.isEmpty else { return reason }
        return "\(reason) (\(words))"
    }

    /// The object, the reason, and the cause if it is known.
    var description: String { "\(identity): \(reasonWithDetail)" }
}

/// The cause for which an object is not ready.
struct ReadinessCause: Sendable, Hashable {
    /// The cause, empty if only another reason is known.
    var words = ""
    /// The reason if the one from the object's status is about an earlier state.
    var reason: String?
    /// The path of the field of the pods' `spec` that leads to the cause.
    var podField: String?
    /// Advice, if there is any.
    var hint: String?
    /// Whether the object stays as it is until a user changes it.
    var isFinal = false
}

/// Advice about an object that does not become ready.
struct ReadinessAdvice {
    /// The advice, or `nil` if the reason is not known.
    let text: String?

    /// The location of the field of the manifest that leads to the reason, or `nil` if none is known.
    let location: SourceLocation?

    init(for object: UnreadyObject, as manifest: ManifestObject?, task: String) {
        let words = object.reasonWithDetail
        let needsNode = object.identity.type.kind == "DaemonSet" && words.contains("no node is eligible")
        let hint = object.cause?.hint.map { needsNode && !$0.hasSuffix("?") ? $0 + Self.withoutNodes(task) : $0 }
        let pause = manifest.flatMap { Self.pause(in: $0, words) }
        let removal = pause == nil ? "" : "remove 'paused' from the manifest, or until the next apply "
        text = (hint ?? Self.text(about: object, words, task: task)).map { removal + $0 }
        location =
            pause
            ?? manifest.flatMap { manifest in
                PodField.location(namedBy: words, in: manifest)
                    ?? PluginRefusal(words)?.location(in: manifest)
                    ?? object.cause?.podField.flatMap { PodField.location(of: $0, in: manifest) }
            }
    }

    /// Returns the location of the field that pauses a Deployment, if the manifest has it.
    private static func pause(in manifest: ManifestObject, _ words: String) -> SourceLocation? {
        guard words.hasPrefix(LiveObject.pause) else { return nil }
        let target = FieldPath("spec.paused").resolve(in: manifest.root)
        return target.node == nil ? nil : target.location
    }

    private static func text(about object: UnreadyObject, _ words: String, task: String) -> String? {
        let type = object.identity.type
        let namespace = object.identity.namespace.map { " -n \($0)" } ?? ""
        return if let quota = words.firstMatch(of: /exceeded quota: ([^ ,]+)/)?.1 {
            "raise ResourceQuota '\(quota)' or delete objects: 'kubectl edit resourcequota \(quota)\(namespace)'"
        } else if words.contains("failed quota: ") {
            "set 'resources' of each container as the quota requires"
        } else if let account = words.firstMatch(of: /serviceaccount "([^"]*)" not found/)?.1 {
            "create ServiceAccount '\(account)', or correct 'serviceAccountName'"
        } else if words.contains(#/(?:minimum|maximum|max) .* per \w+ is /#) {
            "stay within the limits, or change them: 'kubectl edit limitrange\(namespace)'"
        } else if let resource = words.firstMatch(of: /must be less than or equal to (\S+) limit of/)?.1 {
            // A check of the manifest finds a limit that it has itself.
            "a LimitRange adds this limit: write '\(resource)' below 'resources.limits', at least the request, or change the "
                + "default: 'kubectl edit limitrange\(namespace)'"
        } else if let refusal = PluginRefusal(words) {
            refusal.hint
        } else if words.contains("violates PodSecurity") {
            podSecurity(in: object.identity.namespace)
        } else if words.hasPrefix(LiveObject.pause) {
            "resume it: 'kubectl rollout resume deployment \(object.identity.name)\(namespace)'"
        } else if words.hasPrefix(LiveObject.suspension) {
            "resume it, unless a queue will: " + resumption(of: object.identity)
        } else if words.contains("its controller has not seen it") {
            "check that kube-controller-manager is running"
        } else if type.kind == "DaemonSet", words.contains("no node is eligible") {
            (words.contains("with taints") ? "tolerate the taints" : "add a node") + withoutNodes(task)
        } else if words.contains("ErrImage") || words.contains("ImagePull") || words.contains("InvalidImageName") {
            "correct 'image', or make the registry reachable"
        } else if words.contains("the server has no kind") {
            "apply the CustomResourceDefinition that defines it, or correct 'apiVersion' and 'kind'"
        } else if type.kind == "Node", type.group.isEmpty {
            "see 'journalctl -u kubelet' on the node"
                + (object.reason == UnreadyObject.absence ? ": the kubelet has not registered it" : "")
        } else if object.reason == UnreadyObject.absence {
            "check what creates it, or increase 'timeout' of task '\(task)'"
        } else {
            nil
        }
    }

    /// Returns the command that resumes a suspended Job.
    private static func resumption(of job: ObjectIdentity) -> String {
        let scope = job.namespace.map { ["-n", $0] } ?? []
        let patch = #"{"spec":{"suspend":false}}"#
        return quotedShellLine(["kubectl", "patch", "job", job.name] + scope + ["--type", "merge", "-p", patch])
    }

    /// Returns the other way for a DaemonSet that no node needs to run.
    private static func withoutNodes(_ task: String) -> String {
        ", or write 'minNodes: 0' in task '\(task)' if none is needed"
    }

    /// Returns advice on pods that violate the Pod Security Standard of a namespace.
    static func podSecurity(in namespace: String?) -> String {
        "change these settings, or allow them: 'kubectl label namespace \(namespace ?? "default") "
            + "pod-security.kubernetes.io/enforce=privileged --overwrite'"
    }
}
