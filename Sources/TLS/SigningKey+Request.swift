public import Base
internal import COpenSSL

extension SigningKey {
    /// Makes a request for a certificate for this key, PKCS#10 in PEM.
    ///
    /// - Parameters:
    ///   - commonName: The common name of the subject.
    ///   - organizations: The organizations of the subject.
    ///   - names: The names that the certificate is to be valid for.
    /// - Returns: The text.
    /// - Throws: ``TLSError`` if libcrypto refuses the contents.
    public func request(
        commonName: String,
        organizations: [String],
        names: [SubjectName],
    ) throws(TLSError) -> String {
        let draft = try RequestDraft()
        try draft.fill(commonName, organizations, names, for: self)
        return try draft.pem()
    }
}

/// A request that is being made.
///
/// Wraps an `X509_REQ`, which is freed when the value goes out of scope.
@safe
private struct RequestDraft: ~Copyable {
    private let raw: OpaquePointer

    init() throws(TLSError) {
        LibCrypto.prepare()
        guard let request = unsafe X509_REQ_new() else { throw .notMade("a request") }
        unsafe raw = request
    }

    deinit {
        unsafe X509_REQ_free(raw)
    }

    /// Adds the contents, and signs them.
    borrowing func fill(
        _ commonName: String,
        _ organizations: [String],
        _ names: [SubjectName],
        for key: SigningKey,
    ) throws(TLSError) {
        // The only version.
        guard unsafe X509_REQ_set_version(raw, 0) == 1 else { throw .notMade("a request with its version") }
        try unsafe addSubject(
            commonName: commonName,
            organizations: organizations,
            to: X509_REQ_get_subject_name(raw)
        )
        guard unsafe key.withRaw({ unsafe X509_REQ_set_pubkey(raw, $0) }) == 1 else {
            throw .notMade("a request with its key")
        }
        if !names.isEmpty { try add(names) }
        guard unsafe key.withRaw({ unsafe X509_REQ_sign(raw, $0, key.digest) }) > 0 else {
            throw .notMade("the signature of a request")
        }
    }

    /// Adds names as the only extension.
    private func add(_ names: [SubjectName]) throws(TLSError) {
        let encoded = try GeneralNames()
        for name in names { try encoded.add(name) }
        let made = unsafe encoded.withRaw { unsafe X509V3_EXT_i2d(NID_subject_alt_name, 0, $0) }
        guard let entry = unsafe made else { throw .notMade("a request with its names") }
        defer { unsafe X509_EXTENSION_free(entry) }
        guard let list = unsafe OPENSSL_sk_new_null() else { throw .notMade("a request with its names") }
        defer { unsafe OPENSSL_sk_free(list) }
        unsafe OPENSSL_sk_push(list, UnsafeRawPointer(entry))
        guard unsafe X509_REQ_add_extensions(raw, list) == 1 else { throw .notMade("a request with its names") }
    }

    /// The request as text.
    ///
    /// The corresponding C function is `PEM_write_bio_X509_REQ`.
    borrowing func pem() throws(TLSError) -> String {
        guard let buffer = unsafe BIO_new(BIO_s_mem()) else { throw .notMade("the text of a request") }
        defer { unsafe BIO_free(buffer) }
        guard unsafe PEM_write_bio_X509_REQ(buffer, raw) == 1 else { throw .notMade("the text of a request") }
        var text: [UInt8] = Array(repeating: 0, count: unsafe BIO_ctrl_pending(buffer))
        let count = unsafe text.withUnsafeMutableBytes { unsafe BIO_read(buffer, $0.baseAddress, Int32($0.count)) }
        return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
    }
}
