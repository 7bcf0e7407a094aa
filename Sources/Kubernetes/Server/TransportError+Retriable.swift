public import HTTP

extension TransportError: Retriable {
    /// Whether another attempt is worthwhile: a server may still be starting, a wrong certificate stays wrong.
    ///
    /// A certificate that is not valid yet is retried: at boot it means that the node's clock is not set.
    public var disposition: Disposition {
        switch kind {
        case .resolve, .refused, .refusedByProxy, .unreachable, .timedOut, .closed, .reset,
            .serverCertificateNotYetValid, .other:
            .retry
        case .tls, .clientCertificateRefused:
            .transient
        case .untrusted, .selfSigned, .hostName, .noNames, .serverCertificateExpired, .clientCertificate,
            .unreadableFile,
            .replyTooLarge, .redirect, .cancelled, .invalidURL:
            .permanent
        }
    }

    /// Always `nil`, because there was no response.
    public var retryAfter: Duration? { nil }
    public var words: String { message }
}
