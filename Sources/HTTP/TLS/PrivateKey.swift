public import Base
internal import COpenSSL

/// A private key, which can sign certificates.
///
/// Wraps an `EVP_PKEY`; libcrypto wipes the memory of the key when the key is freed.
@safe
public final class PrivateKey: Sendable {
    // The key does not change, and libcrypto locks the values that it caches in the key.
    private nonisolated(unsafe) let raw: OpaquePointer

    /// Generates a key, which takes up to a few seconds for a large RSA key.
    public init(generating type: KeyType) throws(TLSError) {
        LibCrypto.prepare()
        guard let key = unsafe generate(type) else { throw .notMade("a key of type \(type.rawValue)") }
        unsafe raw = key
    }

    /// Parses a key in PEM: PKCS#8, PKCS#1 or SEC1, not encrypted.
    ///
    /// The corresponding C function is `PEM_read_bio_PrivateKey`.
    public init(pem: SecretBytes) throws(TLSError) {
        LibCrypto.prepare()
        let parsed = unsafe pem.withBytes { bytes -> OpaquePointer? in
            guard let buffer = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { unsafe BIO_free(buffer) }
            // The empty password keeps libcrypto from prompting on the terminal.
            var password: CChar = 0
            return unsafe withUnsafeMutablePointer(to: &password) { password in
                unsafe PEM_read_bio_PrivateKey(buffer, nil, nil, password)
            }
        }
        guard let key = unsafe parsed else {
            let reason = LibCrypto.drainErrorQueue() ?? "unknown reason"
            throw TLSError(.damaged, "contains an invalid private key: \(reason)")
        }
        unsafe raw = key
    }

    /// Parses the first key of a PEM text, and ignores other blocks.
    public static func read(pem: [UInt8]) throws(TLSError) -> PrivateKey {
        let blocks = try PEMBlock.blocks(in: pem)
        guard let block = blocks.first(where: \.isKey) else {
            let found = blocks.contains { $0.label == "CERTIFICATE" } ? "a certificate" : "'\(blocks[0].label)'"
            throw TLSError(.wrongContents, "contains \(found), not a private key")
        }
        guard !block.label.hasPrefix("ENCRYPTED"), !block.header.contains("ENCRYPTED") else {
            throw TLSError(.wrongContents, "contains a key that is encrypted with a password")
        }
        return try PrivateKey(pem: SecretBytes(copying: pem))
    }

    deinit {
        unsafe EVP_PKEY_free(raw)
    }

    /// Encodes the key in PEM as PKCS#8, without encryption.
    ///
    /// The corresponding C function is `PEM_write_bio_PKCS8PrivateKey`.
    public func pem() throws(TLSError) -> SecretBytes {
        // libcrypto wipes a buffer of this type before it frees the memory.
        guard let buffer = unsafe BIO_new(BIO_s_secmem()) else { throw .notMade("the text of a key") }
        defer { unsafe BIO_free(buffer) }
        guard unsafe PEM_write_bio_PKCS8PrivateKey(buffer, raw, nil, nil, 0, nil, nil) == 1 else {
            throw .notMade("the text of a key")
        }
        return unsafe SecretBytes(capacity: BIO_ctrl_pending(buffer)) { memory in
            Int(max(0, unsafe BIO_read(buffer, memory.baseAddress, Int32(memory.count))))
        }
    }

    public func belongs(to certificate: Certificate) -> Bool {
        guard let handle = try? X509Handle(der: certificate.der) else { return false }
        defer { _ = LibCrypto.drainErrorQueue() }
        return unsafe handle.withRaw { unsafe X509_check_private_key($0, raw) == 1 }
    }

    func withRaw<Value>(_ body: (OpaquePointer) -> Value) -> Value {
        unsafe body(raw)
    }

    /// The type of the key, in the form of ``Certificate/keyType``.
    var typeName: String { unsafe HTTP.keyTypeName(raw) }
}

