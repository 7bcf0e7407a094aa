import Base
import YAML

/// The APIs that Kubernetes introduced in a version newer than the oldest supported one.
enum IntroducedAPI {
    /// Returns the first version of Kubernetes that has a kind, or `nil` if every supported version has it or none does.
    ///
    /// Alpha versions of APIs are left out: a server has them only if its flags say so.
    static func introduction(of type: GroupVersionKind) -> KubernetesVersion? {
        guard type.stability > .alpha, let first = KubernetesSchemas.own.versions(of: type).first,
            first > .oldest
        else { return nil }
        return first
    }

    /// Returns the problem if an object's API is newer than the server, otherwise `nil`.
    static func problem(of manifest: ManifestObject, version: KubernetesVersion) -> Problem? {
        let type = manifest.identity.type
        guard let introduction = introduction(of: type), version < introduction else { return nil }
        let hint =
            earlierVersion(of: type, on: version).map { "write 'apiVersion: \($0)'" }
            ?? "use Kubernetes \(introduction) or later"
        let message = "\(type.kind) of '\(type.apiVersion)' exists since Kubernetes \(introduction)"
        return Problem(.laterAPI, message, at: manifest.root["apiVersion"]?.location, hint: hint)
    }

    /// Returns the last API version before a newer one in which an older server has the same kind.
    private static func earlierVersion(of type: GroupVersionKind, on version: KubernetesVersion) -> String? {
        KubernetesSchemas.own.types(ofKind: type.kind).last { other in
            other.group == type.group && other.stability > .alpha
                && KubernetesSchemas.own.versions(of: other).contains(version)
        }?.apiVersion
    }
}
