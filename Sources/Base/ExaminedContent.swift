/// The content of a file in the parts by which a format is recognised.
struct ExaminedContent {
    /// The beginning of the content; more is not looked at.
    let bytes: ArraySlice<UInt8>

    /// The same as text, without white space, comments and a `---` line at the beginning.
    let text: Substring

    /// The last part of the path.
    let name: String

    /// The keys at the beginning of lines, of the first document.
    let keys: Set<String>

    /// The labels of the PEM blocks, such as `CERTIFICATE`; none in a document that contains PEM as values.
    let labels: [String]

    /// The content of a file in DER.
    let der: DERContent?

    /// The lines of the first document that are not empty.
    let lines: [Substring]

    /// The values of ``keys``; those of a JSON object take precedence over those of lines.
    private let values: [String: Value]

    /// The value of a key.
    private enum Value {
        /// A text in a JSON object, empty for a value that is not a text.
        case text(String)
        /// The rest of the first line with the key, with white space, quotation marks and comments.
        case rest(Substring)
    }

    /// Prepares a content.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path of the file.
    ///   - isDocument: Whether the file should be a document in YAML or JSON, in which PEM may be a value.
    init(_ bytes: [UInt8], _ path: String, isDocument: Bool) {
        self.bytes = bytes.prefix(1 << 20)
        let whole = Substring(decoding: self.bytes, as: UTF8.self)
        var text = whole
        while let first = text.first, first.isWhitespace || first == "#" || text.hasPrefix("---\n") {
            text = first.isWhitespace ? text.dropFirst() : text.drop { $0 != "\n" && $0 != "\r\n" }
        }
        self.text = text
        name = String(path.lastSlash.map { path[path.index(after: $0)...] } ?? path[...])
        lines = Array(Self.lines(of: text).prefix { !Self.beginsDocument($0) })
        var values = Dictionary(lines.compactMap(Self.keyAndRest)) { first, _ in first }
        if text.first == "{" { values.merge(JSONKeys(Array(text.utf8)).values.mapValues(Value.text)) { $1 } }
        self.values = values
        keys = Set(values.keys)
        let isValue = isDocument || keys.isSuperset(of: ["apiVersion", "kind"]) || text.hasPrefix("{")
        labels =
            isValue && !text.hasPrefix("-----BEGIN ")
            ? [] : Self.lines(of: whole).compactMap { Self.label(of: $0) }
        der = DERContent(self.bytes)
    }

    /// Returns the key at the beginning of a line, without quotation marks, and what follows its colon.
    private static func keyAndRest(_ line: Substring) -> (String, Value)? {
        guard let first = line.utf8.first, first > 0x20,
            let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")),
            first == UInt8(ascii: "\"") || line.first?.isLetter == true
        else { return nil }
        return (line[..<colon].filter { $0 != "\"" }, .rest(line[line.utf8.index(after: colon)...]))
    }

    /// Returns whether a line begins with `---` and is not the beginning or the end of a PEM block.
    private static func beginsDocument(_ line: Substring) -> Bool {
        let dashes = line.utf8.prefix(5).prefix { $0 == UInt8(ascii: "-") }.count
        return dashes == 3 || dashes == 4
    }

