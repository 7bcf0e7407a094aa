import Base

/// A kind or namespace that must exist before an object can be created.
public enum Requirement: Sendable, Hashable {
    case kind(DefinedKind)
    case namespace(String)

    /// The kind, or `nil` for a namespace.
    public var kind: DefinedKind? {
        if case .kind(let kind) = self { kind } else { nil }
    }
}

/// A map from kinds and namespaces to their providers, which stand for the manifests that define them.
public struct ProviderIndex<Provider: Sendable>: Sendable {
    private var providers: [Requirement: [Provider]] = [:]

    public init() {}

    /// Adds a provider for the kind or namespace that a manifest defines, if any.
    public mutating func insert(_ manifest: ManifestObject, as provider: Provider) {
        guard let provided = manifest.provided else { return }
        providers[provided, default: []].append(provider)
    }

    public mutating func insert(_ other: Self) {
        providers.merge(other.providers) { $0 + $1 }
    }

    /// Returns the providers of a kind or namespace, in the order of insertion.
    public func providers(of requirement: Requirement) -> [Provider] {
        providers[requirement] ?? []
    }

    /// Returns the provided kind of the same group with the most similar name, if any is similar enough.
    public func similarKind(to missing: DefinedKind) -> DefinedKind? {
        let kinds = providers.keys.compactMap { requirement -> DefinedKind? in
            if case .kind(let kind) = requirement, kind.group == missing.group { kind } else { nil }
        }
        let near = nearestName(to: missing.kind, in: kinds.map(\.kind).sorted())
        return kinds.first { $0.kind == near }
    }

    /// Returns the first provider of an object's kind or, if there is none, of its namespace.
    ///
    /// Without a default namespace, an object that specifies no namespace requires only its kind.
    public func provider(neededBy identity: ObjectIdentity, defaultNamespace namespace: String? = nil) -> Provider? {
        var identity = identity
        identity.namespace = identity.type.isClusterScoped ? nil : identity.namespace ?? namespace
        return identity.requirements.lazy.compactMap { providers(of: $0).first }.first
    }
}

extension ObjectIdentity {
    public var requirements: [Requirement] {
        [.kind(DefinedKind(type))] + (namespace.map { [.namespace($0)] } ?? [])
    }
}

extension ManifestObject {
    /// The kind or namespace that the object defines, if any.
    var provided: Requirement? {
        identity.isNamespace ? .namespace(identity.name) : DefinedKind(self).map(Requirement.kind)
    }
}
