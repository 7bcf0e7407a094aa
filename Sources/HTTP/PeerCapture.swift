internal import CCurl
internal import COpenSSL

/// The certificate that a server presents in a TLS handshake.
///
/// The transfer and its TLS context own the object, and use it on one thread only.
final class PeerCapture {
    /// Whether a TLS handshake has begun.
    private(set) var hasBegun = false

    /// The DER bytes of the server's certificate.
    private(set) var leaf: [UInt8]?

    /// Makes a TLS context record the server's certificate in this object.
    func install(in context: UnsafeMutableRawPointer?) -> CURLcode {
        guard let context = unsafe context.map(OpaquePointer.init) else { return CURLE_ABORTED_BY_CALLBACK }
        hasBegun = true
        let reference = unsafe Unmanaged.passRetained(self).toOpaque()
        guard unsafe SSL_CTX_set_ex_data(context, Self.slot, reference) == 1 else {
            unsafe Unmanaged<PeerCapture>.fromOpaque(reference).release()
            return CURLE_OUT_OF_MEMORY
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { verdict, store in
            unsafe PeerCapture.record(store)
            return verdict
        }
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

    private static func record(_ store: OpaquePointer?) {
        let session = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
        guard let session = unsafe session.map(OpaquePointer.init),
            let reference = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), slot)
        else { return }
        let capture = unsafe Unmanaged<PeerCapture>.fromOpaque(reference).takeUnretainedValue()
        guard capture.leaf == nil else { return }
        capture.leaf = unsafe X509_STORE_CTX_get0_cert(store).map { unsafe derBytes(of: $0) }
    }
}
