public import Base
import YAML

/// The keys of task files by their locations, for programs that generate a task file and name its keys differently.
public struct TaskFileKeys: Sendable {
    /// The value of each file that can be read.
    private let roots: [String: Node]

    /// Reads task files; a file that is not YAML has no keys.
    public init(_ sources: [SourceFile]) {
        let pairs = sources.compactMap { source -> (String, Node)? in
            let documents = try? readDocuments(source.bytes, file: source.path, limits: .taskFile)
            return documents?.first?.root.map { (source.path, $0) }
        }
        roots = Dictionary(pairs) { first, _ in first }
    }

    /// Returns the innermost key at a location, such as `tasks.calico.apply.manifests[0]`.
    ///
    /// Keys other than letters, digits, `-` and `_` are in double quotes, with backslashes as in JSON.
    ///
    /// - Parameter location: A location in a task file.
    /// - Returns: The path of the key, or `nil` if the location is in no task file, or outside of all keys.
    public func path(at location: SourceLocation) -> String? {
        guard let position = location.position, let root = roots[location.file] else { return nil }
        var path = ""
        var node = root
        while let step = Self.step(into: node, position) {
            if let key = step.key { path += (path.isEmpty ? "" : ".") + Self.written(key) }
            if let index = step.index { path += "[\(index)]" }
            node = step.value
        }
        return path.isEmpty ? nil : path
    }

    /// One step into a collection, by a key or by an index.
    private struct Step {
        var key: String?
        var index: Int?
        let value: Node
    }

    /// Returns the entry or item of a collection that contains a position, or `nil` if the position is before all of
    /// them.
    private static func step(into node: Node, _ position: SourceLocation.Position) -> Step? {
        let isReached = { (location: SourceLocation) in location.position.map { $0 <= position } ?? false }
        if let entries = node.mapping?.entries {
            return entries.last { isReached($0.location) }.map { Step(key: $0.key, value: $0.value) }
        }
        let items = node.sequence ?? []
        return items.lastIndex { isReached($0.location) }.map { Step(index: $0, value: items[$0]) }
    }

    private static func written(_ key: String) -> String {
        let isPlain = key.utf8.allSatisfy {
            $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        return isPlain && !key.isEmpty ? key : String(decoding: Node.string(key).json(), as: UTF8.self)
    }
}
