import Base
import HTTP
import Planning

/// The recipients and the plaintext size of a file encrypted with age.
///
/// For a recipient of type `ssh-ed25519`, the file has a tag derived from the key. For recipients of type `X25519`,
/// only their number is known. See the specification, https://age-encryption.org/v1.
struct AgeFile: Sendable, Hashable {
    /// The tags of the Ed25519 SSH keys, sorted.
    let tags: [String]

    /// The number of recipients of type `X25519`.
    let ageCount: Int

    /// The number of recipients of other types, such as RSA keys and passphrases.
    let otherCount: Int

    /// Whether the file is encrypted with a passphrase, which excludes other recipients.
    let hasPassphrase: Bool

    /// The number of plaintext bytes, or `nil` if the file is damaged or the number exceeds 64 KiB.
    let contentCount: Int?

    private static let version = "age-encryption.org/v1"

    /// Parses the header; returns `nil` if the bytes are not a file encrypted with age.
    init?(_ bytes: [UInt8]) {
        let bytes = Self.binary(bytes)
        let lines = Self.headerLines(bytes)
        guard lines.first == Self.version[...] else { return nil }
        var tags: [String] = []
        var (ageCount, otherCount) = (0, 0)
        hasPassphrase = lines.contains { $0.hasPrefix("-> scrypt ") }
        for line in lines where line.hasPrefix("-> ") {
            let words = line.dropFirst(3).split(separator: " ")
            switch words.first {
            case "ssh-ed25519"? where words.count > 1: tags.append(String(words[1]))
            case "X25519"?: ageCount += 1
            // Some programs add random recipients of such a type, which other programs must ignore.
            case let type? where type.hasSuffix("-grease"): continue
            default: otherCount += 1
            }
        }
        (self.tags, self.ageCount, self.otherCount) = (tags.sorted(), ageCount, otherCount)
        contentCount = Self.contentCount(bytes)
    }

    /// Returns the number of plaintext bytes, or `nil` if the file is damaged or has more than one chunk.
    ///
    /// After the header come a nonce of 16 bytes and chunks of at most 64 KiB, each with a tag of 16 bytes.
    private static func contentCount(_ bytes: [UInt8]) -> Int? {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let isLast = rest.starts(with: "---".utf8)
            rest = rest[(end + 1)...]
            guard isLast else { continue }
            let count = rest.count - 32
            return (0...64 << 10).contains(count) ? count : nil
        }
        return nil
    }

    /// Returns the binary form of a file that may have ASCII armor.
    private static func binary(_ bytes: [UInt8]) -> [UInt8] {
        let armor = "-----BEGIN AGE ENCRYPTED FILE-----"
        guard bytes.starts(with: armor.utf8) else { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        let body = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
        return (try? Base64.decode(String(body.joined()))) ?? []
    }

    /// Returns the header lines, without the final line.
    private static func headerLines(_ bytes: [UInt8]) -> [Substring] {
        var lines: [Substring] = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: lineLimit) {
            let text = String(decoding: line.prefix(1024), as: UTF8.self)
            if text.hasPrefix("---") { break }
            lines.append(text[...])
        }
        return lines
    }

    /// The maximum number of header lines; each recipient takes at least two.
    private static let lineLimit = 1000
}

/// Recipients and their owners, in the order in which messages name them.
struct RecipientList: Sendable {
    /// A recipient with its owner, such as `node 'worker'`.
    struct Entry: Sendable {
        var recipient: Recipient
        var owner: String
    }

    var entries: [Entry]

    /// The arguments that pass the recipients to `age`, with each key once.
    var arguments: [String] {
        entries.map(\.recipient.text).unique().flatMap { ["-r", $0] }
    }

    /// Returns the differences that a file's header shows between its recipients and this list, as predicates of a key.
    func differences(from file: AgeFile) -> [String] {
        var found = Set(file.tags)
        var texts: [String] = []
        var seen: Set<String> = []
        var ageCount = 0
        for entry in entries where seen.insert(entry.recipient.text).inserted {
            guard case .ssh(let bytes) = entry.recipient.kind else {
                ageCount += 1
                continue
            }
            let tag = Self.tag(of: bytes)
            if !file.tags.contains(tag) { texts.append("is not encrypted to \(entry.owner)") }
            found.remove(tag)
        }
        if !found.isEmpty { texts.append("is encrypted to \(count(found.count, "SSH key")) not declared") }
        if file.ageCount != ageCount {
            texts.append("is encrypted to \(count(file.ageCount, "age key")) instead of \(ageCount)")
        }
        if file.otherCount > 0 { texts.append("is encrypted to a password, or to a key of another kind") }
        return texts
    }

    /// Whether the list has a recipient that cannot be identified in an encrypted file.
    var hasUnidentified: Bool { entries.contains { $0.recipient.kind == .age } }

    /// Returns the tag of a key: the first four bytes of its SHA-256 digest in base64, without padding.
    static func tag(of key: [UInt8]) -> String {
        let digits = Array(sha256(key).utf8.prefix(8))
        let bytes = stride(from: 0, to: 8, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
        return Base64.encode(bytes).filter { $0 != "=" }
    }
}

/// Formats a number with a noun, in the plural if necessary.
func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
