import Base
internal import COpenSSL

/// A private key, whose contents are never printed.
public struct PrivateKey: Sendable {
    /// The encodings of a key.
    private enum Encoding {
        case pkcs8, rsa, ec

        /// The type of the keys, `NID_undef` if the encoding has keys of any type.
        var type: Int32 {
            switch self {
            case .pkcs8: NID_undef
            case .rsa: NID_rsaEncryption
            case .ec: NID_X9_62_id_ecPublicKey
            }
        }
    }

    private let key: ParsedKey

    /// Parses the first private key of a PEM text: PKCS#8, PKCS#1 or SEC1.
    ///
    /// Never prompts for a password.
    ///
    /// - Throws: ``TLSError`` if the text contains no key, or if the key is invalid or encrypted.
    public static func read(pem: [UInt8]) throws(TLSError) -> PrivateKey {
        let blocks = try PEMBlock.blocks(in: pem)
        guard let block = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
            let found = blocks.contains { $0.label == "CERTIFICATE" } ? "a certificate" : "'\(blocks[0].label)'"
            throw TLSError(.missingBlock, "contains \(found), not a private key")
        }
        let isEncrypted = block.label.hasPrefix("ENCRYPTED") || block.headers.contains { $0.contains("ENCRYPTED") }
        guard !isEncrypted else {
            throw TLSError(.encryptedKey, "contains a key that is encrypted with a password")
        }
        return PrivateKey(key: try ParsedKey.read(try block.decoded(), type: try encoding(of: block.label).type))
    }

    public func belongs(to certificate: Certificate) -> Bool {
        guard let holder = try? X509Handle(der: certificate.der) else { return false }
        defer { _ = LibCrypto.drainErrorQueue() }
        return key.belongs(to: holder)
    }

    private static func encoding(of label: String) throws(TLSError) -> Encoding {
        switch label {
        case "PRIVATE KEY": return .pkcs8
        case "RSA PRIVATE KEY": return .rsa
        case "EC PRIVATE KEY": return .ec
        default:
            let message = "contains a key of an unsupported type: '\(label)'"
            throw TLSError(.brokenContents, message)
        }
    }
}

/// A key parsed by libcrypto, which is not changed and may be used from several threads.
@safe
private final class ParsedKey: Sendable {
    // The key is thread-safe, as described above.
    private nonisolated(unsafe) let raw: OpaquePointer

    /// The keys that this process has parsed, by their types and the digests of their contents.
    ///
    /// libcrypto takes about half a millisecond to parse a key, mostly to find its decoder, and a run reads the same key
    /// for several kubeconfigs.
    private static let known = Locked<[String: ParsedKey]>([:])

    /// The maximum number of kept keys, which is enough for the kubeconfigs of a node.
    private static let limit = 16

    /// Parses a key of the given type, or a PKCS#8 key if the type is `NID_undef`; a key that was parsed before is reused.
    ///
    /// - Throws: ``TLSError`` if the key is invalid.
    static func read(_ der: [UInt8], type: Int32) throws(TLSError) -> ParsedKey {
        let digest = "\(type) \(sha256(der))"
        if let found = known.withLock({ $0[digest] }) { return found }
        let key = try ParsedKey(der: der, type: type)
        known.withLock { known in
            if known.count < limit { known[digest] = key }
        }
        return key
    }

    /// Parses a key of the given type, or a PKCS#8 key if the type is `NID_undef`.
    ///
    /// The corresponding C functions are `d2i_PrivateKey` and `d2i_AutoPrivateKey`.
    private init(der: [UInt8], type: Int32) throws(TLSError) {
        LibCrypto.prepare()
        let parsed = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            return unsafe type == NID_undef
                ? d2i_AutoPrivateKey(nil, &cursor, bytes.count)
                : d2i_PrivateKey(type, nil, &cursor, bytes.count)
        }
        guard let parsed = unsafe parsed else {
            let reason = LibCrypto.drainErrorQueue() ?? "unknown reason"
            throw TLSError(.brokenContents, "contains an invalid private key: \(reason)")
        }
        unsafe raw = parsed
    }

    deinit {
        unsafe EVP_PKEY_free(raw)
    }

    /// Returns whether the key and the certificate have the same public key.
    ///
    /// The corresponding C function is `X509_check_private_key`.
    func belongs(to certificate: borrowing X509Handle) -> Bool {
        unsafe certificate.withRaw { unsafe X509_check_private_key($0, raw) == 1 }
    }
}