    /// Returns the lines that are not empty.
    private static func lines(of text: Substring) -> [Substring] {
        // By bytes of an array, which takes a tenth of the time that characters take.
        let bytes = Array(text.utf8)
        var lines: [Substring] = []
        var start = 0
        func addLine(upTo end: Int) {
            guard start < end else { return }
            let first = text.utf8.index(text.startIndex, offsetBy: start)
            lines.append(text[first..<text.utf8.index(first, offsetBy: end - start)])
        }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r") {
            addLine(upTo: index)
            start = index + 1
        }
        addLine(upTo: bytes.count)
        return lines
    }

    /// Returns whether the content has a text, which must not be empty.
    func contains(_ part: String) -> Bool { bytes.contains(text: part) }

    /// Returns whether every other byte at the beginning is zero and the others are not, as in UTF-16 of a text in ASCII.
    ///
    /// - Parameter offset: The first zero, 0 or 1.
    /// - Returns: Whether the bytes are so.
    func hasZeros(at offset: Int) -> Bool {
        let start = bytes.prefix(16)
        return start.count >= 4 && start.count.isMultiple(of: 2)
            && start.enumerated().allSatisfy { ($0.element == 0) == ($0.offset % 2 == offset) }
    }

    func begins(_ signature: [UInt8]) -> Bool { bytes.starts(with: signature) }

    /// Returns whether the content is PEM whose label ends so.
    func hasPEM(_ label: String) -> Bool {
        text.hasPrefix("-----BEGIN ") && lines.first?.hasSuffix("\(label)-----") == true
    }

    /// Returns the value of a key, `nil` without the key.
    ///
    /// In JSON this is the whole text; in a line it ends at white space, and lacks quotation marks and commas.
    func value(of key: String) -> String? {
        switch values[key] {
        case nil: nil
        case .text(let text): text
        case .rest(let rest):
            rest.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }.filter { $0 != "\"" && $0 != "," }
        }
    }

    /// Whether the content has the keys of a task file or of an object, and is no file of another program.
    var hasOwnKeys: Bool { keys.contains("tasks") || keys.isSuperset(of: ["apiVersion", "kind"]) }

    /// The part of the API version before the slash.
    var group: String? { value(of: "apiVersion").map { String($0.prefix { $0 != "/" }) } }

    /// Returns whether the first lines are assignments such as `NAME=value`.
    func hasAssignments(_ separators: String) -> Bool {
        let assignments = lines.map { $0.drop(while: \.isWhitespace) }.filter {
            !$0.hasPrefix("#") && !$0.hasPrefix(";") && !$0.hasPrefix("[")
        }.prefix(20)
        return !assignments.isEmpty
            && assignments.allSatisfy { line in
                let line = line.hasPrefix("export ") ? line.dropFirst(7) : line
                let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
                let rest = line[name.endIndex...]
                return !name.isEmpty && (rest.drop { separators.contains($0) }.first == "=")
            }
    }

    /// The name in brackets in the first line, as in the format INI.
    var sectionName: Substring? {
        guard let line = lines.first, line.first == "[", let end = line.lastIndex(of: "]"),
            line[line.index(after: end)...].allSatisfy(\.isWhitespace)
        else { return nil }
        let name = line[..<end].drop { $0 == "[" }
        return name.isEmpty || name.contains { ",{}".contains($0) } ? nil : name
    }

    /// Whether the first lines have the same number of commas, as in a table.
    var isTable: Bool {
        let counts = lines.prefix(5).map { $0.count { $0 == "," } }
        return counts.count > 1 && (counts.first ?? 0) > 0 && Set(counts).count == 1
            && lines.prefix(5).allSatisfy { line in !line.contains { ":{}[]\"".contains($0) } && line.first != "-" }
    }

    /// Returns the label of a PEM block that begins in a line, `nil` for other lines.
    private static func label(of line: Substring) -> String? {
        let mark = "-----BEGIN "
        let line = line.drop { $0.isWhitespace || $0 == "\u{feff}" }
        guard line.hasPrefix(mark) else { return nil }
        var rest = line.dropFirst(mark.count)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest.hasSuffix("-----") ? String(rest.dropLast(5)) : nil
    }

    /// Whether the first private key is encrypted with a password.
    var hasEncryptedKey: Bool {
        guard let label = labels.first(where: { $0.hasSuffix("PRIVATE KEY") }) else { return false }
        return label.hasPrefix("ENCRYPTED") || lines.contains { $0.hasPrefix("Proc-Type: 4,ENCRYPTED") }
    }

    /// Returns whether the content is of the kind that a purpose needs, though perhaps damaged.
    func suits(_ purpose: ContentFormat.Purpose) -> Bool {
        switch purpose {
        case .certificate, .authority: labels.contains("CERTIFICATE")
        case .privateKey:
            labels.contains { $0.hasSuffix("PRIVATE KEY") && !$0.hasPrefix("OPENSSH") && !$0.hasPrefix("SSH2") }
                && !hasEncryptedKey
        case .encryptedFile: text.hasPrefix("age-encryption.org/") || labels.first == "AGE ENCRYPTED FILE"
        case .identity:
            text.hasPrefix("AGE-SECRET-KEY-1") || text.hasPrefix("AGE-PLUGIN-")
                || labels.contains { $0.hasSuffix("PRIVATE KEY") }
        case .taskFile, .manifest, .kubeconfig, .content: false
        }
    }

    /// Whether the content is the base64 of PEM, as in the values of kubeconfigs and Secrets.
    var isEncodedPEM: Bool { text.hasPrefix("LS0tLS1CRUdJTi") }

    /// The content of base64 that begins like DER, as in PEM, but has no line that begins a block.
    var unlabelledDER: DERContent? {
        guard text.hasPrefix("MI"), labels.isEmpty else { return nil }
        return (try? Base64.decode(text.filter { !$0.isWhitespace })).flatMap { DERContent($0[...]) }
    }

    /// Whether a PEM block begins behind other text in its line.
    var hasTextBeforePEM: Bool {
        labels.isEmpty
            && Self.lines(of: text).contains { line in
                line.contains("-----BEGIN ") && !line.hasPrefix("-----BEGIN ")
            }
    }

    /// Whether the line ends of PEM are written as `\n`, as in a string of JSON.
    var hasEscapedPEM: Bool { text.hasPrefix("-----BEGIN ") && text.prefix(80).contains("-----\\n") }

    /// Whether the content is an OpenPGP message (RFC 9580): its first packet is a session key.
    var isOpenPGP: Bool {
        guard bytes.count > 16, let first = bytes.first, first & 0x80 != 0 else { return false }
        let isNew = first & 0x40 != 0
        let tag = isNew ? first & 0x3F : first >> 2 & 0x0F
        let lengthCount = isNew ? 1 : 1 << Int(first & 3)
        let version = bytes.dropFirst(1 + lengthCount).first
        return lengthCount < 8 && (tag == 1 && version == 3 || tag == 3 && (version == 4 || version == 5))
    }
}

