public import Base
import Glibc
import Host

/// The private key with which a node decrypts, as far as the beginning of its file says.
public struct NodeIdentity: Sendable, Hashable {
    /// The kinds of private keys that `age` uses.
    enum Kind: Sendable, Hashable {
        /// An SSH key of type Ed25519, with the tag that is in the headers of files encrypted to it.
        case ed25519(tag: String)
        /// An SSH key of type RSA.
        case rsa
        /// A key of `age-keygen`.
        case age
        /// A key that is encrypted itself, of another kind, or not readable.
        case unknown
    }

    let kind: Kind

    /// Whether `age` asks for a password each time that it uses the key.
    public let needsPassword: Bool

    /// Nothing secret is in as many bytes of a file.
    private static let startLength = 120

    /// The same of an SSH key, where the public key comes first.
    private static let startLengthOfSSH = 240

    private static let markOfSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"

    /// The lines before an encrypted key in PEM.
    private static let encryptedMarks = ["Proc-Type: 4,ENCRYPTED", "-----BEGIN ENCRYPTED PRIVATE KEY-----"]

    /// Looks at the beginning of a file; what cannot be read is of unknown kind.
    ///
    /// - Parameter path: The path of the file.
    public init(reading path: String) {
        let operation = "cannot read"
        guard let file = try? FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation),
            var start = try? file.read(operation, path, capacity: Self.startLength)
        else {
            (kind, needsPassword) = (.unknown, false)
            return
        }
        if start.starts(with: Self.markOfSSH.utf8) {
            start += (try? file.read(operation, path, capacity: Self.startLengthOfSSH - start.count)) ?? []
        }
        let lines = String(decoding: start, as: UTF8.self).split(whereSeparator: \.isNewline)
        needsPassword = Identity.needsPassword(path) || lines.contains { Self.encryptedMarks.contains(String($0)) }
        switch lines.first {
        case Self.markOfSSH[...]?: kind = Self.kind(ofSSHKey: lines.dropFirst().joined())
        case "-----BEGIN RSA PRIVATE KEY-----"?: kind = .rsa
        default:
            let isOfAge = lines.contains { $0.hasPrefix("AGE-SECRET-KEY-1") || $0.hasPrefix("# public key: age1") }
            kind = isOfAge ? .age : .unknown
        }
    }

    /// Reads the public key in a private key of OpenSSH, which is not encrypted; see its PROTOCOL.key.
    private static func kind(ofSSHKey text: String) -> Kind {
        let body = text.prefix(text.utf8.count / 4 * 4)
        guard let bytes = try? Base64.decode(String(body)) else { return .unknown }
        var rest = bytes[...]
        let magic = Array("openssh-key-v1\0".utf8)
        guard rest.starts(with: magic) else { return .unknown }
        rest = rest.dropFirst(magic.count)
        // Cipher, key derivation and its options, the number of keys.
        for _ in 0..<3 { guard readField(&rest) != nil else { return .unknown } }
        rest = rest.dropFirst(4)
        // That of RSA is longer than what was read.
        var start = rest.dropFirst(4)
        switch readField(&start).map({ String(decoding: $0, as: UTF8.self) }) {
        case "ssh-ed25519"?: return readField(&rest).map { .ed25519(tag: RecipientList.tag(of: Array($0))) } ?? .unknown
        case "ssh-rsa"?: return .rsa
        default: return .unknown
        }
    }

    /// Takes bytes with their length before them.
    private static func readField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let length = readLength(rest), rest.count >= 4 + length else { return nil }
        defer { rest = rest.dropFirst(4 + length) }
        return rest.dropFirst(4).prefix(length)
    }

    private static func readLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
}

/// Finds out from the beginning of an encrypted file whether a private key can decrypt it, without doing so.
///
/// - Parameters:
///   - bytes: The contents of the file.
///   - identity: The private key.
///   - path: The file of the private key, for messages.
/// - Throws: ``Base/Problem``, whose message is a sentence about the file, if it certainly cannot.
public func requireDecryptable(
    _ bytes: [UInt8],
    with identity: NodeIdentity,
    at path: String,
) throws(Problem) {
    let replacing = "put the encrypted file there again"
    guard !bytes.isEmpty else { throw Problem("it is empty", hint: replacing) }
    guard let file = AgeFile(bytes) else {
        let isPointer = bytes.starts(with: Array("version https://git-lfs.github.com/".utf8))
        throw isPointer
            ? Problem(
                "it is a pointer of Git LFS",
                hint: "run 'git lfs pull' in its repository, and install the file again"
            )
            : Problem("it is not encrypted by age", hint: replacing)
    }
    let isPossible =
        switch identity.kind {
        case .ed25519(let tag): file.tags.contains(tag)
        case .rsa: file.otherCount > 0
        case .age: file.ageCount + file.otherCount > 0
        case .unknown: true
        }
    guard !isPossible else { return }
    let counts = [(file.tags.count, "SSH key"), (file.ageCount, "age key"), (file.otherCount, "other key")]
    let recipients = counts.filter { $0.0 > 0 }.map { count($0.0, $0.1) }.joined(separator: " and ")
    throw Problem(
        "it is not encrypted to private key '\(path)'" + (recipients.isEmpty ? "" : ", but to \(recipients)"),
        hint: "encrypt it to this key, or name one that it is encrypted to with 'identity'"
    )
}

/// A file with the private key of an operator.
enum Identity {
    /// Refuses a file that cannot be read, before anything is said about the keys that it should decrypt.
    ///
    /// - Throws: ``Base/Problem`` that names the file.
    static func check(_ path: String) throws(Problem) {
        do throws(SystemError) {
            // age reads it once for each key.
            if let status = try FileSystem.status(FileSystem.realPath(path)), status.kind != .regular {
                throw SystemError("cannot read", path, code: EINVAL, detail: "is a \(status.kind.rawValue)")
            }
            _ = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, "cannot read")
        } catch {
            throw Problem(
                "the identity cannot be used: \(error)",
                hint: "pass the file of a private key to '--identity'"
            )
        }
    }

    /// Returns whether `age` asks for a password each time that it uses the file.
    ///
    /// Only the beginning is read, which has nothing secret. The format of OpenSSH has the name of a cipher there, `none`
    /// without a password; see its PROTOCOL.key.
    static func needsPassword(_ path: String) -> Bool {
        let operation = "cannot read"
        guard let file = try? FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation),
            let start = try? file.read(operation, path, capacity: 120)
        else { return false }
        let lines = String(decoding: start, as: UTF8.self).split(whereSeparator: \.isNewline)
        switch lines.first {
        case "-----BEGIN OPENSSH PRIVATE KEY-----"?:
            // A whole number of groups of four characters.
            let body = lines.dropFirst().first?.prefix(40) ?? ""
            guard let bytes = try? Base64.decode(String(body)) else { return false }
            return !bytes.starts(with: Array("openssh-key-v1\0".utf8) + [0, 0, 0, 4] + Array("none".utf8))
        case "age-encryption.org/v1"?, "-----BEGIN AGE ENCRYPTED FILE-----"?: return true
        default: return false
        }
    }
}
