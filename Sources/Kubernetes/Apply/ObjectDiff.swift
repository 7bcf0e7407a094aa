import Base
import YAML

/// A unified diff of two states of an object as YAML, without the values of a Secret.
struct ObjectDiff {
    /// The lines of the diff's hunks.
    let lines: [String]

    /// Compares two states, without fields that only the server writes.
    ///
    /// - Parameters:
    ///   - old: The state before, `nil` for an object that would be created.
    ///   - new: The state after.
    ///   - type: The type of the object.
    ///   - hasStatusSubresource: Whether the object has a status subresource, which is left out.
    init(from old: Node?, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) {
        let settled = { Difference.settled($0, hasStatusSubresource: hasStatusSubresource) }
        let (before, after) = (old.map(settled), settled(new))
        let left = before.map { Self.shown($0, beside: after, "before", type, "") }
        lines = TextDiff.lines(
            from: left?.yamlLines() ?? [],
            to: Self.shown(after, beside: before, "after", type, "").yamlLines()
        )
    }

    /// Replaces the secret values of an object by a mark that says on which side they differ.
    private static func shown(
        _ node: Node,
        beside other: Node?,
        _ side: String,
        _ type: GroupVersionKind,
        _ path: String
    ) -> Node {
        if let mapping = node.mapping {
            let pairs = mapping.entries.map { entry in
                let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                return (entry.key, shown(entry.value, beside: other?[entry.key], side, type, inner))
            }
            return .mapping(pairs, location: node.location)
        }
        guard ShownValue.isSecret(path, of: type) else { return node }
        let isSame = other == nil || other == node
        return .string(isSame ? ShownValue.mask : "\(ShownValue.mask) (\(side))")
    }
}

/// A unified diff of two texts.
public enum TextDiff {
    /// The size in bytes above which contents are not compared.
    private static let sizeLimit = 4 << 20

    /// The maximum number of diff lines that are shown.
    static let lineLimit = 20_000

    /// Compares the content of a file before and after a change.
    ///
    /// - Parameters:
    ///   - old: The content before, `nil` if there was none.
    ///   - new: The content after.
    /// - Returns: The hunks of a unified diff, or a line in parentheses if the content is too large or not text.
    public static func lines(from old: [UInt8]?, to new: [UInt8]) -> [String] {
        guard old != new else { return [] }
        let contents = [old ?? [], new]
        guard contents.allSatisfy({ $0.count <= sizeLimit }) else { return ["(content too large to compare)"] }
        let texts = contents.compactMap { $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }
        guard texts.count == 2 else { return ["(binary content)"] }
        return lines(from: UnifiedDiff.lines(of: texts[0]), to: UnifiedDiff.lines(of: texts[1]))
    }

    /// Compares lines.
    static func lines(from old: [String], to new: [String]) -> [String] {
        let lines = UnifiedDiff(from: old, to: new).lines
        guard lines.count > lineLimit else { return lines }
        return lines.prefix(lineLimit) + ["(and \(lines.count - lineLimit) more lines)"]
    }
}
