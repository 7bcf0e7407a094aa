import Base
internal import COpenSSL

/// A certificate that is being made.
///
/// Wraps an `X509`, which is freed when the value goes out of scope.
@safe
struct CertificateDraft: ~Copyable {
    private let raw: OpaquePointer
    private let contents: CertificateContents

    /// Creates an empty certificate.
    init(_ contents: CertificateContents) throws(TLSError) {
        LibCrypto.prepare()
        guard let certificate = unsafe X509_new() else { throw .notMade("a certificate") }
        self.contents = contents
        unsafe raw = certificate
    }

    deinit {
        unsafe X509_free(raw)
    }

    /// Adds what does not depend on the issuer.
    borrowing func fill(for key: SigningKey) throws(TLSError) {
        // The third version has extensions.
        try check(unsafe X509_set_version(raw, 2), "its version")
        try addSerialNumber()
        let start = unsafe ASN1_TIME_set(X509_getm_notBefore(raw), Int(contents.validFrom.seconds))
        let end = unsafe ASN1_TIME_set(X509_getm_notAfter(raw), Int(contents.validUntil.seconds))
        guard unsafe start != nil, unsafe end != nil else { throw .notMade("the validity period of a certificate") }
        try addSubject()
        try check(unsafe key.withRaw { unsafe X509_set_pubkey(raw, $0) }, "its key")
        try addExtensions()
    }

    /// Adds the issuer, and signs the certificate.
    ///
    /// - Parameters:
    ///   - key: The issuer's key.
    ///   - issuer: The issuer's certificate, `nil` if it is this one.
    /// - Returns: The certificate.
    /// - Throws: ``TLSError`` if libcrypto refuses.
    borrowing func signed(by key: SigningKey, issuer: Certificate?) throws(TLSError) -> Certificate {
        if let issuer {
            let handle = try X509Handle(der: issuer.der)
            let result = unsafe handle.withRaw { unsafe X509_set_issuer_name(raw, X509_get_subject_name($0)) }
            try check(result, "its issuer")
        } else {
            try check(unsafe X509_set_issuer_name(raw, X509_get_subject_name(raw)), "its issuer")
        }
        if let issuer { try addAuthorityKeyIdentifier(try X509Handle(der: issuer.der)) }
        let size = unsafe key.withRaw { unsafe X509_sign(raw, $0, digest(for: key)) }
        guard size > 0 else { throw .notMade("the signature of a certificate") }
        return try Certificate(der: unsafe derBytes(of: raw))
    }

    /// Ed25519 has a digest of its own.
    private func digest(for key: SigningKey) -> OpaquePointer? {
        switch key.typeName {
        case KeyType.ed25519.rawValue: nil
        case KeyType.p384.rawValue: unsafe EVP_sha384()
        default: unsafe EVP_sha256()
        }
    }

