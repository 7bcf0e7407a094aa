internal import COpenSSL

/// A private key, whose contents are never printed.
public struct PrivateKey: Sendable {
    /// The encodings of a key.
    private enum Encoding { case pkcs8, rsa, ec }

    private let encoding: Encoding
    private let der: [UInt8]

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
        let key = PrivateKey(encoding: try encoding(of: block.label), der: try block.decoded())
        _ = try key.handle()
        return key
    }

    public func belongs(to certificate: Certificate) -> Bool {
        guard let key = try? handle(), let holder = try? X509Handle(der: certificate.der) else { return false }
        defer { _ = LibCrypto.drainErrorQueue() }
        return key.belongs(to: holder)
    }

    private func handle() throws(TLSError) -> KeyHandle {
        let type =
            switch encoding {
            case .pkcs8: NID_undef
            case .rsa: NID_rsaEncryption
            case .ec: NID_X9_62_id_ecPublicKey
            }
        return try KeyHandle(der: der, type: type)
    }

    private static func encoding(of label: String) throws(TLSError) -> Encoding {
        switch label {
        case "PRIVATE KEY": return .pkcs8
        case "RSA PRIVATE KEY": return .rsa
        case "EC PRIVATE KEY": return .ec
        default:
            let message = "contains a key of an unsupported type: '\(label)'"
            throw TLSError(.brokenContents, message, advice: "make one of type ecdsa-p256, ed25519 or rsa-2048")
        }
    }
}

/// A key parsed by libcrypto.
///
/// The key is freed when the value goes out of scope.
@safe
private struct KeyHandle: ~Copyable {
    private let raw: OpaquePointer

    /// Parses a key of the given type, or a PKCS#8 key if the type is `NID_undef`.
    ///
    /// The corresponding C functions are `d2i_PrivateKey` and `d2i_AutoPrivateKey`.
    init(der: [UInt8], type: Int32) throws(TLSError) {
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
    borrowing func belongs(to certificate: borrowing X509Handle) -> Bool {
        unsafe certificate.withRaw { unsafe X509_check_private_key($0, raw) == 1 }
    }
}
