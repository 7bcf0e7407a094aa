public import Base
public import YAML

/// One object as described by a manifest.
public struct ManifestObject: Sendable {
    /// The object's identity, with the namespace as written in the manifest.
    public var identity: ObjectIdentity

    private let contents: Contents

    /// The number of the object's document in the file, counted from one.
    public var documentIndex: Int

    public init(identity: ObjectIdentity, root: Node, documentIndex: Int) {
        self.identity = identity
        contents = .tree(root)
        self.documentIndex = documentIndex
        location = root.location
    }

    /// Creates an object that is read from its text each time it is used.
    ///
    /// The tree of an object needs several times the memory of its text.
    ///
    /// - Parameters:
    ///   - object: The object, whose tree is not kept.
    ///   - text: The text of a document that contains only this object.
    ///   - change: The change to the document each time it is read, such as the replacement of variables.
    init(_ object: Self, readFrom text: DocumentText, _ change: @escaping @Sendable (Node) -> Node) {
        (identity, documentIndex, location) = (object.identity, object.documentIndex, object.location)
        contents = .text(text, change)
    }

    /// The location at which the object begins.
    public let location: SourceLocation

    /// The object, with the locations of its parts.
    ///
    /// The object may be parsed from its text at each access. Callers that need it more than once use the result of
    /// ``loaded``.
    public var root: Node {
        switch contents {
        case .tree(let root): root
        // The text was read successfully before, so reading it again does not fail.
        case .text(let text, let change): text.root().map(change) ?? .null(location: location)
        }
    }

    /// The object with its tree in memory.
    public var loaded: Self {
        if case .tree = contents { return self }
        return Self(identity: identity, root: root, documentIndex: documentIndex)
    }

    // The enumeration is indirect, so that arrays of objects are small.
    private indirect enum Contents: Sendable {
        case tree(Node)
        case text(DocumentText, @Sendable (Node) -> Node)
    }
}
