import Base
import YAML

/// A unified diff of two states of an object as YAML, with secret values masked.
struct ObjectDiff {
    /// The lines of the diff's hunks.
    let lines: [String]

    /// Compares two states, without fields that only the server writes, and masks secret values.
    ///
    /// - Parameters:
    ///   - old: The state before, `nil` for an object that would be created.
    ///   - new: The state after.
    ///   - type: The type of the object.
    ///   - hasStatusSubresource: Whether the object has a status subresource, which is left out.
    init(from old: Node?, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) {
        let settled = { Difference.settled($0, hasStatusSubresource: hasStatusSubresource) }
        let masked = MaskedObjects(old.map(settled), settled(new), of: type)
        lines = TextDiff.lines(from: masked.old?.yamlLines() ?? [], to: masked.new.yamlLines())
    }
}

/// A unified diff of two texts, with secret values masked.
public enum TextDiff {
    /// The size in bytes above which contents are not compared.
    private static let sizeLimit = 4 << 20

    /// The maximum number of diff lines that are shown.
    static let lineLimit = 20_000

    /// Compares the content of a file before and after a change, and masks secret values.
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

    /// Compares lines, and masks secret values.
    static func lines(from old: [String], to new: [String]) -> [String] {
        let masked = SecretMask(old, new)
        let lines = UnifiedDiff(from: masked.old, to: masked.new).lines
        guard lines.count > lineLimit else { return lines }
        return lines.prefix(lineLimit) + ["(and \(lines.count - lineLimit) more lines)"]
    }
}