/// The keys at the outermost level of an object in JSON, with the texts that are their values.
private struct JSONKeys {
    private(set) var values: [String: String] = [:]

    init(_ bytes: [UInt8]) {
        var depth = 0
        // The index after the quotation mark that begins a text.
        var start: Int?
        var isEscaped = false
        var last = ""
        var key: String?
        for (index, byte) in bytes.enumerated() {
            if let first = start {
                if !isEscaped, byte == UInt8(ascii: "\"") {
                    start = nil
                    guard depth == 1 else { continue }
                    last = String(decoding: bytes[first..<index], as: UTF8.self)
                    if let written = key {
                        values[written] = last
                        key = nil
                    }
                } else {
                    isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): start = index + 1
            case UInt8(ascii: ":") where depth == 1:
                key = last
                values[last] = ""
            case UInt8(ascii: ",") where depth == 1: key = nil
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
    }
}

/// The kinds of content in DER that openssl writes, distinguished by the first elements of their outer sequence.
enum DERContent: Hashable {
    case certificate, request, revocationList, publicKey, privateKey, encryptedKey, pkcs12, pkcs7

    /// Recognises a content, which must be one sequence; of a long file, its beginning is enough.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard let outer = DERElement(bytes), outer.tag == 0x30, outer.isWhole else { return nil }
        let parts = outer.parts(limit: 3)
        guard parts.count > 1 else { return nil }
        let tags = parts.map(\.tag)
        switch tags[0] {
        // PKCS 7 (RFC 2315) begins with an identifier below 1.2.840.113549.1.7.
        case 0x06 where parts[0].content.starts(with: [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07]): self = .pkcs7
        // PKCS 12 (RFC 7292, section 4) has version 3, and a sequence with content of PKCS 7.
        case 0x02 where parts[0].content.elementsEqual([3]) && tags[1] == 0x30: self = .pkcs12
        // PKCS 8 has an algorithm, PKCS 1 a number, and SEC 1 the octets of the key.
        case 0x02 where [0x30, 0x02, 0x04].contains(tags[1]): self = .privateKey
        case 0x30 where tags[1] == 0x03: self = .publicKey
        case 0x30 where tags[1] == 0x04: self = .encryptedKey
        case 0x30 where tags[1] == 0x30:
            let signed = parts[0].parts(limit: 4).map(\.tag)
            // A certificate has its version in brackets, a request its attributes, and a list of version 2 a time.
            switch (signed.first, signed.last) {
            case (0xA0, _): self = .certificate
            case (0x02, 0xA0): self = .request
            case (0x02, 0x17), (0x02, 0x18): self = .revocationList
            case (0x02, _): self = .certificate
            default: return nil
            }
        default: return nil
        }
    }
}

/// An element of DER: a tag and its content.
private struct DERElement {
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// The bytes behind the element.
    let rest: ArraySlice<UInt8>
    /// Whether nothing follows; the end may be missing.
    let isWhole: Bool

    /// Reads the first element; returns `nil` if its length is not valid.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count > 1, let tag = bytes.first else { return nil }
        let first = bytes[bytes.startIndex + 1]
        var body = bytes.dropFirst(2)
        self.tag = tag
        // A length of 0x80 is not given; some programs write PKCS 12 so.
        guard first != 0x80 else {
            (content, rest, isWhole) = (body, [], true)
            return
        }
        var length = Int(first)
        if first > 0x80 {
            let count = Int(first & 0x7F)
            guard count <= 4, body.count > count else { return nil }
            length = body.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            body = body.dropFirst(count)
        }
        (content, rest) = (body.prefix(length), body.dropFirst(length))
        isWhole = body.count <= length
    }

    /// Returns the first elements of the content.
    func parts(limit: Int) -> [DERElement] {
        var parts: [DERElement] = []
        var bytes = content
        while parts.count < limit, let part = DERElement(bytes) {
            parts.append(part)
            bytes = part.rest
        }
        return parts
    }
}
