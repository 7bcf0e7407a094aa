/// How much of a text is read before it is refused.
public struct Limits: Sendable, Hashable {
    /// The size of a file in bytes.
    public var byteCount: Int

    /// How many collections may be nested in each other.
    public var depth: Int

    /// How many keys and values a document may have, an alias counting as all that it stands for.
    public var nodeCount: Int

    /// How many documents a file may have.
    public var documentCount: Int

    /// Creates limits.
    public init(byteCount: Int, depth: Int, nodeCount: Int, documentCount: Int) {
        self.byteCount = byteCount
        self.depth = depth
        self.nodeCount = nodeCount
        self.documentCount = documentCount
    }

    /// The limits of a file with manifests.
    public static let manifest = Self(
        byteCount: 64 << 20,
        depth: 100,
        nodeCount: 1_000_000,
        documentCount: 20_000,
    )

    /// The limits of a task file.
    public static let taskFile = Self(byteCount: 1 << 20, depth: 32, nodeCount: 200_000, documentCount: 1_000)

    /// The limits of what a server answers.
    public static let reply = Self(byteCount: 64 << 20, depth: 200, nodeCount: 10_000_000, documentCount: 1)
}

/// What is said when a text goes past a limit.
///
/// Every message names the limit, so that its reader knows what to keep below.
extension Limits {
    func tooLarge(_ count: Int, file: String) -> Diagnostic? {
        guard count > byteCount else { return nil }
        return Diagnostic(
            Place(file: file),
            "file is too large: it has \(count) bytes, and the limit is \(byteCount)",
            hint: documentCount > 1 ? "split it into several files" : nil,
        )
    }

    func tooDeep(at place: Place) -> Diagnostic {
        Diagnostic(place, "nested too deeply: the limit is \(depth) levels")
    }

    func tooManyNodes(at place: Place) -> Diagnostic {
        Diagnostic(
            place,
            "document is too large: with its aliases expanded it goes past the limit of \(nodeCount) nodes"
        )
    }

    /// How many faults of one document are told: more would hide the first.
    static var problemCount: Int { 100 }

    /// Refuses to look for more faults once there are too many.
    static func tooManyProblems(_ problems: [Diagnostic]) -> Diagnostic? {
        guard problems.count >= problemCount, let last = problems.last else { return nil }
        return Diagnostic(last.place, "too many problems: the limit is \(problemCount) a document")
    }

    func tooManyDocuments(at place: Place) -> Diagnostic {
        Diagnostic(
            place,
            "too many documents: the limit is \(documentCount) a file",
            hint: "split it into several files"
        )
    }
}
