/// A text that equals only a text with the same bytes.
///
/// To Swift two spellings of an accented letter are equal. To servers and to the kernel they are not.
public struct ExactText: Hashable, Sendable, ExpressibleByStringLiteral {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public init(stringLiteral text: String) {
        self.text = text
    }

    /// Returns whether two texts have the same bytes.
    public static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Hashes the text: equal texts have equal hashes, and others that look the same may share one.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Sequence<String> {
    /// The texts as keys that equal only those with the same bytes.
    public var exact: [ExactText] { map { ExactText($0) } }

    /// Returns whether a text with the same bytes is among these.
    public func containsExactly(_ text: String) -> Bool { contains { $0.hasSameBytes(as: text) } }
}

extension String {
    /// Returns whether two texts have the same bytes.
    public func hasSameBytes(as other: String) -> Bool {
        // The first comparison is the faster one where the texts differ.
        self == other && utf8.elementsEqual(other.utf8)
    }
}
