import Base
internal import COpenSSL

/// A certificate parsed by libcrypto.
///
/// The certificate is freed when the value goes out of scope.
@safe
struct X509Handle: ~Copyable {
    private let raw: OpaquePointer

    /// Parses a certificate.
    ///
    /// The corresponding C function is `d2i_X509`.
    init(der: [UInt8]) throws(TLSError) {
        LibCrypto.prepare()
        let parsed = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            guard let certificate = unsafe d2i_X509(nil, &cursor, bytes.count) else { return nil }
            // Trailing bytes mean that the input is not exactly one certificate.
            guard unsafe cursor == bytes.baseAddress.map({ unsafe $0 + bytes.count }) else {
                unsafe X509_free(certificate)
                return nil
            }
            return unsafe certificate
        }
        guard let parsed = unsafe parsed else {
            let reason = LibCrypto.drainErrorQueue() ?? "trailing bytes"
            throw TLSError(.damaged, "contains an invalid certificate: it is damaged or incomplete (\(reason))")
        }
        unsafe raw = parsed
    }

    deinit {
        unsafe X509_free(raw)
    }

    borrowing func withRaw<Value>(_ body: (OpaquePointer) -> Value) -> Value {
        unsafe body(raw)
    }

    var subject: String { unsafe distinguishedName(X509_get_subject_name(raw)) }
    var issuer: String { unsafe distinguishedName(X509_get_issuer_name(raw)) }
    var isAuthority: Bool { unsafe X509_check_ca(raw) != 0 }
    var validFrom: Timestamp? { unsafe timestamp(X509_get0_notBefore(raw)) }
    var validUntil: Timestamp? { unsafe timestamp(X509_get0_notAfter(raw)) }

    /// Returns the values of a subject attribute, such as `NID_organizationName`.
    borrowing func subjectValues(of attribute: Int32) -> [String] {
        var values: [String] = []
        let name = unsafe X509_get_subject_name(raw)
        var index = unsafe X509_NAME_get_index_by_NID(name, attribute, -1)
        while index >= 0 {
            values.append(unsafe asn1Text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))))
            index = unsafe X509_NAME_get_index_by_NID(name, attribute, index)
        }
        return values
    }

    /// The DNS names and IP addresses of the certificate.
    var alternativeNames: [String] {
        guard let extensionValue = unsafe X509_get_ext_d2i(raw, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(extensionValue)
        defer { unsafe GENERAL_NAMES_free(list) }
        let count = unsafe OPENSSL_sk_num(list)
        return (0..<count).compactMap { index -> String? in
            var type: Int32 = 0
            guard let entry = unsafe OPENSSL_sk_value(list, index) else { return nil }
            let value = unsafe GENERAL_NAME_get0_value(entry.assumingMemoryBound(to: GENERAL_NAME.self), &type)
            guard let value = unsafe value else { return nil }
            let text = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            switch type {
            case GEN_DNS: return unsafe asn1Text(text)
            case GEN_IPADD:
                let bytes = unsafe asn1Bytes(text)
                return bytes.count == 4 || bytes.count == 16 ? IPAddress(bytes: bytes).description : nil
            default: return nil
            }
        }
    }
}

private func asn1Bytes(_ text: UnsafePointer<ASN1_STRING>) -> [UInt8] {
    let start = unsafe ASN1_STRING_get0_data(text)
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(text))))
}

/// Returns the text of an ASN.1 string, or an empty string if it cannot be converted to UTF-8.
private func asn1Text(_ text: UnsafePointer<ASN1_STRING>?) -> String {
    var utf8: UnsafeMutablePointer<UInt8>?
    let length = unsafe ASN1_STRING_to_UTF8(&utf8, text)
    guard length >= 0, let start = unsafe utf8 else {
        _ = LibCrypto.drainErrorQueue()
        return ""
    }
    defer { unsafe CRYPTO_free(start, nil, 0) }
    return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(length)), as: UTF8.self)
}

/// Formats a name according to RFC 2253, without escaping non-ASCII letters.
private func distinguishedName(_ name: OpaquePointer?) -> String {
    guard let buffer = unsafe BIO_new(BIO_s_mem()) else { return "" }
    defer { unsafe BIO_free(buffer) }
    let style = UInt(XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV | XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS)
    let escapes = UInt(ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT)
    unsafe X509_NAME_print_ex(buffer, name, 0, style | escapes)
    var text: [UInt8] = Array(repeating: 0, count: 4096)
    let count = unsafe text.withUnsafeMutableBytes { unsafe BIO_read(buffer, $0.baseAddress, Int32($0.count)) }
    return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
}

/// Converts an ASN.1 time; returns `nil` if it is invalid.
///
/// The corresponding C function is `ASN1_TIME_diff`.
private func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
    guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
    defer { unsafe ASN1_STRING_free(epoch) }
    var (days, seconds): (Int32, Int32) = (0, 0)
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
    return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds))
}
