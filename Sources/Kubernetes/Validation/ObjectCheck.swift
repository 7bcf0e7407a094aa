public import Base

/// A check of objects by the schemas of Kubernetes and of CustomResourceDefinitions, which needs no server.
public struct ObjectCheck: Sendable {
    private var definitions: [DefinedKind: Definition] = [:]

    /// Reads the CustomResourceDefinitions among manifests; if several define one kind, the last is used.
    public init(definitionsIn manifests: some Sequence<ManifestObject>) {
        for manifest in manifests {
            guard let kind = DefinedKind(manifest) else { continue }
            definitions[kind] = Definition(manifest)
        }
    }

    /// Returns whether a built-in schema or a definition describes an object's kind.
    public func knowsFields(of manifest: ManifestObject) -> Bool {
        let type = manifest.identity.type
        return definitions[DefinedKind(type)] != nil || KubernetesSchemas.own.schema(of: type) != nil
    }

    public func problems(in manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        var problems = ObjectAnnotation.problems(in: manifest)
        if let definition = definitions[DefinedKind(type)] {
            problems += definition.problems(of: manifest)
        } else {
            problems += Self.schemaProblems(of: manifest)
        }
        if KubernetesSchemas.own.schema(of: type) == nil, let schema = KubernetesSchemas.own.metadata,
            let metadata = manifest.root["metadata"]
        {
            problems += SchemaCheck(metadata, of: type, against: schema, at: "metadata").problems
        }
        let name = manifest.root["metadata"]?["name"]?.location ?? manifest.location
        return [Self.nameProblem(manifest.identity, at: name)].compactMap(\.self)
            + problems.map { $0.naming(manifest.identity) }
    }

    /// Returns the problems of an object by its built-in schema, or none if Kubernetes does not have the kind.
    static func schemaProblems(of manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        guard let schema = KubernetesSchemas.own.schema(of: type) else { return [] }
        return SchemaCheck(manifest.root, of: type, against: schema).problems
    }

    /// Returns a warning if an object's kind is in a built-in group, but has no built-in schema and no definition.
    public func kindWarning(_ manifest: ManifestObject) -> Problem? {
        let root = manifest.root
        let place = { (key: String) in root[key]?.location ?? manifest.location }
        return kindWarning(manifest.identity, at: place("apiVersion"), place("kind"))
    }

    /// Returns the same warning for an object without a manifest, at the location of its API version or its kind.
    public func kindWarning(
        _ identity: ObjectIdentity,
        at version: SourceLocation,
        _ kind: SourceLocation
    ) -> Problem? {
        let (type, schemas) = (identity.type, KubernetesSchemas.own)
        guard type.isBuiltIn, definitions[DefinedKind(type)] == nil, schemas.schema(of: type) == nil else { return nil }
        let message = "Kubernetes \(schemas.version) has no kind '\(type.kind)' in '\(type.apiVersion)'"
        if let hint = Self.versionHint(type) {
            return Problem(message, at: version, hint: hint).naming(identity)
        }
        let near = nearestName(to: type.kind, in: schemas.kinds(in: type.apiVersion))
        return Problem(message, at: kind, hint: near.map { "did you mean '\($0)'?" }).naming(identity)
    }

    /// Returns a hint with the API versions that have a kind, or `nil` if none has it or a custom kind may be meant.
    static func versionHint(_ type: GroupVersionKind) -> String? {
        let versions = KubernetesSchemas.own.apiVersions(ofKind: type.kind, in: type.group)
        let isMeant = type.isBuiltIn || nearestName(to: type.apiVersion, in: versions) != nil
        return versions.isEmpty || !isMeant ? nil : "write 'apiVersion: \(versions.joined(separator: "' or '"))'"
    }

    /// Returns a problem if the object's kind does not allow its name; names are checked for most built-in kinds only.
    public static func nameProblem(_ identity: ObjectIdentity, at location: SourceLocation) -> Problem? {
        let (type, name) = (identity.type, identity.name)
        // The names of these kinds may have other characters.
        let others = ["ClusterTrustBundle", "IPAddress"]
        guard type.isBuiltIn, type.group != "rbac.authorization.k8s.io", !others.contains(type.kind) else { return nil }
        let isLabel = type.group.isEmpty && ["Namespace", "Service"].contains(type.kind)
        let limit = isLabel ? 63 : 253
        let parts = isLabel ? [name[...]] : name.split(separator: ".", omittingEmptySubsequences: false)
        let isValid = parts.allSatisfy { $0.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?/) != nil }
        guard !isValid || name.utf8.count > limit else { return nil }
        let signs = isLabel ? "digits and '-'" : "digits, '-' and '.'"
        let expected = "up to \(limit) lowercase letters, \(signs), a letter or digit at both ends"
        let message = "field 'metadata.name': expected \(expected), found \(ShownValue(.string(name)))"
        return Problem(message, at: location).naming(identity)
    }
}

/// The served versions of a CustomResourceDefinition.
private struct Definition: Sendable {
    /// The names and schemas of the served versions; the schema is `nil` if the version has none.
    private var schemas: [(version: String, schema: Node?)] = []
    private let location: SourceLocation

    init(_ manifest: ManifestObject) {
        let spec = manifest.root["spec"]
        location = manifest.location
        for version in spec?["versions"]?.sequence ?? [] where version["served"]?.boolean != false {
            schemas.append((version["name"]?.string ?? "", version["schema"]?["openAPIV3Schema"]))
        }
    }

    func problems(of manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        if let version = schemas.first(where: { $0.version == type.version }) {
            guard let node = version.schema else { return [] }
            return SchemaCheck(manifest.root, of: type, against: Schema(node: node, isStructural: true)).problems
        }
        guard let first = schemas.first else { return [] }
        let served = quotedList(schemas.map { "\(type.group)/\($0.version)" })
        let message = "kind '\(type.kind)' is not served as '\(type.apiVersion)' (\(location) serves \(served))"
        let hint = "write 'apiVersion: \(type.group)/\(first.version)'"
        return [Problem(message, at: manifest.root["apiVersion"]?.location, hint: hint)]
    }
}
