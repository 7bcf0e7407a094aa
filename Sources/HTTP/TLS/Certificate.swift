public import Base
internal import COpenSSL

/// A parsed X.509 certificate.
public struct Certificate: Sendable, Hashable {
    /// The subject, such as `CN=kube-admin,O=system:masters`.
    public let subject: String

    /// The subject of the certificate that signed this one.
    public let issuer: String

    /// The last common name of the subject, which is the user name for the API server.
    public let commonName: String?

    /// The organizations of the subject, which are the user's groups for the API server.
    public let organizations: [String]

    /// The host names and IP addresses that the certificate is valid for.
    public let names: [String]

    public let validFrom: Timestamp
    public let validUntil: Timestamp

    /// Whether the certificate may sign others.
    public let isAuthority: Bool

    public let der: [UInt8]

    /// Parses exactly one certificate.
    public init(der: [UInt8]) throws(TLSError) {
        let handle = try X509Handle(der: der)
        guard let validFrom = handle.validFrom, let validUntil = handle.validUntil else {
            throw TLSError(.damaged, "contains a certificate without a readable validity period")
        }
        subject = handle.subject
        issuer = handle.issuer
        commonName = handle.subjectValues(of: NID_commonName).last
        organizations = handle.subjectValues(of: NID_organizationName)
        names = handle.alternativeNames
        isAuthority = handle.isAuthority
        (self.validFrom, self.validUntil, self.der) = (validFrom, validUntil, der)
    }

    /// Parses all certificates of a PEM text, which must have at least one, and ignores other blocks.
    public static func read(pem: [UInt8]) throws(TLSError) -> [Certificate] {
        let blocks = try PEMBlock.blocks(in: pem)
        var certificates: [Certificate] = []
        for block in blocks where block.label == "CERTIFICATE" {
            certificates.append(try Certificate(der: block.contents))
        }
        guard certificates.isEmpty else { return certificates }
        let found = blocks.contains { $0.isKey } ? "a private key" : "'\(blocks[0].label)'"
        throw TLSError(.wrongContents, "contains \(found), not a certificate")
    }
}

extension Certificate {
    /// The type of the key: a raw value of ``Base/KeyType``, or another text such as `rsa-1024`.
    public var keyType: String {
        unsafe property("") { certificate in
            unsafe X509_get0_pubkey(certificate).map { unsafe keyTypeName($0) } ?? ""
        }
    }

    /// The extended key usages in alphabetical order, with `others` for all except `client auth` and `server auth`.
    public var purposes: [String] {
        unsafe property([]) { certificate in
            guard unsafe X509_get_extension_flags(certificate) & UInt32(EXFLAG_XKUSAGE) != 0 else { return [] }
            let usage = unsafe X509_get_extended_key_usage(certificate)
            let server = UInt32(XKU_SSL_SERVER)
            let client = UInt32(XKU_SSL_CLIENT)
            var purposes: [String] = []
            if usage & client != 0 { purposes.append(CertificateUsage.clientAuth.rawValue) }
            if usage & ~(client | server) != 0 { purposes.append("others") }
            if usage & server != 0 { purposes.append(CertificateUsage.serverAuth.rawValue) }
            return purposes
        }
    }

    /// Whether the extended key usage allows client authentication.
    ///
    /// A certificate without an extended key usage is valid for all uses.
    public var mayIdentifyClient: Bool {
        unsafe property(true) { certificate in
            guard unsafe X509_get_extension_flags(certificate) & UInt32(EXFLAG_XKUSAGE) != 0 else { return true }
            return unsafe X509_get_extended_key_usage(certificate) & UInt32(XKU_SSL_CLIENT | XKU_ANYEKU) != 0
        }
    }

    /// Whether the key usage permits signatures; a certificate without a key usage permits them.
    public var allowsSigning: Bool {
        unsafe property(false) { unsafe X509_get_key_usage($0) & UInt32(KU_DIGITAL_SIGNATURE) != 0 }
    }

    /// The serial number in hexadecimal digits, as `openssl x509 -serial` prints it.
    public var serialNumber: String {
        unsafe property("") { certificate in
            guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) else { return "" }
            defer { unsafe BN_free(number) }
            guard let digits = unsafe BN_bn2hex(number) else { return "" }
            defer { unsafe CRYPTO_free(digits, nil, 0) }
            return unsafe String(cString: digits)
        }
    }

    /// The certificate as PEM, with a line feed at the end.
    public var pem: String {
        let lines = stride(from: 0, to: der.count, by: 48).map { start in
            Base64.encode(Array(der[start..<min(start + 48, der.count)])) + "\n"
        }
        return "-----BEGIN CERTIFICATE-----\n\(lines.joined())-----END CERTIFICATE-----\n"
    }

    /// Parses the certificate and reads a value of it; returns `missing` if parsing fails.
    func property<Value>(_ missing: Value, _ read: (OpaquePointer) -> Value) -> Value {
        guard let handle = try? X509Handle(der: der) else { return missing }
        defer { _ = LibCrypto.drainErrorQueue() }
        return unsafe handle.withRaw { unsafe read($0) }
    }
}

