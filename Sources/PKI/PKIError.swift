/// Why a certificate, a key or their text cannot be used.
public struct PKIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is, for those who act on it.
    public enum Kind: Sendable, Hashable {
        /// The text holds no PEM block of the wanted kind.
        case missingBlock
        /// The file is in the binary form.
        case binary
        /// The text between the lines of a PEM block is damaged.
        case brokenEncoding
        /// The block's contents are not a certificate or a key.
        case brokenContents
        /// The key is protected by a password.
        case encryptedKey
        /// The certificate was issued by somebody unknown.
        case unknownIssuer
        /// The certificate names a known authority, which has not signed it.
        case wrongSignature
        /// The certificate was issued by itself, and is not known.
        case selfSigned
        /// The certificate, or one that it depends on, is no longer valid.
        case expired
        /// The certificate, or one that it depends on, is not valid yet.
        case notYetValid
        /// The certificate is refused for another reason.
        case untrusted
    }

    /// What kind of fault it is.
    public var kind: Kind

    /// A predicate without its subject, such as `expired at 2024-05-01T00:00:00Z`.
    public var message: String

    /// Creates an error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The message alone; the caller names the file.
    public var description: String { message }
}
