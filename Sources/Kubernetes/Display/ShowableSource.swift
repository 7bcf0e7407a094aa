public import Base

/// The lines of a task file or a manifest that contain no secret value.
///
/// A line is withheld if it may be secret: in a document that may be a Secret, if ``SecretMask`` masks a part of it, if it
/// has a name such as `password` or the content of a file, and beside a line that ends in such a name.
public struct ShowableSource: Sendable {
    private let lines: [String]
    private let documents: SecretLines
    private let mayBeSecret: Bool
    private let isMasked: [Bool]

    /// Examines the text of a file, or fails if it is not UTF-8.
    public init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(Self.withoutReturn)
        documents = SecretLines(bytes)
        // The kind of a Secret may be misspelt.
        mayBeSecret = text.contains("stringData")
        isMasked = SecretMask.masksLines(lines)
    }

    private static func withoutReturn(_ line: Substring) -> String {
        String(line.hasSuffix("\r") ? line.dropLast() : line)
    }

    /// Returns the line of a position, or `nil` if there is none or it may be secret.
    public func line(at position: SourceLocation.Position) -> String? {
        let index = position.line - 1
        guard !mayBeSecret, lines.indices.contains(index), isMasked.indices.contains(index), !isMasked[index],
            !documents.contain(line: position.line)
        else { return nil }
        let line = lines[index]
        guard !words(of: line).contains(where: { SecretMask.isSecret($0) || $0 == "content" }) else { return nil }
        let isBesideName = [index - 1, index + 1].contains { lines.indices.contains($0) && endsInSecretName(lines[$0]) }
        return isBesideName || line.contains("AGE-SECRET-KEY-") || line.contains("PRIVATE KEY") ? nil : line
    }

    /// Returns whether the last word of a line is the name of a secret, as of `- --token` and `name: DB_PASSWORD`.
    private func endsInSecretName(_ line: String) -> Bool {
        words(of: line).last.map(SecretMask.isSecret) ?? false
    }

    private func words(of line: String) -> [Substring] {
        line.split { " \t'\"=:,|>+[]{}".contains($0) }
    }
}
