import Base
internal import COpenSSL

/// A certificate under construction.
///
/// Wraps an `X509`, which is freed when the value goes out of scope.
@safe
struct CertificateDraft: ~Copyable {
    private let raw: OpaquePointer
    private let contents: CertificateContents

    /// Creates an empty certificate; ``fill(for:)`` adds the contents.
    init(_ contents: CertificateContents) throws(TLSError) {
        LibCrypto.prepare()
        guard let certificate = unsafe X509_new() else { throw .notMade("a certificate") }
        self.contents = contents
        unsafe raw = certificate
    }

    deinit {
        unsafe X509_free(raw)
    }

    /// Adds the contents that do not depend on the issuer.
    borrowing func fill(for key: PrivateKey) throws(TLSError) {
        // Only version 3, encoded as 2, allows extensions.
        try check(unsafe X509_set_version(raw, 2), "its version")
        try addSerialNumber()
        let start = unsafe ASN1_TIME_set(X509_getm_notBefore(raw), Int(contents.validFrom.seconds))
        let end = unsafe ASN1_TIME_set(X509_getm_notAfter(raw), Int(contents.validUntil.seconds))
        guard unsafe start != nil, unsafe end != nil else { throw .notMade("the validity period of a certificate") }
        try unsafe addSubject(
            commonName: contents.commonName,
            organizations: contents.organizations,
            to: X509_get_subject_name(raw)
        )
        try check(unsafe key.withRaw { unsafe X509_set_pubkey(raw, $0) }, "its key")
        try addExtensions()
    }

    /// Adds the issuer and signs the certificate with `key`; without an issuer, the certificate is self-signed.
    borrowing func signed(by key: PrivateKey, issuer: Certificate?) throws(TLSError) -> Certificate {
        if let issuer {
            let handle = try X509Handle(der: issuer.der)
            let result = unsafe handle.withRaw { unsafe X509_set_issuer_name(raw, X509_get_subject_name($0)) }
            try check(result, "its issuer")
            try addAuthorityKeyIdentifier(handle)
        } else {
            try check(unsafe X509_set_issuer_name(raw, X509_get_subject_name(raw)), "its issuer")
        }
        let size = unsafe key.withRaw { unsafe X509_sign(raw, $0, key.digest) }
        guard size > 0 else { throw .notMade("the signature of a certificate") }
        return try Certificate(der: unsafe derBytes(of: raw))
    }

    /// Adds a random serial number of 20 bytes, the maximum of RFC 5280; the highest bit, the sign, is zero.
    private func addSerialNumber() throws(TLSError) {
        guard let number = unsafe BN_new() else { throw .notMade("a serial number") }
        defer { unsafe BN_free(number) }
        try check(unsafe BN_rand(number, 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), "its serial number")
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(raw)) != nil else {
            throw .notMade("a serial number")
        }
    }

    private func addExtensions() throws(TLSError) {
        let constraints = "critical,CA:\(contents.isAuthority ? "TRUE" : "FALSE")"
        try check(unsafe add(NID_basic_constraints, constraints), "basic constraints")
        try check(unsafe add(NID_key_usage, "critical,\(keyUsage)"), "its key usage")
        let purposes = contents.usages.sorted().compactMap(\.purpose).joined(separator: ",")
        if !purposes.isEmpty { try check(unsafe add(NID_ext_key_usage, purposes), "its extended key usage") }
        try check(unsafe add(NID_subject_key_identifier, "hash"), "the identifier of its key")
        let names = contents.names.extensionValue
        if !names.isEmpty { try check(unsafe add(NID_subject_alt_name, names), "its names") }
    }

    private var keyUsage: String {
        if contents.isAuthority { return "keyCertSign,cRLSign" }
        let isRSA = unsafe X509_get0_pubkey(raw).map { unsafe keyTypeName($0).hasPrefix("rsa") } ?? false
        // A client without TLS 1.3 may encrypt the premaster secret with the server's RSA key.
        return isRSA && contents.usages.contains(.serverAuth) ? "digitalSignature,keyEncipherment" : "digitalSignature"
    }

    /// Adds an extension in the notation of x509v3_config(5); returns 1 for success, as libcrypto functions do.
    ///
    /// The value must not contain unchecked input.
    private func add(_ extensionType: Int32, _ value: String, issuer: OpaquePointer? = nil) -> Int32 {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer ?? raw, raw, nil, nil, 0)
        guard let made = unsafe X509V3_EXT_nconf_nid(nil, &context, extensionType, value) else { return 0 }
        defer { unsafe X509_EXTENSION_free(made) }
        return unsafe X509_add_ext(raw, made, -1)
    }

    /// Adds the identifier of the issuer's key, if the issuer's certificate contains one.
    private func addAuthorityKeyIdentifier(_ issuer: borrowing X509Handle) throws(TLSError) {
        let result = unsafe issuer.withRaw { certificate in
            guard unsafe X509_get0_subject_key_id(certificate) != nil else { return 1 as Int32 }
            return unsafe add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
        }
        try check(result, "the identifier of its issuer's key")
    }

    private func check(_ result: Int32, _ what: String) throws(TLSError) {
        guard result == 1 else { throw .notMade("a certificate with \(what)") }
    }
}

extension CertificateUsage {
    /// The name in the extended key usage, or `nil` for signing, which belongs to the key usage extension.
    fileprivate var purpose: String? {
        switch self {
        case .serverAuth: "serverAuth"
        case .clientAuth: "clientAuth"
        case .signing: nil
        }
    }
}

/// Adds organizations and a common name to the subject of a certificate or request.
func addSubject(
    commonName: String,
    organizations: [String],
    to subject: OpaquePointer?,
) throws(TLSError) {
    let values = organizations.map { (NID_organizationName, $0) } + [(NID_commonName, commonName)]
    for (attribute, value) in values {
        let bytes = Array(value.utf8)
        let count = Int32(bytes.count)
        guard unsafe X509_NAME_add_entry_by_NID(subject, attribute, MBSTRING_UTF8, bytes, count, -1, 0) == 1 else {
            throw .notMade("a certificate with its subject")
        }
    }
}

extension [SubjectName] {
    /// The value of the extension `subjectAltName` in the notation of x509v3_config(5).
    ///
    /// The syntax of ``Base/SubjectName`` excludes the comma, which separates the names.
    var extensionValue: String {
        map { name in
            switch name {
            case .host(let host): "DNS:\(host)"
            case .address(let address): "IP:\(address)"
            }
        }
        .joined(separator: ",")
    }
}

extension PrivateKey {
    /// The digest algorithm for signatures, or `nil` for Ed25519, which has a built-in digest.
    var digest: OpaquePointer? {
        switch typeName {
        case KeyType.ed25519.rawValue: nil
        case KeyType.p384.rawValue: unsafe EVP_sha384()
        default: unsafe EVP_sha256()
        }
    }
}
