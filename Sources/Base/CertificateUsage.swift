/// What a certificate is for.
public enum CertificateUsage: String, Sendable, Hashable, CaseIterable, Comparable {
    /// A TLS server.
    case serverAuth = "server auth"
    /// A TLS client.
    case clientAuth = "client auth"
    /// Signatures of something other than certificates, such as the tokens of service accounts.
    case signing

    /// Returns whether one usage comes before another in a list.
    public static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }
}
