internal import COpenSSL

/// A block of a PEM text, as libcrypto reads it.
struct PEMBlock {
    /// The label, such as `CERTIFICATE`.
    let label: String

    /// The header lines before the contents, as in the old format of encrypted keys.
    let header: String

    let contents: [UInt8]

    var isKey: Bool { label.hasSuffix("PRIVATE KEY") }

    /// Reads the blocks of a text, which must have at least one.
    ///
    /// The corresponding C function is `PEM_read_bio`.
    static func blocks(in bytes: [UInt8]) throws(TLSError) -> [PEMBlock] {
        guard !bytes.isEmpty else { throw TLSError(.wrongContents, "is empty") }
        LibCrypto.prepare()
        var blocks: [PEMBlock] = []
        let reason = unsafe bytes.withUnsafeBytes { text -> String? in
            guard let buffer = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else {
                return "out of memory"
            }
            defer { unsafe BIO_free(buffer) }
            while let block = unsafe PEMBlock(readFrom: buffer) { blocks.append(block) }
            let isEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            let reason = LibCrypto.drainErrorQueue()
            return isEnd ? nil : reason ?? "unknown reason"
        }
        if let reason {
            throw TLSError(.damaged, "contains an invalid PEM block, number \(blocks.count + 1): \(reason)")
        }
        guard blocks.isEmpty else { return blocks }
        // In DER, a certificate or RSA key is a sequence of more than 127 bytes.
        let isBinary = bytes.starts(with: [0x30, 0x81]) || bytes.starts(with: [0x30, 0x82])
        throw isBinary
            ? TLSError(.wrongContents, "is in DER format, not PEM")
            : TLSError(.wrongContents, "contains no PEM block (no line '-----BEGIN …-----')")
    }

    /// Reads the next block, or returns `nil` and leaves the reason in libcrypto's error queue.
    private init?(readFrom buffer: OpaquePointer) {
        var (name, header): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
        var contents: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard unsafe PEM_read_bio(buffer, &name, &header, &contents, &count) == 1 else { return nil }
        defer {
            unsafe CRYPTO_free(name, nil, 0)
            unsafe CRYPTO_free(header, nil, 0)
            unsafe CRYPTO_clear_free(contents, count, nil, 0)
        }
        label = unsafe name.map { unsafe String(cString: $0) } ?? ""
        self.header = unsafe header.map { unsafe String(cString: $0) } ?? ""
        self.contents = unsafe Array(UnsafeBufferPointer(start: contents, count: count))
    }
}
