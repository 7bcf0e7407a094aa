/// Whom a request trusts, and as whom it is made.
public struct Access: Sendable, Hashable {
    /// The authorities that may have issued the server's certificate, or `nil` for the system's.
    ///
    /// If given, no other authority is trusted.
    public var certificateAuthority: PEMSource?

    /// The certificate that is shown to the server, followed by its intermediates.
    public var clientCertificate: PEMSource?

    /// The key of the certificate that is shown to the server.
    public var clientKey: PEMSource?

    /// The token that is sent to the server.
    public var token: BearerToken?

    /// The name by which the server is asked for its certificate, and which that must have, where it is not the URL's.
    public var serverName: String?

    /// Creates an access; without arguments, that of an unknown user who trusts the system's authorities.
    public init(
        certificateAuthority: PEMSource? = nil,
        clientCertificate: PEMSource? = nil,
        clientKey: PEMSource? = nil,
        token: BearerToken? = nil,
        serverName: String? = nil,
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.token = token
        self.serverName = serverName
    }
}

/// Where a certificate or a key in the form PEM comes from.
public enum PEMSource: Sendable, Hashable {
    /// A file, which is read anew for each request.
    case file(String)
    /// The text itself.
    case data([UInt8])
}

/// Where a token comes from.
public enum BearerToken: Sendable, Hashable {
    /// The token itself.
    case value(String)
    /// A file, which is read anew for each request.
    case file(String)
}
