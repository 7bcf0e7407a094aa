public import Base
internal import COpenSSL

/// The contents of an X.509 certificate.
public struct Certificate: Sendable, Hashable {
    /// The subject, such as `CN=kube-admin,O=system:masters`.
    public let subject: String

    /// The subject of the certificate that signed this one.
    public let issuer: String

    /// The first common name of the subject, which is the user name for the API server.
    public let commonName: String?

    /// The organizations of the subject, which are the user's groups for the API server.
    public let organizations: [String]

    /// The host names and addresses that the certificate is valid for.
    public let names: [String]

    /// The beginning of the validity period.
    public let validFrom: Timestamp

    /// The end of the validity period.
    public let validUntil: Timestamp

    /// Whether the certificate may sign others.
    public let isAuthority: Bool

    /// The DER bytes.
    public let der: [UInt8]

    /// Parses a DER certificate.
    ///
    /// - Throws: ``TLSError`` if the bytes are not exactly one certificate.
    public init(der: [UInt8]) throws(TLSError) {
        let handle = try X509Handle(der: der)
        guard let validFrom = handle.validFrom, let validUntil = handle.validUntil else {
            throw TLSError(.brokenContents, "contains a certificate without a readable validity period")
        }
        subject = handle.subject
        issuer = handle.issuer
        commonName = handle.subjectValues(of: NID_commonName).first
        organizations = handle.subjectValues(of: NID_organizationName)
        names = handle.alternativeNames
        isAuthority = handle.isAuthority
        (self.validFrom, self.validUntil, self.der) = (validFrom, validUntil, der)
    }

    /// Parses all certificates of a PEM text, which may contain other blocks.
    ///
    /// - Parameters:
    ///   - pem: The text.
    ///   - isAuthority: Whether they are the certificates of CAs, of which programs in Go skip those with headers:
    ///     `AppendCertsFromPEM` of `crypto/x509` and `ParseCertsPEM` of client-go.
    /// - Returns: The certificates.
    /// - Throws: ``TLSError`` if the text contains no certificate, or one of them is invalid.
    public static func read(pem: [UInt8], ofAuthority isAuthority: Bool = false) throws(TLSError) -> [Certificate] {
        let blocks = try PEMBlock.blocks(in: pem)
        var certificates: [Certificate] = []
        for block in blocks where block.label == "CERTIFICATE" {
            if isAuthority, let header = block.headers.first {
                let shown = printable(header.shortened(to: 40))
                throw TLSError(
                    .brokenEncoding,
                    "contains a CERTIFICATE block in line \(block.line) with the header '\(shown)', "
                        + "which programs in Go, such as kubectl, skip"
                )
            }
            certificates.append(try Certificate(der: block.decoded()))
        }
        guard certificates.isEmpty else { return certificates }
        let labels = blocks.map(\.label)
        let found = labels.contains { $0.hasSuffix("PRIVATE KEY") } ? "a private key" : "'\(labels[0])'"
        throw TLSError(.missingBlock, "contains \(found), not a certificate")
    }
}
