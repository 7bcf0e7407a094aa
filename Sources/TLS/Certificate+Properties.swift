import Base
internal import COpenSSL

/// Properties that are read from the parsed certificate when they are asked for.
extension Certificate {
    /// The type of its key as a word: a raw value of ``Base/KeyType``, or another such as `rsa-1024`.
    public var keyType: String {
        unsafe property("") { certificate in
            unsafe X509_get0_pubkey(certificate).map { unsafe keyTypeName($0) } ?? ""
        }
    }

    /// The uses that the certificate is restricted to: `server auth`, `client auth` and others, sorted.
    ///
    /// A certificate without an extended key usage has none; ``allowsSigning`` says whether it is for signatures.
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

    /// Whether a server accepts it as that of a client: a certificate without an extended key usage is for all uses.
    public var mayIdentifyClient: Bool {
        unsafe property(true) { certificate in
            guard unsafe X509_get_extension_flags(certificate) & UInt32(EXFLAG_XKUSAGE) != 0 else { return true }
            return unsafe X509_get_extended_key_usage(certificate) & UInt32(XKU_SSL_CLIENT | XKU_ANYEKU) != 0
        }
    }

    /// Whether its key may sign: always unless the key usage says otherwise.
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

    /// The certificate as PEM, with the end of its last line.
    public var pem: String {
        let lines = stride(from: 0, to: der.count, by: 48).map { start in
            Base64.encode(Array(der[start..<min(start + 48, der.count)])) + "\n"
        }
        return "-----BEGIN CERTIFICATE-----\n\(lines.joined())-----END CERTIFICATE-----\n"
    }

    /// Returns a value that is read from the parsed certificate, or `missing` if it cannot be parsed.
    func property<Value>(_ missing: Value, _ read: (OpaquePointer) -> Value) -> Value {
        guard let handle = try? X509Handle(der: der) else { return missing }
        defer { _ = LibCrypto.drainErrorQueue() }
        return unsafe handle.withRaw { unsafe read($0) }
    }
}
