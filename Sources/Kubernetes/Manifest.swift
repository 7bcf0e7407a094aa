public import YAML

/// One object as a manifest describes it.
public struct Manifest: Sendable {
    /// What the object is called; the namespace is the written one.
    public var identity: ObjectIdentity

    /// The object, with the places of its parts.
    public var root: Node

    /// Which document of its file it stands in, counted from one.
    public var documentIndex: Int

    /// Creates a manifest.
    public init(identity: ObjectIdentity, root: Node, documentIndex: Int) {
        self.identity = identity
        self.root = root
        self.documentIndex = documentIndex
    }

    /// Where the object begins.
    public var place: Place { root.place }
}