    /// Adds a random number of 20 bytes, the most that RFC 5280 allows; the highest bit is the sign.
    private func addSerialNumber() throws(TLSError) {
        guard let number = unsafe BN_new() else { throw .notMade("a serial number") }
        defer { unsafe BN_free(number) }
        try check(unsafe BN_rand(number, 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), "its serial number")
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(raw)) != nil else {
            throw .notMade("a serial number")
        }
    }

    private func addSubject() throws(TLSError) {
        for organization in contents.organizations { try addToSubject(NID_organizationName, organization) }
        try addToSubject(NID_commonName, contents.commonName)
    }

    private func addToSubject(_ attribute: Int32, _ value: String) throws(TLSError) {
        let bytes = Array(value.utf8)
        let name = unsafe X509_get_subject_name(raw)
        let result = unsafe X509_NAME_add_entry_by_NID(
            name,
            attribute,
            MBSTRING_UTF8,
            bytes,
            Int32(bytes.count),
            -1,
            0,
        )
        try check(result, "its subject")
    }

    private func addExtensions() throws(TLSError) {
        let constraints = "critical,CA:\(contents.isAuthority ? "TRUE" : "FALSE")"
        try check(unsafe add(NID_basic_constraints, constraints), "basic constraints")
        try check(unsafe add(NID_key_usage, "critical,\(keyUsage)"), "its key usage")
        let purposes = contents.usages.sorted().compactMap(\.purpose).joined(separator: ",")
        if !purposes.isEmpty { try check(unsafe add(NID_ext_key_usage, purposes), "its extended key usage") }
        try check(unsafe add(NID_subject_key_identifier, "hash"), "the identifier of its key")
        if !contents.names.isEmpty { try addNames() }
    }

    private var keyUsage: String {
        if contents.isAuthority { return "keyCertSign,cRLSign" }
        let isRSA = unsafe X509_get0_pubkey(raw).map { unsafe keyTypeName($0).hasPrefix("rsa") } ?? false
        // A client that does not speak TLS 1.3 may encrypt its secret with the RSA key of a server.
        return isRSA && contents.usages.contains(.serverAuth) ? "digitalSignature,keyEncipherment" : "digitalSignature"
    }

    /// Adds an extension in the notation of x509v3_config(5), which must not have values from outside.
    ///
    /// - Returns: 1 for success, like functions of libcrypto.
    private func add(_ extensionType: Int32, _ value: String, issuer: OpaquePointer? = nil) -> Int32 {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer ?? raw, raw, nil, nil, 0)
        guard let made = unsafe X509V3_EXT_nconf_nid(nil, &context, extensionType, value) else { return 0 }
        defer { unsafe X509_EXTENSION_free(made) }
        return unsafe X509_add_ext(raw, made, -1)
    }

    /// Names the issuer's key, if its certificate does so.
    private func addAuthorityKeyIdentifier(_ issuer: borrowing X509Handle) throws(TLSError) {
        let result = unsafe issuer.withRaw { certificate in
            guard unsafe X509_get0_subject_key_id(certificate) != nil else { return 1 as Int32 }
            return unsafe add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
        }
        try check(result, "the identifier of its issuer's key")
    }

    private func addNames() throws(TLSError) {
        guard let list = unsafe OPENSSL_sk_new_null() else { throw .notMade("the names of a certificate") }
        defer {
            unsafe OPENSSL_sk_pop_free(list) {
                unsafe GENERAL_NAME_free($0?.assumingMemoryBound(to: GENERAL_NAME.self))
            }
        }
        for name in contents.names {
            guard let entry = unsafe GENERAL_NAME_new() else { throw .notMade("the names of a certificate") }
            let value = unsafe encoded(name)
            guard let value = unsafe value else {
                unsafe GENERAL_NAME_free(entry)
                throw .notMade("name '\(name)' of a certificate")
            }
            let type = if case .host = name { GEN_DNS } else { GEN_IPADD }
            // The entry owns the value, and the list the entry.
            unsafe GENERAL_NAME_set0_value(entry, type, value)
            unsafe OPENSSL_sk_push(list, entry)
        }
        let result = unsafe X509_add1_ext_i2d(raw, NID_subject_alt_name, UnsafeMutableRawPointer(list), 0, 0)
        try check(result, "its names")
    }

    private func encoded(_ name: SubjectName) -> UnsafeMutablePointer<ASN1_STRING>? {
        switch name {
        case .address(let address): return unsafe a2i_IPADDRESS(address)
        case .host(let host):
            guard let text = unsafe ASN1_IA5STRING_new() else { return nil }
            let bytes = Array(host.utf8)
            guard unsafe ASN1_STRING_set(text, bytes, Int32(bytes.count)) == 1 else {
                unsafe ASN1_STRING_free(text)
                return nil
            }
            return unsafe text
        }
    }

    /// Turns the result of a function that returns 1 for success into an error.
    private func check(_ result: Int32, _ what: String) throws(TLSError) {
        guard result == 1 else { throw .notMade("a certificate with \(what)") }
    }
}

extension CertificateUsage {
    /// The purpose in the extended key usage; signatures are part of the key usage.
    fileprivate var purpose: String? {
        switch self {
        case .serverAuth: "serverAuth"
        case .clientAuth: "clientAuth"
        case .signing: nil
        }
    }
}
