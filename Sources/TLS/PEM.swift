import Base

/// One block of a PEM text, not decoded.
struct PEMBlock {
    /// The label, such as `CERTIFICATE`.
    var label: String

    /// The header lines before the contents, which old encrypted keys have.
    var headers: [Substring]

    /// The lines of base64.
    var body: [Substring]

    /// The number of the first line, starting at 1.
    var line: Int

    /// Decodes the contents.
    func decoded() throws(TLSError) -> [UInt8] {
        do throws(Base64Error) {
            return try Base64.decode(body.joined(separator: "\n"))
        } catch {
            throw TLSError(.brokenEncoding, "contains an invalid \(label) block in line \(line): it \(error)")
        }
    }

    /// Finds the blocks of a text, ignoring text between them.
    ///
    /// - Throws: ``TLSError`` if the text has no block, or a block without an end.
    static func blocks(in bytes: [UInt8]) throws(TLSError) -> [PEMBlock] {
        guard !bytes.isEmpty else { throw TLSError(.missingBlock, "is empty") }
        var scanner = PEMScanner(String(decoding: bytes, as: UTF8.self))
        var blocks: [PEMBlock] = []
        while let block = try scanner.next() { blocks.append(block) }
        guard blocks.isEmpty else { return blocks }
        // A DER certificate or key is a sequence of more than 127 bytes.
        let isBinary = bytes.starts(with: [0x30, 0x81]) || bytes.starts(with: [0x30, 0x82])
        throw isBinary
            ? TLSError(.binary, "is in DER format, not PEM")
            : TLSError(.missingBlock, "contains no PEM block (no line '-----BEGIN …-----')")
    }
}

/// Reads a text line by line.
private struct PEMScanner {
    private var lines: [Substring].Iterator
    private var number = 0
    /// Whether the last line begins with spaces.
    private var isIndented = false

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).makeIterator()
    }

    mutating func next() throws(TLSError) -> PEMBlock? {
        while let line = nextLine() {
            guard let label = Self.label(of: line, after: "-----BEGIN ") else { continue }
            try requireNoIndentation()
            return try block(PEMBlock(label: label, headers: [], body: [], line: number))
        }
        return nil
    }

    private mutating func block(_ start: PEMBlock) throws(TLSError) -> PEMBlock {
        var block = start
        while let line = nextLine() {
            if let label = Self.label(of: line, after: "-----END ") {
                try requireNoIndentation()
                guard label == block.label else { break }
                return block
            }
            if line.hasPrefix("-----BEGIN ") { break }
            // Base64 has no colon.
            if line.contains(":") { block.headers.append(line) } else { block.body.append(line) }
        }
        throw TLSError(.brokenEncoding, "contains a \(block.label) block in line \(block.line) without its END line")
    }

    /// Refuses a text that was cut out of another one: Go's `encoding/pem` finds its marks only at the beginning of a line.
    private func requireNoIndentation() throws(TLSError) {
        guard isIndented else { return }
        throw TLSError(
            .brokenEncoding,
            "has spaces before '-----' in line \(number), which programs in Go, such as kubectl, do not read"
        )
    }

    private mutating func nextLine() -> Substring? {
        number += 1
        guard let line = lines.next() else { return nil }
        let start = line.drop(while: \.isWhitespace)
        isIndented = start.startIndex != line.startIndex
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }

    private static func label(of line: Substring, after prefix: String) -> String? {
        guard line.hasPrefix(prefix), line.hasSuffix("-----") else { return nil }
        let label = line.dropFirst(prefix.count).dropLast(5)
        return label.isEmpty ? nil : String(label)
    }
}
