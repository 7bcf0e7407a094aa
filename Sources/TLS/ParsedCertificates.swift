import Base
internal import COpenSSL

/// Certificates that were parsed, by their DER bytes.
///
/// libcrypto needs about a third of a millisecond for each, most of it to find the decoder of the public key. A parsed
/// certificate is not changed, and may be used from several threads; its references are counted by `X509_up_ref`.
enum ParsedCertificates {
    /// The certificates of a node are fewer; those beyond it, such as most of a bundle of public CAs, are parsed each time.
    private static let limit = 64

    /// A certificate with one reference of its own, which is never given up.
    @safe
    private struct Reference: Sendable {
        // Thread-safe as described above.
        nonisolated(unsafe) let raw: OpaquePointer
    }

    private static let known = Locked<[[UInt8]: Reference]>([:])

    /// Returns a certificate that was kept, with a reference for the caller; `nil` if there is none.
    static func certificate(_ der: [UInt8]) -> OpaquePointer? {
        guard let found = known.withLock({ $0[der] }) else { return nil }
        unsafe X509_up_ref(found.raw)
        return unsafe found.raw
    }

    /// Keeps a certificate with a reference of its own.
    static func keep(_ certificate: OpaquePointer, _ der: [UInt8]) {
        let reference = unsafe Reference(raw: certificate)
        known.withLock { known in
            guard known.count < limit, known[der] == nil else { return }
            unsafe X509_up_ref(reference.raw)
            known[der] = reference
        }
    }
}
