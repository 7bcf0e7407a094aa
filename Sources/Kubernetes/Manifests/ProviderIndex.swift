import Base

/// A namespace or kind that must exist before an object can be created.
public enum Requirement: Sendable, Hashable {
    /// A kind, regardless of the version.
    case kind(DefinedKind)
    /// A namespace, identified by its name.
    case namespace(String)

    /// The kind, or `nil` for a namespace.
    public var kind: DefinedKind? {
        if case .kind(let kind) = self { kind } else { nil }
    }
}

/// The namespaces and kinds that manifests define, each with its providers.
///
/// A provider is the value that the index returns for a namespace or kind, such as the identity or the task of the
/// object that defines the namespace or kind.
public struct ProviderIndex<Provider: Sendable>: Sendable {
    private var providers: [Requirement: [Provider]] = [:]

    /// Creates an empty index.
    public init() {}

    /// Adds the namespace or kind that a manifest defines, if any.
    public mutating func insert(_ manifest: ManifestObject, as provider: Provider) {
        guard let provided = manifest.provided else { return }
        providers[provided, default: []].append(provider)
    }

    /// Adds all entries of another index.
    public mutating func insert(_ other: Self) {
        providers.merge(other.providers) { $0 + $1 }
    }

    /// Returns the providers of a kind or namespace, in the order in which they were added.
    public func providers(of requirement: Requirement) -> [Provider] {
        providers[requirement] ?? []
    }

    /// Returns a provided kind of the same group with a similar name.
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
    ///   - namespace: The namespace of objects that do not specify one; if `nil`, such objects require only their kind.
    /// - Returns: The provider of the kind, or else of the namespace; `nil` if neither is in the index.
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
    var provided: Requirement? {
        identity.isNamespace ? .namespace(identity.name) : DefinedKind(self).map(Requirement.kind)
    }
}
