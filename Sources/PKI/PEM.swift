/// One block of a PEM text, with its contents still encoded.
struct PEMBlock {
    /// What the block says it holds, such as `CERTIFICATE`.
    var label: String

    /// The lines between label and contents, as old encrypted keys have them.
    var headers: [Substring]

    /// The encoded contents.
    var body: [Substring]

    /// The line in which the block begins, counted from 1.
    var line: Int

    /// The contents.
    func decoded() throws(PKIError) -> [UInt8] {
        do throws(PKIError) {
            return try Base64.decode(body.joined(separator: "\n"))
        } catch {
            throw PKIError(error.kind, "has a broken \(label) block in line \(line): it \(error.message)")
        }
    }

    /// Finds the blocks of a text, at least one; what stands between them is commentary.
    ///
    /// - Throws: ``PKIError`` if the text has none, or a block has no end.
    static func blocks(in bytes: [UInt8]) throws(PKIError) -> [PEMBlock] {
        guard !bytes.isEmpty else { throw PKIError(.missingBlock, "is empty") }
        var scanner = PEMScanner(String(decoding: bytes, as: UTF8.self))
        var blocks: [PEMBlock] = []
        while let block = try scanner.next() { blocks.append(block) }
        guard blocks.isEmpty else { return blocks }
        // DER always begins with a sequence of more than 127 bytes.
        let isBinary = bytes.starts(with: [0x30, 0x81]) || bytes.starts(with: [0x30, 0x82])
        throw isBinary
            ? PKIError(.binary, "is in the binary form (DER), not PEM")
            : PKIError(.missingBlock, "holds no PEM block (no line '-----BEGIN …-----')")
    }
}

/// Reads a text line by line.
private struct PEMScanner {
    private var lines: [Substring].Iterator
    private var number = 0

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).makeIterator()
    }

    mutating func next() throws(PKIError) -> PEMBlock? {
        while let line = nextLine() {
            guard let label = Self.label(of: line, after: "-----BEGIN ") else { continue }
            return try block(PEMBlock(label: label, headers: [], body: [], line: number))
        }
        return nil
    }

    private mutating func block(_ start: PEMBlock) throws(PKIError) -> PEMBlock {
        var block = start
        while let line = nextLine() {
            if let label = Self.label(of: line, after: "-----END ") {
                guard label == block.label else { break }
                return block
            }
            if line.hasPrefix("-----BEGIN ") { break }
            // No character of base64 is a colon.
            if line.contains(":") { block.headers.append(line) } else { block.body.append(line) }
        }
        throw PKIError(.brokenEncoding, "has a \(block.label) block in line \(block.line) without its END line")
    }

    private mutating func nextLine() -> Substring? {
        number += 1
        guard let line = lines.next() else { return nil }
        let start = line.drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }

    private static func label(of line: Substring, after prefix: String) -> String? {
        guard line.hasPrefix(prefix), line.hasSuffix("-----") else { return nil }
        let label = line.dropFirst(prefix.count).dropLast(5)
        return label.isEmpty ? nil : String(label)
    }
}
