import Base

/// A namespace or kind that must exist before an object can be created.
public enum Requirement: Sendable, Hashable {
    /// A kind in whatever version.
    case kind(DefinedKind)
    /// A namespace by its name.
    case namespace(String)

    /// The kind, `nil` for a namespace.
    public var kind: DefinedKind? {
        if case .kind(let kind) = self { kind } else { nil }
    }
}

/// The namespaces and kinds that manifests define, each with its providers.
///
/// A provider is what the index returns for them, such as the object's identity or its task.
public struct ProviderIndex<Provider: Sendable>: Sendable {
    private var providers: [Requirement: [Provider]] = [:]

    /// Creates an empty index.
    public init() {}

    /// Adds what a manifest defines, if it is a Namespace or a CustomResourceDefinition.
    public mutating func insert(_ manifest: ManifestObject, as provider: Provider) {
        guard let provided = manifest.provided else { return }
        providers[provided, default: []].append(provider)
    }

    /// Adds everything of another index.
    public mutating func insert(_ other: Self) {
        providers.merge(other.providers) { $0 + $1 }
    }

    /// Returns the providers of a kind or namespace, in the order in which they were added.
    public func providers(of requirement: Requirement) -> [Provider] {
        providers[requirement] ?? []
    }

    /// Returns a kind with a similar name in the same group that something provides.
    public func similarKind(to missing: DefinedKind) -> DefinedKind? {
        let kinds = providers.keys.compactMap { requirement -> DefinedKind? in
            if case .kind(let kind) = requirement, kind.group == missing.group { kind } else { nil }
        }
        let near = nearestName(to: missing.kind, in: kinds.map(\.kind).sorted())
        return kinds.first { $0.kind == near }
    }

    /// Returns the first provider of an object's kind or namespace.
    ///
    /// - Parameters:
    ///   - identity: The object.
    ///   - namespace: The namespace of objects that name none, if it counts.
    /// - Returns: The provider of the kind before that of the namespace, `nil` if neither is in the index.
    public func provider(neededBy identity: ObjectIdentity, defaultNamespace namespace: String? = nil) -> Provider? {
        var identity = identity
        identity.namespace = identity.namespace ?? namespace
        return identity.requirements.lazy.compactMap { providers(of: $0).first }.first
    }
}

extension ObjectIdentity {
    /// The kind and namespace that must exist before the object can be created.
    public var requirements: [Requirement] {
        [.kind(DefinedKind(type))] + (namespace.map { [.namespace($0)] } ?? [])
    }
}

extension ManifestObject {
    /// The namespace or kind that the object defines.
    fileprivate var provided: Requirement? {
        identity.isNamespace ? .namespace(identity.name) : DefinedKind(self).map(Requirement.kind)
    }
}
