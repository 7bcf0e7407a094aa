internal import COpenSSL

/// What an X.509 certificate says.
public struct Certificate: Sendable, Hashable {
    /// Who the certificate is about, such as `CN=kube-admin,O=system:masters`.
    public let subject: String

    /// Who has signed the certificate.
    public let issuer: String

    /// The first common name of the subject, which is the user's name for the API server.
    public let commonName: String?

    /// The organizations of the subject, which are the user's groups for the API server.
    public let organizations: [String]

    /// The host names and addresses that a server with this certificate may have.
    public let names: [String]

    /// The first instant at which the certificate is valid.
    public let validFrom: Timestamp

    /// The last instant at which the certificate is valid.
    public let validUntil: Timestamp

    /// Whether the certificate may sign others.
    public let isAuthority: Bool

    /// The certificate in the binary form.
    public let der: [UInt8]

    /// Parses a certificate in the binary form.
    ///
    /// - Throws: ``PKIError`` if the bytes are not exactly one certificate.
    public init(der: [UInt8]) throws(PKIError) {
        let handle = try X509Handle(der: der)
        guard let validFrom = handle.validFrom, let validUntil = handle.validUntil else {
            throw PKIError(.brokenContents, "holds a certificate without a readable time of validity")
        }
        subject = handle.subject
        issuer = handle.issuer
        commonName = handle.subjectValues(of: NID_commonName).first
        organizations = handle.subjectValues(of: NID_organizationName)
        names = handle.alternativeNames
        isAuthority = handle.isAuthority
        (self.validFrom, self.validUntil, self.der) = (validFrom, validUntil, der)
    }

    /// Reads all certificates of a PEM text, which may also hold other blocks.
    ///
    /// - Throws: ``PKIError`` if there is none, or one of them is broken.
    public static func read(pem: [UInt8]) throws(PKIError) -> [Certificate] {
        let blocks = try PEMBlock.blocks(in: pem)
        var certificates: [Certificate] = []
        for block in blocks where block.label == "CERTIFICATE" {
            certificates.append(try Certificate(der: block.decoded()))
        }
        guard certificates.isEmpty else { return certificates }
        let labels = blocks.map(\.label)
        let found = labels.contains { $0.hasSuffix("PRIVATE KEY") } ? "a private key" : "'\(labels[0])'"
        throw PKIError(.missingBlock, "holds \(found), not a certificate")
    }
}