private func generate(_ type: KeyType) -> OpaquePointer? {
    let algorithm =
        switch type {
        case .rsa2048, .rsa3072, .rsa4096: "RSA"
        case .p256, .p384: "EC"
        case .ed25519: "ED25519"
        }
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, algorithm, nil) else { return nil }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_keygen_init(context) > 0 else { return nil }
    let isSet: Bool
    switch type {
    case .rsa2048, .rsa3072, .rsa4096:
        isSet = unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, type.rsaBits ?? 0) > 0
    case .p256: isSet = unsafe EVP_PKEY_CTX_set_group_name(context, "P-256") > 0
    case .p384: isSet = unsafe EVP_PKEY_CTX_set_group_name(context, "P-384") > 0
    case .ed25519: isSet = true
    }
    var key: OpaquePointer?
    guard isSet, unsafe EVP_PKEY_generate(context, &key) > 0 else { return nil }
    return unsafe key
}

/// Returns the type of a key, such as `rsa-2048`: for a type of ``Base/KeyType``, its raw value.
func keyTypeName(_ key: OpaquePointer) -> String {
    switch unsafe EVP_PKEY_get_base_id(key) {
    case NID_rsaEncryption: return "rsa-\(unsafe EVP_PKEY_get_bits(key))"
    case NID_ED25519: return KeyType.ed25519.rawValue
    case NID_X9_62_id_ecPublicKey:
        var name: [CChar] = Array(repeating: 0, count: 64)
        var length = 0
        guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return "ecdsa" }
        let group = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return switch group {
        case "prime256v1", "P-256": KeyType.p256.rawValue
        case "secp384r1", "P-384": KeyType.p384.rawValue
        default: "ecdsa-\(group)"
        }
    default: return "another type"
    }
}

extension TLSError {
    /// Creates the error for an object that libcrypto could not create, with libcrypto's reason.
    static func notMade(_ what: String) -> TLSError {
        let reason = LibCrypto.drainErrorQueue() ?? "unknown reason"
        return TLSError(.other, "cannot make \(what): \(reason)")
    }
}

extension PrivateKey {
    /// Creates a certificate signing request for this key, as PKCS#10 in PEM.
    public func request(
        commonName: String,
        organizations: [String],
        names: [SubjectName],
    ) throws(TLSError) -> String {
        LibCrypto.prepare()
        guard let request = unsafe X509_REQ_new() else { throw .notMade("a request") }
        defer { unsafe X509_REQ_free(request) }
        // Version 1, encoded as 0, is the only version.
        guard unsafe X509_REQ_set_version(request, 0) == 1, unsafe X509_REQ_set_pubkey(request, raw) == 1 else {
            throw .notMade("a request with its version and key")
        }
        try unsafe addSubject(
            commonName: commonName,
            organizations: organizations,
            to: X509_REQ_get_subject_name(request)
        )
        if !names.isEmpty { try unsafe add(names, to: request) }
        guard unsafe X509_REQ_sign(request, raw, digest) > 0 else { throw .notMade("the signature of a request") }
        guard let buffer = unsafe BIO_new(BIO_s_mem()) else { throw .notMade("the text of a request") }
        defer { unsafe BIO_free(buffer) }
        guard unsafe PEM_write_bio_X509_REQ(buffer, request) == 1 else { throw .notMade("the text of a request") }
        var text: [UInt8] = Array(repeating: 0, count: unsafe BIO_ctrl_pending(buffer))
        let count = unsafe text.withUnsafeMutableBytes { unsafe BIO_read(buffer, $0.baseAddress, Int32($0.count)) }
        return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
    }

    /// Adds the subject alternative names, the only extension of a request.
    private func add(_ names: [SubjectName], to request: OpaquePointer) throws(TLSError) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, nil, nil, request, nil, 0)
        guard let list = unsafe OPENSSL_sk_new_null() else { throw .notMade("a request with its names") }
        defer { unsafe OPENSSL_sk_free(list) }
        let made = unsafe X509V3_EXT_nconf_nid(nil, &context, NID_subject_alt_name, names.extensionValue)
        guard let made = unsafe made else { throw .notMade("a request with its names") }
        defer { unsafe X509_EXTENSION_free(made) }
        unsafe OPENSSL_sk_push(list, UnsafeRawPointer(made))
        guard unsafe X509_REQ_add_extensions(request, list) == 1 else { throw .notMade("a request with its names") }
    }
}
