import Base
import YAML

/// The kinds of the API groups that every server has and that custom resources cannot extend.
enum BuiltInKinds {
    /// The API versions to which Kubernetes no longer adds kinds.
    private static let complete: Set = ["v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"]

    /// The groups without a dot; the group of a custom resource must contain one.
    static let groups = ["", "apps", "autoscaling", "batch", "extensions", "policy"]

    /// Returns a kind of an API version for a hint, or `nil` if none is known.
    static func example(of apiVersion: String) -> String? {
        let frequent = [
            "v1": "ConfigMap", "apps/v1": "Deployment", "batch/v1": "Job", "networking.k8s.io/v1": "Ingress",
            "storage.k8s.io/v1": "StorageClass",
        ]
        return frequent[apiVersion] ?? KubernetesSchemas.own.kinds(in: apiVersion).min()
    }

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        if !type.group.contains("."), !groups.contains(type.group) {
            let near = nearestName(to: type.group, in: groups)
            let hint = served(type.kind).map { "write 'apiVersion: \($0)'" } ?? near.map { "did you mean '\($0)'?" }
            let message = "there is no API group '\(type.group)'"
            return [Problem(.unknownVersion, message, at: manifest.root["apiVersion"]?.location, hint: hint)]
        }
        if let meant = meantType(by: type) {
            let message = "there is no kind '\(type.kind)' in API group '\(type.group)'"
            let location = manifest.root["apiVersion"]?.location
            return [Problem(.unknownVersion, message, at: location, hint: "write 'apiVersion: \(meant.apiVersion)'")]
        }
        if type.group.isEmpty, type.version != "v1" {
            let hint = served(type.kind).map { "write 'apiVersion: \($0)'" } ?? "write 'apiVersion: v1', or its group"
            let message = "there is no API version '\(type.version)' without a group"
            return [Problem(.unknownVersion, message, at: manifest.root["apiVersion"]?.location, hint: hint)]
        }
        let kinds = KubernetesSchemas.own.kinds(in: type.apiVersion)
        guard !kinds.isEmpty, !kinds.contains(type.kind) else { return [] }
        let message = "there is no kind '\(type.kind)' in '\(type.apiVersion)'"
        if let apiVersion = served(type.kind) {
            let location = manifest.root["apiVersion"]?.location
            return [Problem(.unknownKind, message, at: location, hint: "write 'apiVersion: \(apiVersion)'")]
        }
        let near = nearestName(to: type.kind, in: kinds.sorted())
        // A later version of Kubernetes may add kinds to the others.
        guard near != nil || complete.contains(type.apiVersion) else { return [] }
        return [
            Problem(
                .unknownKind,
                message,
                at: manifest.root["kind"]?.location,
                hint: near.map { "did you mean '\($0)'?" }
            )
        ]
    }

    /// Returns the type that is meant by one of a group that no version of Kubernetes has, or `nil` if that is not clear.
    ///
    /// Groups that end with `.k8s.io` are those of Kubernetes' own projects, which do not name two kinds alike in groups
    /// with similar names.
    private static func meantType(by type: GroupVersionKind) -> GroupVersionKind? {
        guard type.group.hasSuffix(".k8s.io"), !type.isKnownGroup else { return nil }
        let types = KubernetesSchemas.own.types(ofKind: type.kind).filter(\.isStable)
        let group = nearestName(to: type.group, in: types.map(\.group))
        return types.last { $0.group == group }
    }

    /// Returns the newest stable API version of a kind, or `nil` if it has none.
    static func served(_ kind: String) -> String? {
        let types = KubernetesSchemas.own.types(ofKind: kind).filter(\.isStable)
        return types.last { $0.group == types.first?.group }?.apiVersion
    }
}
