public import Base

/// The keys at locations in task files, for programs that generate task files and report problems by key.
public struct TaskFileKeys: Sendable {
    /// The roots of the documents by the path of their file.
    private let roots: [String: [Node]]

    /// Parses the files; parts that are not valid YAML have no keys.
    public init(_ sources: [SourceFile]) {
        roots = Dictionary(sources.map { ($0.path, readTaskFileDocuments($0).roots) }) { first, _ in first }
    }

    /// Returns the path of the innermost key at a location, such as `tasks.calico.apply.manifests[0]`.
    ///
    /// A key with characters other than letters, digits, `-` and `_` is quoted as in JSON. The result is `nil` if the
    /// location has no line, is not in one of the files, or is before all keys.
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

    /// Returns the entry or item of a collection at a position: the key or the index in brackets, and the value.
    private static func step(into node: Node, _ position: SourceLocation.Position) -> (String, Node)? {
        // Values of merge keys and aliases are elsewhere in the file, so the nearest entry may not be the last one.
        if let entries = node.mapping?.entries.filter({ begins($0.location, before: position) }) {
            return entries.max { $0.location < $1.location }.map { (written($0.key), $0.value) }
        }
        let items = (node.sequence ?? []).enumerated().filter { begins($0.element.location, before: position) }
        return items.max { $0.element.location < $1.element.location }.map { ("[\($0.offset)]", $0.element) }
    }

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
