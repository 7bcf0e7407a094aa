public import Base
public import YAML

/// One object as a manifest describes it.
public struct ManifestObject: Sendable {
    /// The object's identity; the namespace is the one in the manifest.
    public var identity: ObjectIdentity

    /// The object, with the locations of its parts.
    public var root: Node

    /// The number of its document in the file, counted from one.
    public var documentIndex: Int

    /// Creates an object.
    public init(identity: ObjectIdentity, root: Node, documentIndex: Int) {
        self.identity = identity
        self.root = root
        self.documentIndex = documentIndex
    }

    /// Where the object begins.
    public var location: SourceLocation { root.location }
}
