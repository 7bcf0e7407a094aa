import Base

/// A block of a PEM text before decoding.
struct PEMBlock {
    /// The label, such as `CERTIFICATE`.
    var label: String

    /// The header lines before the contents, as in the old format of encrypted keys.
    var headers: [String]

    /// The base64 text.
    var body: [UInt8]

    /// The number of the block's first line, starting at 1.
    var line: Int

    /// Decodes the contents.
    func decoded() throws(TLSError) -> [UInt8] {
        do throws(Base64Error) {
            return try Base64.decode(body.filter { !PEMScanner.isBlank($0) })
        } catch {
            throw TLSError(.brokenEncoding, "contains an invalid \(label) block in line \(line): it \(error)")
        }
    }

    /// Finds the blocks of a text, ignoring text between them.
    ///
    /// - Throws: ``TLSError`` if the text has no block, or a malformed block.
    static func blocks(in bytes: [UInt8]) throws(TLSError) -> [PEMBlock] {
        guard !bytes.isEmpty else { throw TLSError(.missingBlock, "is empty") }
        var scanner = PEMScanner(bytes)
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

/// Reads a PEM text line by line.
///
/// Lines end as in `Decode` of Go's `encoding/pem`, which Kubernetes uses: with a line feed, ignoring spaces, tabs and
/// one carriage return before it. Unlike Go, which skips certificates and keys that it cannot read, this reader
/// reports them as errors.
private struct PEMScanner {
    private static let dashes = Array("-----".utf8)
    private static let begin = Array("-----BEGIN ".utf8)
    private static let end = Array("-----END ".utf8)

    private let lines: [ArraySlice<UInt8>]
    /// The number of the last line read, starting at 1.
    private var number = 0

    init(_ bytes: [UInt8]) {
        guard bytes[...].contains(text: "-----BEGIN ") else {
            lines = []
            return
        }
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    mutating func next() throws(TLSError) -> PEMBlock? {
        while let line = nextLine() {
            guard let rest = try rest(of: line, after: Self.begin) else { continue }
            guard let label = Self.label(rest) else {
                throw broken("has '-----BEGIN' in line \(number) without '-----' at the end of the line")
            }
            guard !label.isEmpty else { continue }
            let (name, start) = (String(decoding: label, as: UTF8.self), number)
            do throws(TLSError) {
                return try block(name, label)
            } catch {
                // Other formats also have blocks with BEGIN lines, for example messages signed with OpenPGP.
                guard !["CERTIFICATE", "PRIVATE KEY"].contains(where: name.contains) else { throw error }
                number = start
            }
        }
        return nil
    }

    private mutating func block(_ name: String, _ label: ArraySlice<UInt8>) throws(TLSError) -> PEMBlock {
        guard label.firstRange(of: Self.dashes) == nil else {
            throw broken(
                "has a whole block in line \(number), where '-----BEGIN' and '-----END' must be on separate lines"
            )
        }
        var block = PEMBlock(label: name, headers: [], body: [], line: number)
        while let line = nextLine() {
            if let rest = try rest(of: line, after: Self.end) {
                guard Self.label(rest) != label else { return block }
                guard !rest.starts(with: label + Self.dashes) else {
                    throw broken("has another text after '-----END \(name)-----' in line \(number); add a line break")
                }
                break
            }
            if line.starts(with: Self.begin) { break }
            // A line with a colon is a header, because base64 has no colon.
            if block.body.isEmpty, line.contains(UInt8(ascii: ":")) {
                block.headers.append(String(decoding: line, as: UTF8.self))
            } else {
                block.body += line + [UInt8(ascii: "\n")]
            }
        }
        throw broken("contains a \(name) block in line \(block.line) without its END line")
    }

    /// Returns the rest of a line that begins with a marker, `nil` for other lines.
    ///
    /// - Throws: ``TLSError`` if white space or a byte order mark precedes the marker, as in text from a document.
    private func rest(of line: ArraySlice<UInt8>, after mark: [UInt8]) throws(TLSError) -> ArraySlice<UInt8>? {
        // A mark begins with a dash, so one after other dashes follows more than white space.
        guard let dash = line.firstIndex(of: UInt8(ascii: "-")), line[dash...].starts(with: mark) else { return nil }
        let start = line[..<dash]
        guard !start.isEmpty else { return line.dropFirst(mark.count) }
        let text = String(decoding: start, as: UTF8.self).unicodeScalars
        let isByteOrderMark = text.contains("\u{feff}")
        guard text.allSatisfy({ $0.properties.isWhitespace || $0 == "\u{feff}" }) else { return nil }
        let found = isByteOrderMark ? "a byte order mark" : "spaces"
        throw TLSError(
            .brokenEncoding,
            "has \(found) before '-----' in line \(number), which programs in Go, such as kubectl, do not read"
        )
    }

    private func broken(_ message: String) -> TLSError { TLSError(.brokenEncoding, message) }

    private mutating func nextLine() -> ArraySlice<UInt8>? {
        guard number < lines.count else { return nil }
        var line = lines[number]
        number += 1
        // A carriage return ends a line only if a line feed follows.
        if number < lines.count, line.last == UInt8(ascii: "\r") { line.removeLast() }
        while let last = line.last, Self.isBlank(last) { line.removeLast() }
        return line
    }

    /// Returns whether a byte is a space or a tab.
    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Returns the label from the rest of a line after its marker, `nil` if the line does not end with five dashes.
    private static func label(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        rest.suffix(dashes.count).elementsEqual(dashes) ? rest.dropLast(dashes.count) : nil
    }
}
