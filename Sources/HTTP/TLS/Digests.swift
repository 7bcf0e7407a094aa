internal import COpenSSL

/// An incremental SHA-256 digest.
///
/// Wraps an `EVP_MD_CTX`, which is freed when the value goes out of scope.
@safe
public struct SHA256: ~Copyable {
    private let raw: OpaquePointer

    /// The algorithm, which libcrypto finds in a multiple of the time that the digest of a short text takes.
    private nonisolated(unsafe) static let algorithm: OpaquePointer? = {
        LibCrypto.prepare()
        return unsafe EVP_MD_fetch(nil, "SHA256", nil)
    }()

    /// Creates an empty digest.
    public init() {
        let context = unsafe EVP_MD_CTX_new()
        guard let context = unsafe context, unsafe EVP_DigestInit_ex(context, Self.algorithm, nil) == 1 else {
            preconditionFailure("libcrypto always has SHA-256")
        }
        unsafe raw = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(raw)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        let result = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(raw, $0.baseAddress, $0.count) }
        precondition(result == 1, "a digest takes any bytes")
    }

    /// Returns the digest in lower-case hexadecimal digits.
    public consuming func finish() -> String {
        var digest: [UInt8] = Array(repeating: 0, count: 32)
        let result = unsafe digest.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(raw, $0.baseAddress, nil)
        }
        precondition(result == 1, "a digest ends once")
        return hexadecimal(digest)
    }
}

/// Returns bytes in lower-case hexadecimal digits.
private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = StaticString("0123456789abcdef")
    return unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
        for (index, byte) in bytes.enumerated() {
            unsafe text[2 * index] = digits.utf8Start[Int(byte >> 4)]
            unsafe text[2 * index + 1] = digits.utf8Start[Int(byte & 15)]
        }
        return 2 * bytes.count
    }
}

/// Returns the SHA-256 digest of bytes in lower-case hexadecimal digits.
public func sha256(_ bytes: [UInt8]) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.finish()
}
