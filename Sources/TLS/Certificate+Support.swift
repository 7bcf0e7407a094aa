internal import COpenSSL

/// What programs in Go do not support, although libcrypto does.
extension Certificate {
    /// What in the certificate Kubernetes' programs refuse whatever it is used for, as a predicate; `nil` if there is nothing.
    ///
    /// Go's `crypto/x509` and `crypto/tls` have RSA of at least 1,024 bits (since Go 1.24), ECDSA on the curves P-224 to P-521,
    /// given by name, and Ed25519. A serial number must not be negative (since Go 1.23).
    public var unsupportedPart: String? {
        if serialNumber.utf8.first == UInt8(ascii: "-") { return "has a negative serial number" }
        return unsafe property("has a key that cannot be read") { certificate in
            unsafe X509_get0_pubkey(certificate).map { unsafe fault(ofKey: $0) } ?? "has a key that cannot be read"
        }
    }

    /// The digest of the certificate's signature if Kubernetes' programs refuse it, such as `SHA-1`; `nil` if they do not.
    ///
    /// Go refuses signatures with MD5, and with SHA-1 since version 1.18, with which Kubernetes 1.24 is built.
    public var weakDigest: String? {
        unsafe property(nil) { certificate in
            switch unsafe X509_get_signature_nid(certificate) {
            case NID_sha1WithRSAEncryption, NID_ecdsa_with_SHA1, NID_dsaWithSHA1, NID_sha1WithRSA: "SHA-1"
            case NID_md5WithRSAEncryption, NID_md5WithRSA: "MD5"
            default: nil
            }
        }
    }
}

/// The curves that Go's `crypto/elliptic` has, by the names of libcrypto.
private let supportedCurves: Set = [
    "prime256v1", "P-256", "secp224r1", "P-224", "secp384r1", "P-384", "secp521r1", "P-521",
]

private func fault(ofKey key: OpaquePointer) -> String? {
    switch unsafe EVP_PKEY_get_base_id(key) {
    case NID_rsaEncryption:
        let bits = unsafe EVP_PKEY_get_bits(key)
        return bits < 1024 ? "has an RSA key of \(bits) bits" : nil
    case NID_ED25519: return nil
    case NID_X9_62_id_ecPublicKey:
        let encoding = unsafe text { unsafe EVP_PKEY_get_utf8_string_param(key, "encoding", $0, $1, $2) }
        guard encoding != "explicit" else { return "has a key whose curve is not given by name" }
        let curve = unsafe text { unsafe EVP_PKEY_get_group_name(key, $0, $1, $2) } ?? "without a name"
        return supportedCurves.contains(curve) ? nil : "has a key on the curve \(curve)"
    default:
        let name = unsafe EVP_PKEY_get0_type_name(key).map { unsafe String(cString: $0) }
        return "has a key of type \(name ?? "unknown")"
    }
}

/// A short text that a function of libcrypto writes; `nil` if it does not have one.
private func text(_ write: (UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?) -> Int32) -> String? {
    var length = 0
    var buffer: [CChar] = Array(repeating: 0, count: 64)
    guard unsafe buffer.withUnsafeMutableBufferPointer({ unsafe write($0.baseAddress, $0.count, &length) }) == 1 else {
        _ = LibCrypto.drainErrorQueue()
        return nil
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
