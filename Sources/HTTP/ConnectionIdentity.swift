/// The trusted authorities and the credentials of a request.
public struct ConnectionIdentity: Sendable, Hashable {
    /// The only certificate authorities to trust, or `nil` to trust the system's authorities.
    public var certificateAuthority: PEMSource?

    /// The client certificate, followed by its intermediates.
    public var clientCertificate: PEMSource?

    /// The key of the client certificate.
    public var clientKey: PEMSource?
    public var token: BearerToken?

    /// The name for SNI and verification of the server's certificate, if it differs from the URL's host.
    public var serverName: String?

    /// The proxy to use regardless of the environment, or `nil` to follow the environment.
    public var proxy: String?

    /// Creates an identity, by default without credentials and with trust in the system's authorities.
    public init(
        certificateAuthority: PEMSource? = nil,
        clientCertificate: PEMSource? = nil,
        clientKey: PEMSource? = nil,
        token: BearerToken? = nil,
        serverName: String? = nil,
        proxy: String? = nil,
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.token = token
        self.serverName = serverName
        self.proxy = proxy
    }
}

/// The source of a PEM certificate or key.
public enum PEMSource: Sendable, Hashable {
    /// A file that is read for each request.
    case file(String)
    /// The text itself.
    case data([UInt8])
}

/// The source of a token.
public enum BearerToken: Sendable, Hashable {
    /// The token itself.
    case value(String)
    /// A file that is read for each request.
    case file(String)
}
