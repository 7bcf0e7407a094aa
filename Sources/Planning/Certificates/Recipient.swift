import Base

/// A public key that private keys are encrypted to, as `age` takes it.
public struct Recipient: Sendable, Hashable {
    /// The kinds of keys that `age` encrypts to without plugins.
    public enum Kind: Sendable, Hashable {
        /// A key of `age-keygen`.
        case age
        /// An SSH key of type Ed25519, with its bytes as RFC 4253 encodes them.
        case ssh([UInt8])
    }

    /// Why a text is not a recipient.
    public struct Fault: Error, Sendable {
        /// The predicate of a sentence about the text, without any of its characters.
        public let message: String
    }

    /// The key without its comment.
    public let text: String

    /// The kind of the key.
    public let kind: Kind

    /// The comment behind an SSH key, such as `root@worker`.
    public let comment: String?

    /// Reads a recipient: `age1…`, or `ssh-ed25519 AAAA…` with or without a comment.
    ///
    /// - Throws: ``Fault`` if the text is not a complete key of these kinds.
    public init(_ text: String) throws(Fault) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first else { throw Fault(message: "is empty") }
        if first == "ssh-ed25519", words.count > 1 {
            kind = .ssh(try Self.bytes(ofSSHKey: words[1]))
            self.text = "\(first) \(words[1])"
            comment = words.count > 2 ? words[2...].joined(separator: " ") : nil
        } else if first.hasPrefix("age1"), words.count == 1 {
            guard let key = Bech32(first), key.prefix == "age", key.bytes.count == 32 else {
                throw Fault(message: "is not a complete age key, or has a typing error")
            }
            kind = .age
            self.text = first
            comment = nil
        } else {
            throw Fault(message: Self.fault(of: first))
        }
    }

    private static func fault(of text: String) -> String {
        let upper = text.uppercased()
        if upper.hasPrefix("AGE-SECRET-KEY-") || upper.hasPrefix("-----BEGIN") { return "is a private key" }
        if text.hasPrefix("ssh-") || text.hasPrefix("ecdsa-") || text.hasPrefix("sk-") {
            return text == "ssh-ed25519" ? "has no key after 'ssh-ed25519'" : "is an SSH key of another type"
        }
        return "begins neither with 'age1' nor with 'ssh-ed25519 '"
    }

    /// The bytes of an Ed25519 key: the type and 32 bytes, each after its length.
    private static func bytes(ofSSHKey text: String) throws(Fault) -> [UInt8] {
        let start: [UInt8] = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32]
        guard let bytes = try? Base64.decode(text), bytes.count == start.count + 32, bytes.starts(with: start) else {
            throw Fault(message: "is not a complete SSH key of type ed25519")
        }
        return bytes
    }
}

/// A text in the encoding of age's keys, which detects typing errors; see BIP 173.
struct Bech32 {
    /// The part before the last `1`.
    let prefix: String

    /// The bytes that it encodes.
    let bytes: [UInt8]

    /// Decodes a text in lower case; `nil` if it is malformed.
    init?(_ text: String) {
        guard text.utf8.count <= 200, let separator = text.lastIndex(of: "1"), separator > text.startIndex else {
            return nil
        }
        prefix = String(text[..<separator])
        var digits: [UInt8] = []
        for byte in text[text.index(after: separator)...].utf8 {
            guard let digit = Self.alphabet.firstIndex(of: byte) else { return nil }
            digits.append(UInt8(digit))
        }
        let high = prefix.utf8.map { $0 >> 5 }
        let low = prefix.utf8.map { $0 & 31 }
        guard digits.count > 6, Self.checksum(high + [0] + low + digits) == 1 else { return nil }
        guard let bytes = Self.bytes(digits.dropLast(6)) else { return nil }
        self.bytes = bytes
    }

    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
            for index in 0..<5 where top >> UInt32(index) & 1 == 1 { sum ^= generator[index] }
        }
        return sum
    }

    /// Joins groups of five bits; the rest must be zero bits, fewer than a group.
    private static func bytes(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for digit in digits {
            bits = (bits << 5 | UInt32(digit)) & 0xfff
            count += 5
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return count < 5 && bits & ((1 << count) - 1) == 0 ? bytes : nil
    }
}
