import Base
internal import COpenSSL

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

/// The subject alternative names of a certificate or request, encoded by libcrypto.
///
/// Wraps a `STACK_OF(GENERAL_NAME)`, which is freed with its contents when the value goes out of scope.
@safe
struct GeneralNames: ~Copyable {
    private let raw: OpaquePointer

    /// Creates an empty list of names.
    init() throws(TLSError) {
        guard let list = unsafe OPENSSL_sk_new_null() else { throw .notMade("the names of a certificate") }
        unsafe raw = list
    }

    /// Encodes a name, and adds it to the list.
    borrowing func add(_ name: SubjectName) throws(TLSError) {
        guard let entry = unsafe GENERAL_NAME_new() else { throw .notMade("the names of a certificate") }
        guard let value = unsafe Self.encoded(name) else {
            unsafe GENERAL_NAME_free(entry)
            throw .notMade("name '\(name)' of a certificate")
        }
        let type = if case .host = name { GEN_DNS } else { GEN_IPADD }
        // The entry owns the value, and the list owns the entry.
        unsafe GENERAL_NAME_set0_value(entry, type, value)
        unsafe OPENSSL_sk_push(raw, entry)
    }

    deinit {
        unsafe OPENSSL_sk_pop_free(raw) {
            unsafe GENERAL_NAME_free($0?.assumingMemoryBound(to: GENERAL_NAME.self))
        }
    }

    /// Lends the C object to a closure.
    borrowing func withRaw<Value>(_ body: (UnsafeMutableRawPointer) -> Value) -> Value {
        unsafe body(UnsafeMutableRawPointer(raw))
    }

    private static func encoded(_ name: SubjectName) -> UnsafeMutablePointer<ASN1_STRING>? {
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
}

extension PrivateKey {
    /// The digest algorithm for signatures, `nil` for Ed25519, which has a built-in digest.
    var digest: OpaquePointer? {
        switch typeName {
        case KeyType.ed25519.rawValue: nil
        case KeyType.p384.rawValue: unsafe EVP_sha384()
        default: unsafe EVP_sha256()
        }
    }
}
