import Base

/// The reason why a certificate or key cannot be used or created.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The text is not PEM of the expected type, or a key is encrypted with a password.
        case wrongContents
        /// A PEM block cannot be decoded, or its contents cannot be parsed.
        case damaged
        /// The certificate, or another in its chain, has an issuer that is not trusted.
        case unknownIssuer
        /// The certificate names a known authority that has not signed it.
        case wrongSignature
        /// The certificate, or another in its chain, has expired or is not valid yet.
        case notValidNow
        /// The certificate is refused for another reason, or libcrypto could not create an object.
        case other
    }

    public var kind: Kind

    /// The reason as a predicate, such as `expired at 2024-05-01T00:00:00Z`.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Returns the reason as a predicate of a file, and advice; a file of another format is reported as such.
    ///
    /// `path` is `nil` if the bytes are a value in another file.
    public func explained(
        by bytes: [UInt8],
        path: String?,
        isKey: Bool,
    ) -> (message: String, hint: String) {
        let usual = isKey ? "name the file of the private key as PEM" : "name the file of a certificate as PEM"
        if let format = ContentFormat.recognised(bytes, path: path), format.kind != (isKey ? .privateKey : .certificate)
        {
            return ("is \(format.name)", format.hint ?? usual)
        }
        return (message, kind == .damaged ? "put the file there again, or issue a new one" : usual)
    }

    /// The ``message``; the caller adds the name of the file.
    public var description: String { message }
}
