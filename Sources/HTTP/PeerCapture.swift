internal import CCurl
internal import COpenSSL
internal import TLS

/// The certificates that a server presented in a TLS handshake.
///
/// The object is owned by a transfer and by its TLS context, both of which are used on one thread only.
final class PeerCapture {
    /// Whether a TLS handshake has begun.
    private(set) var hasBegun = false

    /// The DER bytes of the server's certificate.
    private(set) var leaf: [UInt8]?

    /// The DER bytes of the certificate that was refused.
    private(set) var failing: [UInt8]?

    /// The DER bytes of the certificates above the server's, if the chain was refused.
    private(set) var issuers: [[UInt8]] = []

    /// The reason for the refusal, one of libcrypto's `X509_V_ERR_…`, or `X509_V_OK`.
    private(set) var code = X509_V_OK

    /// Makes a TLS context report certificates to this object.
    func install(in context: UnsafeMutableRawPointer?) -> CURLcode {
        guard let context = unsafe context.map(OpaquePointer.init) else { return CURLE_ABORTED_BY_CALLBACK }
        hasBegun = true
        let reference = unsafe Unmanaged.passRetained(self).toOpaque()
        guard unsafe SSL_CTX_set_ex_data(context, Self.slot, reference) == 1 else {
            unsafe Unmanaged<PeerCapture>.fromOpaque(reference).release()
            return CURLE_OUT_OF_MEMORY
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { unsafe PeerCapture.check($0, $1) }
        return CURLE_OK
    }

    /// The index of the capture in the extra data of TLS contexts; a context releases its capture when it is freed.
    private static let slot = makeSlot()

    private static func makeSlot() -> Int32 {
        unsafe CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil) { _, reference, _, _, _, _ in
            unsafe PeerCapture.release(reference)
        }
    }

    private static func release(_ reference: UnsafeMutableRawPointer?) {
        guard let reference = unsafe reference else { return }
        unsafe Unmanaged<PeerCapture>.fromOpaque(reference).release()
    }

    /// The verification code for a certificate without subject alternative names.
    static let noNamesCode = X509_V_ERR_APPLICATION_VERIFICATION

    /// Records the result of libcrypto's check, and refuses certificates without subject alternative names.
    ///
    /// For such certificates libcurl compares the common name, which authorities need not verify. Go and browsers
    /// ignore the common name.
    private static func check(_ verdict: Int32, _ store: OpaquePointer?) -> Int32 {
        let session = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
        guard let session = unsafe session.map(OpaquePointer.init),
            let reference = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), slot)
        else { return verdict }
        let capture = unsafe Unmanaged<PeerCapture>.fromOpaque(reference).takeUnretainedValue()
        if capture.leaf == nil {
            unsafe capture.leaf = derBytes(X509_STORE_CTX_get0_cert(store))
        }
        if verdict != 1, capture.code == X509_V_OK {
            unsafe capture.code = X509_STORE_CTX_get_error(store)
            unsafe capture.failing = derBytes(X509_STORE_CTX_get_current_cert(store))
            let chain = unsafe X509_STORE_CTX_get0_chain(store)
            capture.issuers = (1..<max(1, unsafe OPENSSL_sk_num(chain))).compactMap { index in
                unsafe OPENSSL_sk_value(chain, index).flatMap { unsafe derBytes(OpaquePointer($0)) }
            }
        }
        guard verdict == 1, unsafe X509_STORE_CTX_get_error_depth(store) == 0,
            let certificate = capture.leaf.flatMap({ try? Certificate(der: $0) }), certificate.names.isEmpty
        else { return verdict }
        capture.code = noNamesCode
        unsafe X509_STORE_CTX_set_error(store, noNamesCode)
        return 0
    }
}

/// Encodes a certificate as DER.
///
/// The corresponding C function is `i2d_X509`.
private func derBytes(_ certificate: OpaquePointer?) -> [UInt8]? {
    let count = Int(unsafe i2d_X509(certificate, nil))
    guard count > 0 else { return nil }
    return unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        var cursor = buffer.baseAddress
        initialized = Int(unsafe i2d_X509(certificate, &cursor))
    }
}
