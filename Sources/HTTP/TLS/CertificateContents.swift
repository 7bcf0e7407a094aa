public import Base

/// The contents of a new certificate.
public struct CertificateContents: Sendable, Hashable {
    public var commonName: String

    var organizations: [String]

    public var names: [SubjectName]

    /// The uses of a leaf certificate; empty for an authority, which signs certificates.
    public var usages: Set<CertificateUsage>

    /// Whether the certificate may sign others.
    var isAuthority: Bool

    var validFrom: Timestamp

    var validUntil: Timestamp

    public init(
        commonName: String,
        organizations: [String] = [],
        names: [SubjectName] = [],
        usages: Set<CertificateUsage> = [],
        isAuthority: Bool = false,
        validFrom: Timestamp,
        validUntil: Timestamp,
    ) {
        self.commonName = commonName
        self.organizations = organizations
        self.names = names
        self.usages = usages
        self.isAuthority = isAuthority
        self.validFrom = validFrom
        self.validUntil = validUntil
    }
}

extension PrivateKey {
    /// Creates a self-signed certificate for this key.
    public func certify(_ contents: CertificateContents) throws(TLSError) -> Certificate {
        let draft = try CertificateDraft(contents)
        try draft.fill(for: self)
        return try draft.signed(by: self, issuer: nil)
    }

    /// Issues a certificate for another key; the authority is the CA certificate that belongs to this key.
    public func issue(
        _ contents: CertificateContents,
        for key: PrivateKey,
        by authority: Certificate,
    ) throws(TLSError) -> Certificate {
        let draft = try CertificateDraft(contents)
        try draft.fill(for: key)
        return try draft.signed(by: self, issuer: authority)
    }
}
