/// The validity of a certificate on the node.
public struct CertificateExpiry: Sendable, Hashable {
    /// The file that it is in: PEM, or a kubeconfig.
    public var path: String

    /// Its subject, such as `CN=kube-admin,O=system:masters`.
    public var subject: String

    /// The beginning of its validity.
    public var validFrom: Timestamp

    /// The end of its validity.
    public var expires: Timestamp

    public init(path: String, subject: String, validFrom: Timestamp, expires: Timestamp) {
        self.path = path
        self.subject = subject
        self.validFrom = validFrom
        self.expires = expires
    }

    /// The whole days that are left at an instant, below zero if the certificate has expired.
    public func remainingDays(at now: Timestamp) -> Int64 {
        let seconds = expires.seconds - now.seconds
        return seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }
}
