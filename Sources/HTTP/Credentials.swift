internal import PKI

/// What an ``Access`` names, read and found to be usable.
struct Credentials: Sendable, Hashable {
    /// One PEM text, and what to call it in a message.
    struct Text: Sendable, Hashable {
        var bytes: [UInt8]
        var name: String
    }

    private(set) var authority: Text?
    private(set) var certificate: Text?
    private(set) var key: Text?

    /// Reads the files that an access names.
    ///
    /// - Throws: ``TransportError`` if one is unreadable or a certificate is given without its key.
    init(reading access: Access) throws(TransportError) {
        authority = try access.certificateAuthority.map { source throws(TransportError) in
            try Self.read(source, "certificate authority")
        }
        certificate = try access.clientCertificate.map { source throws(TransportError) in
            try Self.read(source, "client certificate")
        }
        key = try access.clientKey.map { source throws(TransportError) in try Self.read(source, "client key") }
        if let certificate, key == nil {
            throw TransportError(.clientCertificate, "\(certificate.name) is given without a key")
        }
        if let key, certificate == nil {
            throw TransportError(.clientCertificate, "\(key.name) is given without a certificate")
        }
    }

    /// Checks that libcurl will be able to use what was read.
    ///
    /// - Throws: ``TransportError`` that names what is broken, or the two that do not belong together.
    func validate() throws(TransportError) {
        if let authority { _ = try Self.parse(authority, Certificate.read) }
        guard let certificate, let key else { return }
        let leaf = try Self.parse(certificate, Certificate.read).first
        let privateKey = try Self.parse(key, PrivateKey.read)
        guard let leaf, privateKey.belongs(to: leaf) else {
            throw TransportError(.clientCertificate, "\(certificate.name) and \(key.name) do not belong together")
        }
    }

    private static func read(_ source: PEMSource, _ role: String) throws(TransportError) -> Text {
        switch source {
        case .file(let path): Text(bytes: try readFile(path), name: "\(role) '\(path)'")
        case .data(let bytes): Text(bytes: bytes, name: "inline \(role)")
        }
    }

    private static func parse<Value>(
        _ text: Text,
        _ read: ([UInt8]) throws(PKIError) -> Value,
    ) throws(TransportError) -> Value {
        do throws(PKIError) {
            return try read(text.bytes)
        } catch {
            throw TransportError(.clientCertificate, "\(text.name) \(error.message)")
        }
    }
}

extension BearerToken {
    /// Reads the token.
    ///
    /// - Throws: ``TransportError`` if its file is unreadable or the token could not stand in a header.
    func read() throws(TransportError) -> String {
        let (bytes, name): ([UInt8], String) =
            switch self {
            case .value(let value): (Array(value.utf8), "the bearer token")
            case .file(let path): (try readFile(path), "token file '\(path)'")
            }
        // A file often ends with a line feed.
        let token = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        guard let line = token.first, token.count == 1, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw TransportError(.clientCertificate, "\(name) holds no token: it must be one line without spaces")
        }
        return String(decoding: line, as: UTF8.self)
    }
}
