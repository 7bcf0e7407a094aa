public import Base

/// One object as described by a manifest.
public struct ManifestObject: Sendable {
    /// The object's identity, with the namespace as written in the manifest.
    public var identity: ObjectIdentity

    /// The object, with the locations of its parts.
    public let root: Node

    /// Creates an object.
    public init(identity: ObjectIdentity, root: Node) {
        (self.identity, self.root) = (identity, root)
    }

    /// Creates an empty description of an object that has no manifest, for messages.
    init(_ identity: ObjectIdentity, at location: SourceLocation) {
        self.init(identity: identity, root: .mapping([], location: location))
    }

    /// The location at which the object begins.
    public var location: SourceLocation { root.location }
}
