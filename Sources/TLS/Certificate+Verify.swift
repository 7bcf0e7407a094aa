public import Base
internal import COpenSSL

extension Certificate {
    /// Checks that a chain of signatures leads to an authority, and that each certificate is valid at an instant.
    ///
    /// An authority ends the chain even if it is not self-signed, as in Go's TLS.
    ///
    /// - Parameters:
    ///   - authorities: The trusted certificates.
    ///   - intermediates: Untrusted certificates that may be part of the chain.
    ///   - time: The instant, or `nil` to check the signatures only.
    /// - Returns: The certificates above this one, up to the trusted one that ends the chain.
    /// - Throws: ``TLSError`` with the reason as a predicate of this certificate.
    @discardableResult
    public func verify(
        by authorities: [Certificate],
        intermediates: [Certificate] = [],
        at time: Timestamp? = .now(),
    ) throws(TLSError) -> [Certificate] {
        let store = try TrustStore()
        let stack = try CertificateStack()
        for authority in authorities { store.add(try X509Handle(der: authority.der)) }
        for intermediate in intermediates { stack.add(try X509Handle(der: intermediate.der)) }
        defer { _ = LibCrypto.drainErrorQueue() }
        switch store.check(try X509Handle(der: der), intermediates: stack, at: time) {
        case .valid(let chain):
            return chain.dropFirst().compactMap { try? Certificate(der: $0) }
        case .invalid(let code, let failing):
            let failing = failing.flatMap { try? Certificate(der: $0) }
            throw verificationError(code: code, failing: failing, authorities: authorities)
        }
    }

    /// Returns whether a chain of signatures leads to an authority, regardless of validity periods.
    public func isIssued(by authorities: [Certificate], intermediates: [Certificate] = []) -> Bool {
        (try? verify(by: authorities, intermediates: intermediates, at: nil)) != nil
    }

    /// Describes a verification error of libcrypto.
    ///
    /// - Parameters:
    ///   - code: One of libcrypto's `X509_V_ERR_…`.
    ///   - failing: The certificate of the chain that failed, if it is not this one.
    ///   - authorities: The trusted certificates.
    /// - Returns: The error, with the reason as a predicate of this certificate.
    public func verificationError(code: Int32, failing: Certificate?, authorities: [Certificate]) -> TLSError {
        let failing = failing ?? self
        let which = failing == self ? "" : "depends on '\(failing.subject)', which "
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return TLSError(.expired, "\(which)expired at \(failing.validUntil)")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TLSError(.notYetValid, "\(which)is not valid before \(failing.validFrom)")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return TLSError(.selfSigned, "is self-signed ('\(subject)') and not trusted")
        case X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            guard authorities.contains(where: { $0.subject == failing.issuer }) else {
                return TLSError(.unknownIssuer, "is issued by '\(failing.issuer)', which is not trusted")
            }
            let words = "has the name of a trusted authority but a different key"
            return TLSError(.wrongSignature, "is issued by '\(failing.issuer)', which \(words)")
        default:
            let reason = unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) }
            return TLSError(.untrusted, "\(which)is refused: \(reason ?? "error \(code)")")
        }
    }
}

/// The trusted certificates of a check.
///
/// Wraps an `X509_STORE`, which is freed when the value goes out of scope.
@safe
private struct TrustStore: ~Copyable {
    private let raw: OpaquePointer

    init() throws(TLSError) {
        LibCrypto.prepare()
        guard let store = unsafe X509_STORE_new() else {
            throw TLSError(.untrusted, "cannot be checked: out of memory")
        }
        unsafe raw = store
    }

    deinit {
        unsafe X509_STORE_free(raw)
    }

    borrowing func add(_ certificate: borrowing X509Handle) {
        _ = unsafe certificate.withRaw { unsafe X509_STORE_add_cert(raw, $0) }
    }

    /// The outcome of a check, with certificates as DER.
    enum Outcome {
        /// The certificates from the one that was checked to the trusted one.
        case valid(chain: [[UInt8]])
        /// One of libcrypto's `X509_V_ERR_…`, and the certificate of the chain that failed.
        case invalid(code: Int32, failing: [UInt8]?)
    }

    /// Checks one certificate.
    ///
    /// The corresponding C function is `X509_verify_cert`.
    borrowing func check(
        _ certificate: borrowing X509Handle,
        intermediates: borrowing CertificateStack,
        at time: Timestamp?,
    ) -> Outcome {
        guard let context = unsafe X509_STORE_CTX_new() else {
            return .invalid(code: X509_V_ERR_OUT_OF_MEM, failing: nil)
        }
        defer { unsafe X509_STORE_CTX_free(context) }
        let isReady = unsafe certificate.withRaw { leaf in
            unsafe intermediates.withRaw { unsafe X509_STORE_CTX_init(context, raw, leaf, $0) == 1 }
        }
        guard isReady else { return .invalid(code: X509_V_ERR_OUT_OF_MEM, failing: nil) }
        unsafe X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        if let time {
            unsafe X509_STORE_CTX_set_time(context, 0, Int(time.seconds))
        } else {
            unsafe X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_NO_CHECK_TIME))
        }
        guard unsafe X509_verify_cert(context) == 1 else {
            let failing = unsafe X509_STORE_CTX_get_current_cert(context).map { unsafe derBytes(of: $0) }
            return unsafe .invalid(code: X509_STORE_CTX_get_error(context), failing: failing)
        }
        let chain = unsafe X509_STORE_CTX_get0_chain(context)
        return .valid(
            chain: (0..<(unsafe OPENSSL_sk_num(chain))).compactMap { index in
                unsafe OPENSSL_sk_value(chain, index).map { unsafe derBytes(of: OpaquePointer($0)) }
            }
        )
    }
}

/// Untrusted certificates that may be part of a chain.
///
/// Wraps a `STACK_OF(X509)`, which is freed with its contents when the value goes out of scope.
@safe
private struct CertificateStack: ~Copyable {
    private let raw: OpaquePointer

    init() throws(TLSError) {
        guard let stack = unsafe OPENSSL_sk_new_null() else {
            throw TLSError(.untrusted, "cannot be checked: out of memory")
        }
        unsafe raw = stack
    }

    deinit {
        unsafe OPENSSL_sk_pop_free(raw) { unsafe X509_free($0.map(OpaquePointer.init)) }
    }

    borrowing func add(_ certificate: borrowing X509Handle) {
        unsafe certificate.withRaw {
            // The stack owns a reference.
            _ = unsafe X509_up_ref($0)
            _ = unsafe OPENSSL_sk_push(raw, UnsafeRawPointer($0))
        }
    }

    borrowing func withRaw<Value>(_ body: (OpaquePointer) -> Value) -> Value {
        unsafe body(raw)
    }
}

/// Encodes a certificate as DER.
///
/// The corresponding C function is `i2d_X509`.
func derBytes(of certificate: OpaquePointer) -> [UInt8] {
    let count = Int(max(0, unsafe i2d_X509(certificate, nil)))
    return unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        var cursor = buffer.baseAddress
        initialized = Int(max(0, unsafe i2d_X509(certificate, &cursor)))
    }
}
