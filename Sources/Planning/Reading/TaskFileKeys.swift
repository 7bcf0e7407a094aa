public import Base

/// The keys of task files by their locations, for programs that generate a task file and name its keys differently.
public struct TaskFileKeys: Sendable {
    /// The root values of the documents of the files that can be read, by path.
    private let roots: [String: [Node]]

    /// Reads task files; what is not YAML has no keys.
    public init(_ sources: [SourceFile]) {
        roots = Dictionary(sources.map { ($0.path, readTaskFileDocuments($0).roots) }) { first, _ in first }
    }

    /// Returns the innermost key at a location, such as `tasks.calico.apply.manifests[0]`.
    ///
    /// A key with characters other than letters, digits, `-` and `_` is quoted as in JSON.
    ///
    /// - Parameter location: A location in a task file.
    /// - Returns: The path of the key, or `nil` if the location is in no task file, or outside of all keys.
    public func path(at location: SourceLocation) -> String? {
        guard let position = location.position,
            var node = roots[location.file]?.last(where: { Self.begins($0.location, before: position) })
        else { return nil }
        var path = ""
        while let (step, value) = Self.step(into: node, position) {
            path += step.hasPrefix("[") || path.isEmpty ? step : ".\(step)"
            node = value
        }
        return path.isEmpty ? nil : path
    }

    /// Returns the key or the index in brackets of the entry or item of a collection that contains a position, with its
    /// value, or `nil` if the position is before all of them.
    private static func step(into node: Node, _ position: SourceLocation.Position) -> (String, Node)? {
        // The values of merge keys and aliases are written elsewhere, so the nearest entry need not be the last one.
        if let entries = node.mapping?.entries.filter({ begins($0.location, before: position) }) {
            return entries.max { $0.location < $1.location }.map { (written($0.key), $0.value) }
        }
        let items = (node.sequence ?? []).enumerated().filter { begins($0.element.location, before: position) }
        return items.max { $0.element.location < $1.element.location }.map { ("[\($0.offset)]", $0.element) }
    }

    /// Returns whether a value is at a position, or begins before it.
    private static func begins(_ location: SourceLocation, before position: SourceLocation.Position) -> Bool {
        location.position.map { $0 <= position } ?? false
    }

    private static func written(_ key: String) -> String {
        let isPlain = key.utf8.allSatisfy {
            $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        return isPlain && !key.isEmpty ? key : String(decoding: Node.string(key).json(), as: UTF8.self)
    }
}
