public import HTTP

extension TransportError: Retriable {
    /// What is to be done about the error: a server that is not there yet comes, a wrong certificate stays wrong.
    ///
    /// A certificate that is not valid yet is waited for: at boot it means that the node's clock is not set.
    public var disposition: Disposition {
        switch kind {
        case .resolve, .refused, .unreachable, .timedOut, .closed, .reset, .serverCertificateNotYetValid, .other:
            .retry
        case .tls, .clientCertificateRefused:
            .window
        case .untrusted, .selfSigned, .hostName, .serverCertificateExpired, .clientCertificate, .unreadableFile,
            .replyTooLarge, .redirect, .cancelled, .invalidURL:
            .permanent
        }
    }

    /// Nothing: there was no reply that could have asked for a pause.
    public var retryAfter: Duration? { nil }

    /// The message.
    public var words: String { message }
}
