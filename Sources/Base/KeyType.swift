/// The type of a private key, and its size.
public enum KeyType: String, Sendable, Hashable, CaseIterable {
    /// RSA with 2048 bits.
    case rsa2048 = "rsa-2048"
    /// RSA with 3072 bits.
    case rsa3072 = "rsa-3072"
    /// RSA with 4096 bits.
    case rsa4096 = "rsa-4096"
    /// ECDSA on the curve P-256.
    case p256 = "ecdsa-p256"
    /// ECDSA on the curve P-384.
    case p384 = "ecdsa-p384"
    case ed25519 = "ed25519"

    /// The number of bits of an RSA key, `nil` for other types.
    public var rsaBits: Int32? {
        switch self {
        case .rsa2048: 2048
        case .rsa3072: 3072
        case .rsa4096: 4096
        case .p256, .p384, .ed25519: nil
        }
    }
}
