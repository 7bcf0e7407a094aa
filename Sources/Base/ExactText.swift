/// A text that equals only texts with the same bytes.
///
/// Swift considers two spellings of an accented letter equal. Servers and the kernel do not.
public struct ExactText: Hashable, Sendable, ExpressibleByStringLiteral {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public init(stringLiteral text: String) {
        self.text = text
    }

    public static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Hashes the text; texts that Swift considers equal share a hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Sequence<String> {
    /// The texts as keys that are compared byte by byte.
    public var exact: [ExactText] { map { ExactText($0) } }

    /// Returns whether the sequence contains a text with the same bytes.
    public func containsExactly(_ text: String) -> Bool { contains { $0.hasSameBytes(as: text) } }
}

extension String {
    public func hasSameBytes(as other: String) -> Bool {
        // The guard is fast for different texts, and the comparison of buffers is fast for equal texts.
        guard utf8.count == other.utf8.count, self == other else { return false }
        let areEqual = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right in unsafe left.elementsEqual(right) }
        }
        return areEqual.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }
}
