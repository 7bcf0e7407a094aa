public import Base
import TLS
public import YAML

/// One object as described by a manifest.
public struct ManifestObject: Sendable {
    /// The object's identity, with the namespace as written in the manifest.
    public var identity: ObjectIdentity

    private let contents: Contents

    /// The number of the object's document in the file, counted from one.
    public var documentIndex: Int

    /// The digest of the object's content, `nil` if it has not been computed; see `ApplyInputs.digest(ofManifest:)`.
    var contentDigest: SHA256Digest?

    /// The kind that the object defines according to the index that the object comes from.
    private(set) var indexedKind: DefinedKind?

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
        contentDigest = object.contentDigest
    }

    /// Creates an object that an index knows, and whose file is read again when its content is needed.
    init(_ object: ManifestIndex.Object, file: String, readFrom contents: LazyManifests, at position: Int) {
        (identity, documentIndex) = (object.identity, object.documentIndex)
        location = SourceLocation(file: file, position: object.position)
        contentDigest = object.contentDigest
        indexedKind = object.definedKind
        self.contents = .indexed(contents, position)
    }

    /// The location at which the object begins.
    public let location: SourceLocation

    /// The object, with the locations of its parts.
    ///
    /// The object may be parsed from its text at each access. Callers that need it more than once use the result of
    /// ``loaded``. Null if an index knows the object, but its file has changed since the run has read the file.
    public var root: Node {
        switch contents {
        case .tree(let root): root
        // The text was read successfully before, so reading it again does not fail.
        case .text(let text, let change): text.root().map(change) ?? .null(location: location)
        case .indexed(let contents, let position): contents.object(at: position)?.root ?? .null(location: location)
        }
    }

    /// The object with its tree in memory.
    public var loaded: Self {
        if case .tree = contents { return self }
        var object = Self(identity: identity, root: root, documentIndex: documentIndex)
        object.contentDigest = contentDigest
        return object
    }

    // The enumeration is indirect, so that arrays of objects are small.
    private indirect enum Contents: Sendable {
        case tree(Node)
        case text(DocumentText, @Sendable (Node) -> Node)
        case indexed(LazyManifests, Int)
    }
}