extension Certificate {
    /// Checks that a chain of signatures leads to an authority, and that each certificate is valid at `time`.
    ///
    /// An authority ends the chain even if it is not self-signed, as in Go's TLS. If `time` is `nil`, validity periods
    /// are not checked.
    ///
    /// - Throws: ``TLSError`` with the reason as a predicate of this certificate.
    public func verify(
        by authorities: [Certificate],
        intermediates: [Certificate] = [],
        at time: Timestamp? = .now(),
    ) throws(TLSError) {
        defer { _ = LibCrypto.drainErrorQueue() }
        if let (code, failing) = try fault(authorities, intermediates, time) {
            throw verificationError(code: code, failing: failing, authorities: authorities)
        }
    }

    /// Verifies the chain; returns `nil` if it is valid, or libcrypto's `X509_V_ERR_…` and the failing certificate.
    ///
    /// The corresponding C function is `X509_verify_cert`.
    private func fault(
        _ authorities: [Certificate],
        _ intermediates: [Certificate],
        _ time: Timestamp?,
    ) throws(TLSError) -> (code: Int32, failing: Certificate?)? {
        LibCrypto.prepare()
        let (store, stack, context) = unsafe (X509_STORE_new(), OPENSSL_sk_new_null(), X509_STORE_CTX_new())
        defer {
            unsafe X509_STORE_CTX_free(context)
            unsafe OPENSSL_sk_pop_free(stack) { unsafe X509_free($0.map(OpaquePointer.init)) }
            unsafe X509_STORE_free(store)
        }
        guard unsafe store != nil, unsafe stack != nil, unsafe context != nil else {
            return (X509_V_ERR_OUT_OF_MEM, nil)
        }
        for authority in authorities {
            _ = unsafe try X509Handle(der: authority.der).withRaw { unsafe X509_STORE_add_cert(store, $0) }
        }
        for intermediate in intermediates {
            unsafe try X509Handle(der: intermediate.der).withRaw {
                // The stack owns a reference to each certificate.
                unsafe X509_up_ref($0)
                unsafe OPENSSL_sk_push(stack, UnsafeRawPointer($0))
            }
        }
        let leaf = try X509Handle(der: der)
        // The context does not retain the certificate.
        defer { withExtendedLifetime(leaf) {} }
        guard unsafe leaf.withRaw({ unsafe X509_STORE_CTX_init(context, store, $0, stack) }) == 1 else {
            return (X509_V_ERR_OUT_OF_MEM, nil)
        }
        unsafe X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        if let time {
            unsafe X509_STORE_CTX_set_time(context, 0, Int(time.seconds))
        } else {
            unsafe X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_NO_CHECK_TIME))
        }
        guard unsafe X509_verify_cert(context) != 1 else { return nil }
        let failing = unsafe X509_STORE_CTX_get_current_cert(context).map { unsafe derBytes(of: $0) }
        return unsafe (X509_STORE_CTX_get_error(context), failing.flatMap { try? Certificate(der: $0) })
    }

    /// Returns whether a chain of signatures leads to an authority, regardless of validity periods.
    public func isIssued(by authorities: [Certificate], intermediates: [Certificate] = []) -> Bool {
        (try? verify(by: authorities, intermediates: intermediates, at: nil)) != nil
    }

    /// Returns whether the issuer has the name of an authority but another key, like a re-created CA.
    public func isIssuedByNamesake(of authorities: [Certificate], intermediates: [Certificate] = []) -> Bool {
        do throws(TLSError) {
            try verify(by: authorities, intermediates: intermediates, at: nil)
            return false
        } catch {
            return error.kind == .wrongSignature
        }
    }

    /// Describes a libcrypto verification error as a predicate of this certificate.
    private func verificationError(code: Int32, failing: Certificate?, authorities: [Certificate]) -> TLSError {
        let failing = failing ?? self
        let which = failing == self ? "" : "depends on '\(failing.subject)', which "
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return TLSError(.notValidNow, "\(which)expired at \(failing.validUntil)")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TLSError(.notValidNow, "\(which)is not valid before \(failing.validFrom)")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return TLSError(.unknownIssuer, "is self-signed ('\(subject)') and not trusted")
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
            return TLSError(.other, "\(which)is refused: \(reason ?? "error \(code)")")
        }
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
