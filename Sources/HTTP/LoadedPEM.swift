import Base
internal import TLS

/// The certificates and keys of a ``ConnectionIdentity``, read from their files.
struct LoadedPEM: Sendable, Hashable {
    /// One PEM text with its name for messages.
    struct Text: Sendable, Hashable {
        var bytes: [UInt8]
        var name: String
        /// The path, `nil` for a value of another file.
        var path: String?
    }

    private(set) var authority: Text?
    private(set) var certificate: Text?
    private(set) var key: Text?

    /// Reads the files of an identity.
    ///
    /// - Throws: ``TransportError`` if a file is unreadable, or a certificate or key is given without the other.
    init(reading identity: ConnectionIdentity) throws(TransportError) {
        authority = try identity.certificateAuthority.map { source throws(TransportError) in
            try Self.read(source, "certificate authority")
        }
        certificate = try identity.clientCertificate.map { source throws(TransportError) in
            try Self.read(source, "client certificate")
        }
        key = try identity.clientKey.map { source throws(TransportError) in try Self.read(source, "client key") }
        if let certificate, key == nil {
            throw TransportError(.invalidRequest, "\(certificate.name) is given without a key")
        }
        if let key, certificate == nil {
            throw TransportError(.invalidRequest, "\(key.name) is given without a certificate")
        }
    }

    /// Checks that libcurl can use the certificates and keys.
    ///
    /// - Throws: ``TransportError`` that names the invalid file, or a certificate and key that do not match.
    func validate() throws(TransportError) {
        if let authority {
            _ = try Self.parse(authority, isKey: false) { pem throws(TLSError) in
                try Certificate.read(pem: pem, ofAuthority: true)
            }
        }
        guard let certificate, let key else { return }
        let leaf = try Self.parse(certificate, isKey: false) { pem throws(TLSError) in
            try Certificate.read(pem: pem)
        }
        .first
        let privateKey = try Self.parse(key, isKey: true, PrivateKey.read)
        guard let leaf, privateKey.belongs(to: leaf) else {
            throw TransportError(.invalidRequest, "\(certificate.name) and \(key.name) do not match")
        }
    }

    private static func read(_ source: PEMSource, _ role: String) throws(TransportError) -> Text {
        switch source {
        case .file(let path): Text(bytes: try readIdentityFile(path), name: "\(role) '\(path)'", path: path)
        case .data(let bytes): Text(bytes: bytes, name: "inline \(role)")
        }
    }

    private static func parse<Value>(
        _ text: Text,
        isKey: Bool,
        _ read: ([UInt8]) throws(TLSError) -> Value,
    ) throws(TransportError) -> Value {
        do throws(TLSError) {
            return try read(text.bytes)
        } catch {
            let (message, _) = error.explained(by: text.bytes, path: text.path, isKey: isKey)
            throw TransportError(.invalidRequest, "\(text.name) \(message)")
        }
    }
}

/// Reads a file that contains certificates, a key or a token.
private func readIdentityFile(_ path: String) throws(TransportError) -> [UInt8] {
    do throws(SystemError) {
        return try readFile(path, limit: SizeLimit.configuration)
    } catch {
        throw TransportError(.invalidRequest, "\(error)")
    }
}

extension BearerToken {
    /// Reads the token.
    ///
    /// - Throws: ``TransportError`` if its file is unreadable, or the token is not valid in a header.
    func read() throws(TransportError) -> String {
        let (bytes, name): ([UInt8], String) =
            switch self {
            case .value(let value): (Array(value.utf8), "the bearer token")
            case .file(let path): (try readIdentityFile(path), "token file '\(path)'")
            }
        guard let token = Self.token(in: bytes) else {
            throw TransportError(
                .invalidRequest,
                "\(name) contains no valid token: it must be one line without spaces"
            )
        }
        return token
    }

    /// Returns the token that a file contains.
    ///
    /// - Parameter bytes: The file, which often ends with a line feed.
    /// - Returns: The token, or `nil` unless the file is a single line without spaces, as a header requires.
    public static func token(in bytes: [UInt8]) -> String? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        guard let line = lines.first, lines.count == 1, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        return String(decoding: line, as: UTF8.self)
    }
}
