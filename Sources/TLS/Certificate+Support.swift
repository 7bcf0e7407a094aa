internal import COpenSSL

/// Properties of certificates that libcrypto supports, and programs in Go do not.
extension Certificate {
    /// The reason why Kubernetes' programs refuse the certificate whatever it is used for, as a predicate; `nil` if they do not.
    ///
    /// Go's `crypto/x509` and `crypto/tls` have RSA, ECDSA on the curves P-224 to P-521, given by name, and Ed25519.
    public var unsupportedPart: String? {
        unsafe property("has a key that cannot be read") { certificate in
            unsafe X509_get0_pubkey(certificate).map { unsafe fault(ofKey: $0) } ?? "has a key that cannot be read"
        }
    }

    /// A property of a certificate that only old versions of Kubernetes accept.
    public struct Weakness: Sendable, Hashable {
        /// The property, as a predicate of the certificate.
        public var part: String
        /// The first version of Kubernetes that refuses it, such as `1.24`; it is built with the version of Go that does.
        public var refusedSince: String
        /// How to issue the certificate instead.
        public var remedy: String
    }

    /// The properties that only old versions of Kubernetes accept.
    ///
    /// Go refuses signatures with SHA-1 since 1.18, negative serial numbers since 1.23 and RSA below 1,024 bits since 1.24. It does
    /// not check the signature of a certificate that is trusted itself.
    public var weaknesses: [Weakness] {
        var found: [Weakness] = []
        let isSHA1 = unsafe property(false) { certificate in
            let algorithms = [NID_sha1WithRSAEncryption, NID_ecdsa_with_SHA1, NID_dsaWithSHA1, NID_sha1WithRSA]
            return algorithms.contains(unsafe X509_get_signature_nid(certificate))
        }
        if isSHA1, subject != issuer {
            found.append(Weakness(part: "is signed with SHA-1", refusedSince: "1.24", remedy: "with SHA-256"))
        }
        if serialNumber.utf8.first == UInt8(ascii: "-") {
            found.append(
                Weakness(
                    part: "has a negative serial number",
                    refusedSince: "1.32",
                    remedy: "with a positive serial number"
                )
            )
        }
        let bits = unsafe property(nil) { certificate in
            let key = unsafe X509_get0_pubkey(certificate)
            return unsafe key.flatMap {
                unsafe EVP_PKEY_get_base_id($0) == NID_rsaEncryption ? EVP_PKEY_get_bits($0) : nil
            }
        }
        if let bits, bits < 1024 {
            found.append(
                Weakness(
                    part: "has an RSA key of \(bits) bits",
                    refusedSince: "1.33",
                    remedy: "with a key of type rsa-2048"
                )
            )
        }
        return found
    }
}

/// The curves that Go's `crypto/elliptic` has, by the names of libcrypto.
private let supportedCurves: Set = [
    "prime256v1", "P-256", "secp224r1", "P-224", "secp384r1", "P-384", "secp521r1", "P-521",
]

private func fault(ofKey key: OpaquePointer) -> String? {
    switch unsafe EVP_PKEY_get_base_id(key) {
    case NID_rsaEncryption, NID_ED25519: return nil
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
