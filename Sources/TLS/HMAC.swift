internal import COpenSSL

/// Returns the HMAC-SHA256 of bytes in lower-case hexadecimal digits.
///
/// The corresponding C function is `HMAC`.
public func hmacSHA256(of bytes: [UInt8], key: [UInt8]) -> String {
    LibCrypto.prepare()
    var digest: [UInt8] = Array(repeating: 0, count: 32)
    let isDone = unsafe digest.withUnsafeMutableBufferPointer { digest in
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe key.withUnsafeBytes { key in
                unsafe HMAC(
                    EVP_sha256(),
                    key.baseAddress,
                    Int32(key.count),
                    bytes.baseAddress,
                    bytes.count,
                    digest.baseAddress,
                    nil
                ) != nil
            }
        }
    }
    precondition(isDone, "libcrypto always has HMAC and SHA-256")
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
