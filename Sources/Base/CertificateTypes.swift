/// The subject and validity period of a certificate in a file on the node.
public struct CertificateExpiry: Sendable, Hashable {
    /// The path of the PEM file or kubeconfig that contains the certificate.
    public var path: String

    /// The subject, such as `CN=kube-admin,O=system:masters`.
    public var subject: String

    public var validFrom: Timestamp
    public var expires: Timestamp

    public init(path: String, subject: String, validFrom: Timestamp, expires: Timestamp) {
        self.path = path
        self.subject = subject
        self.validFrom = validFrom
        self.expires = expires
    }

    /// Returns the number of whole days until expiry, which is negative for an expired certificate.
    public func remainingDays(at now: Timestamp) -> Int64 {
        let seconds = expires.seconds - now.seconds
        return seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }
}

public enum CertificateUsage: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Authentication of a TLS server.
    case serverAuth = "server auth"
    /// Authentication of a TLS client.
    case clientAuth = "client auth"
    /// Signatures on data other than certificates, such as service account tokens.
    case signing

    public static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The type and size of a private key.
public enum KeyType: String, Sendable, Hashable, CaseIterable {
    case rsa2048 = "rsa-2048"
    case rsa3072 = "rsa-3072"
    case rsa4096 = "rsa-4096"
    case p256 = "ecdsa-p256"
    case p384 = "ecdsa-p384"
    case ed25519 = "ed25519"

    /// The number of bits of an RSA key, or `nil` for other types.
    public var rsaBits: Int32? {
        switch self {
        case .rsa2048: 2048
        case .rsa3072: 3072
        case .rsa4096: 4096
        case .p256, .p384, .ed25519: nil
        }
    }
}
