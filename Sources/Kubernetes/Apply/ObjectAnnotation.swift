import Base

/// The annotations that change how the agent treats an object.
public enum ObjectAnnotation: String, Sendable, CaseIterable {
    case apply, prune, ignore, replace

    /// The prefix of the keys of the program's annotations.
    static let prefix = "nest-bootstrap/"

    /// The key, such as `nest-bootstrap/apply`.
    var key: String { Self.prefix + rawValue }

    /// The only valid value, or for ``ignore`` an example.
    var value: String {
        switch self {
        case .apply: "if-absent"
        case .prune: "false"
        case .ignore: "spec.replicas"
        case .replace: "on-immutable"
        }
    }

    /// The annotation as a line of a manifest.
    public var example: String {
        switch self {
        case .prune: "\(key): \"\(value)\""
        case .apply, .ignore, .replace: "\(key): \(value)"
        }
    }

    /// The effect of the annotation, as a sentence without its subject.
    public var meaning: String {
        switch self {
        case .apply:
            "creates the object if it does not exist, and then leaves it to others, as long as the manifest or the object on "
                + "the server has the annotation"
        case .ignore:
            "leaves fields to others, which are created as the manifest says, and then keep the values that they have on the "
                + "server: paths with commas between them, such as `spec.replicas` or `webhooks[name=a].clientConfig.caBundle`"
        case .replace:
            "deletes the object and creates it again if the server refuses to change a field, such as the template of a Job; not "
                + "allowed for a PersistentVolumeClaim, Namespace, CustomResourceDefinition and StatefulSet"
        case .prune: "never deletes the object with `prune`, as long as the object on the server has the annotation"
        }
    }

    func value(in object: Node) -> String? { object["metadata"]?["annotations"]?[key]?.string }

    /// Returns whether an object has the annotation with its only valid value.
    func isSet(in object: Node) -> Bool { value(in: object) == value }

    /// Finds annotations with ``prefix`` that are unknown, have an invalid value or are not allowed for the kind.
    ///
    /// The annotations that the agent itself writes are accepted, because an exported manifest may contain them.
    static func problems(in manifest: ManifestObject) -> [Problem] {
        let own = [ManagedMetadata.taskAnnotation, ManagedMetadata.digestAnnotation]
        let entries = manifest.root["metadata"]?["annotations"]?.mapping?.entries ?? []
        return entries.filter { $0.key.hasPrefix(prefix) && !own.contains($0.key) }
            .flatMap { problems(of: $0, in: manifest) }
    }

    /// Finds the problems of an annotation whose key begins with ``prefix``.
    private static func problems(of entry: Mapping.Entry, in manifest: ManifestObject) -> [Problem] {
        guard let annotation = allCases.first(where: { $0.key == entry.key }) else {
            let near = nearestName(to: entry.key, in: allCases.map(\.key))
            let hint =
                near.map { "did you mean '\($0)'?" }
                ?? "the annotations that a manifest may have are \(quotedList(allCases.map(\.key)))"
            return [
                Problem("annotation '\(entry.key)' does not exist", at: entry.location, hint: hint)
            ]
        }
        guard !entry.value.isNull else { return [] }
        return annotation.problems(of: entry.value, in: manifest)
    }

    private func problems(of written: Node, in manifest: ManifestObject) -> [Problem] {
        switch self {
        case .prune where written.string != value:
            let message = "annotation '\(key)' has no other value than \"false\""
            return [
                Problem(
                    message,
                    at: written.location,
                    hint: "write \"false\" in quotes, or remove it"
                )
            ]
        case .replace where !Self.mayBeReplaced(manifest.identity.type):
            let message = "annotation '\(key)' is not allowed for a \(manifest.identity.type.kind)"
            let hint = "remove it: with the object the server deletes data or other objects"
            return [Problem(message, at: written.location, hint: hint)]
        case .apply where written.string != value, .replace where written.string != value:
            let message = "annotation '\(key)' has no other value than '\(value)'"
            return [Problem(message, at: written.location, hint: "write '\(value)', or remove it")]
        case .ignore: return IgnoredFields.problems(of: written, in: manifest)
        case .prune, .apply, .replace: return []
        }
    }

    /// Returns whether ``replace`` is allowed for a type; it is not if data or other objects would be lost.
    static func mayBeReplaced(_ type: GroupVersionKind) -> Bool {
        let refused = [
            "/PersistentVolumeClaim", "/Namespace", "apiextensions.k8s.io/CustomResourceDefinition", "apps/StatefulSet",
        ]
        return !refused.contains("\(type.group)/\(type.kind)")
    }
}
