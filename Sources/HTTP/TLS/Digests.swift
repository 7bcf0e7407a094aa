internal import COpenSSL

/// An incremental SHA-256 digest.
///
/// Wraps an `EVP_MD_CTX`, which is freed when the value goes out of scope.
@safe
public struct SHA256: ~Copyable {
    private let raw: OpaquePointer

    /// The algorithm, cached because its lookup takes longer than the digest of a short text.
    private nonisolated(unsafe) static let algorithm: OpaquePointer? = {
        LibCrypto.prepare()
        return unsafe EVP_MD_fetch(nil, "SHA256", nil)
    }()

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
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Returns the SHA-256 digest of bytes in lower-case hexadecimal digits.
public func sha256(_ bytes: [UInt8]) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.finish()
}
