public import Base

/// An object as a manifest describes it.
public struct ManifestObject: Sendable {
    /// The object's identity, with the namespace as written in the manifest.
    public var identity: ObjectIdentity

    public let root: Node

    public init(identity: ObjectIdentity, root: Node) {
        (self.identity, self.root) = (identity, root)
    }

    /// Creates an empty manifest, for messages about an object that no manifest describes.
    init(_ identity: ObjectIdentity, at location: SourceLocation) {
        self.init(identity: identity, root: .mapping([], location: location))
    }

    public var location: SourceLocation { root.location }
}
