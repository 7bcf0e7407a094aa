internal import COpenSSL

/// A SHA-256 digest, which takes a third of the memory of its text.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    // Eight bytes in each word, the first one highest. A SIMD type has an alignment of 32 bytes, with which asynchronous
    // functions crash in builds without optimization ("freed pointer was not the last allocation").
    private let (first, second, third, fourth): (UInt64, UInt64, UInt64, UInt64)

    fileprivate init(_ bytes: [UInt8]) {
        func word(_ number: Int) -> UInt64 {
            bytes[(8 * number)..<(8 * number + 8)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        (first, second, third, fourth) = (word(0), word(1), word(2), word(3))
    }

    /// Reads the value of ``description``, or returns `nil` if it is another text.
    public init?(_ text: String) {
        guard text.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = Array(repeating: 0, count: 32)
        for (index, byte) in text.utf8.enumerated() {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            bytes[index / 2] = bytes[index / 2] << 4 | digit
        }
        self.init(bytes)
    }

    /// The bytes in their order.
    public var bytes: [UInt8] {
        [first, second, third, fourth].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        }
    }

    /// The digest in lower-case hexadecimal digits.
    public var description: String { hexadecimal(bytes) }
}

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

    /// Returns the digest.
    public consuming func finish() -> SHA256Digest {
        var digest: [UInt8] = Array(repeating: 0, count: 32)
        let result = unsafe digest.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(raw, $0.baseAddress, nil)
        }
        precondition(result == 1, "a digest ends once")
        return SHA256Digest(digest)
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
    return digest.finish().description
}
