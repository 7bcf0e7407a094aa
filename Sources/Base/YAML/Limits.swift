/// The limits of a file and of its documents.
public struct Limits: Sendable, Hashable {
    /// The maximum size of a file in bytes.
    var byteCount: Int

    /// The maximum depth of nested collections.
    var depth: Int

    /// The maximum number of keys and values in a document, with aliases expanded.
    var nodeCount: Int

    public init(byteCount: Int, depth: Int, nodeCount: Int) {
        self.byteCount = byteCount
        self.depth = depth
        self.nodeCount = nodeCount
    }

    public static let manifest = Self(byteCount: SizeLimit.content, depth: 100, nodeCount: 1_000_000)

    public static let taskFile = Self(byteCount: SizeLimit.configuration, depth: 32, nodeCount: 200_000)

    /// The limits of JSON such as a server's response.
    public static let reply = Self(byteCount: SizeLimit.content, depth: 200, nodeCount: 10_000_000)
}

extension Limits {
    func tooLarge(_ count: Int, file: String) -> Problem? {
        guard count > byteCount else { return nil }
        return Problem(
            "file is too large: it has \(count) bytes, and the limit is \(byteCount)",
            at: SourceLocation(file: file)
        )
    }

    func tooDeep(at location: SourceLocation) -> Problem {
        Problem("nested too deeply: the limit is \(depth) levels", at: location)
    }

    func tooManyNodes(at location: SourceLocation) -> Problem {
        Problem(
            "document is too large: with aliases expanded it exceeds the limit of \(nodeCount) nodes",
            at: location
        )
    }

    /// The number of problems after which reading a document stops.
    static var problemCount: Int { 100 }

    static func tooManyProblems(_ problems: [Problem]) -> Problem? {
        guard problems.count >= problemCount, let last = problems.last else { return nil }
        return Problem("too many problems: the limit is \(problemCount) a document", at: last.location)
    }
}
