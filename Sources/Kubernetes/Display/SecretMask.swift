import TLS

/// Two texts with their secret values masked.
///
/// A difference between the texts shows only that secret values differ. Secret values are the content of private keys,
/// the values of keys such as `token` and `client-key-data`, passwords in URLs, and the credentials of an
/// `Authorization` header. Certificates in kubeconfigs, which are long and not secret, are replaced by a digest.
struct SecretMask {
    /// The lines before.
    let old: [String]
    /// The lines after.
    let new: [String]

    init(_ old: [String], _ new: [String]) {
        let (oldParts, newParts) = (Self.parts(old), Self.parts(new))
        self.old = Self.lines(oldParts, among: newParts, "before")
        self.new = Self.lines(newParts, among: oldParts, "after")
    }

    /// The mask of a value that is in both texts, or whose text has no counterpart.
    static let mask = "***"

    /// Returns the mask of a value that differs between the two sides.
    static func mask(_ side: String) -> String { "\(mask) (\(side))" }

    /// A part of a line, or the lines of a private key.
    private enum Piece {
        case shown(String)
        case secret(String)
    }

    /// A line, or several lines that form one secret.
    private typealias Line = [Piece]

    private static func parts(_ lines: [String]) -> [Line] {
        var parts: [Line] = []
        /// The lines of a secret that has not ended yet, each with its line ending, and their prefix.
        var block: (lines: String, prefix: String)?
        /// The indentation of a key whose secret value is a block of lines below it.
        var blockIndentation: Int?
        func endBlock() {
            if let ended = block { parts.append([.shown(ended.prefix), .secret(ended.lines)]) }
            (block, blockIndentation) = (nil, nil)
        }
        for line in lines {
            let indentation = line.prefix { $0 == " " }.count
            if let begun = block {
                let goesOn =
                    blockIndentation.map { indentation > $0 || indentation == line.count } ?? !line.contains("-----END")
                if goesOn {
                    block = (begun.lines + line + "\n", begun.prefix)
                    continue
                }
                endBlock()
            }
            if line.contains("-----BEGIN"), line.contains("PRIVATE KEY-----") {
                // The whole key is on one line, as in JSON.
                guard !line.contains("-----END") else {
                    parts.append([.secret(line)])
                    continue
                }
                parts.append([.shown(line)])
                block = ("", String(line.prefix { $0 == " " }))
            } else if isSecretBlock(line) {
                parts.append([.shown(line)])
                block = ("", String(repeating: " ", count: indentation + 2))
                blockIndentation = indentation
            } else {
                parts.append(pieces(of: line).flatMap(withoutCredentials))
            }
        }
        endBlock()
        return parts
    }

    /// Returns for each of the lines of a text whether it contains a secret value, or is a part of one.
    static func masksLines(_ lines: [String]) -> [Bool] {
        parts(lines).flatMap { pieces in
            let secrets = pieces.compactMap { if case .secret(let text) = $0 { text } else { nil } }
            if let block = secrets.first, block.isEmpty || block.hasSuffix("\n") {
                return Array(repeating: true, count: block.utf8.count { $0 == UInt8(ascii: "\n") })
            }
            return [!secrets.isEmpty]
        }
    }

    private static func lines(_ parts: [Line], among others: [Line], _ side: String) -> [String] {
        let known = Set(others.joined().compactMap { if case .secret(let text) = $0 { text } else { nil } })
        return parts.map { pieces in
            pieces.map { piece in
                switch piece {
                case .shown(let text): text
                case .secret(let text): others.isEmpty || known.contains(text) ? mask : mask(side)
                }
            }.joined()
        }
    }

    /// Returns whether a line such as `token: |` begins a secret of several lines.
    private static func isSecretBlock(_ line: String) -> Bool {
        guard let match = line.wholeMatch(of: /[ "'-]*([^"':]+)["']?: *[|>][-+0-9]*/) else { return false }
        return isSecret(match.1)
    }

    /// Splits a line such as `token: abc` or `PASSWORD=abc`, or a line that contains such pairs.
    private static func pieces(of line: String) -> Line {
        guard let separator = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { return [.shown(line)] }
        let start = line.index(after: separator)
        let value = line[start...].drop { $0 == " " }
        let name = line[..<separator].drop { " -\"'".contains($0) }.prefix { $0 != "\"" && $0 != "'" }
        guard !value.isEmpty, !["|", "|-", "|+", "{}", "[]", "null", "true", "false"].contains(value) else {
            return [.shown(line)]
        }
        let head = String(line[..<value.startIndex])
        if isSecret(name), !value.hasPrefix("{"), !value.hasPrefix("[") {
            return [.shown(head), .secret(String(value))]
        }
        if isCertificate(name) { return [.shown(head + digest(of: value))] }
        return pairs(in: line)
    }

    /// Splits a line with pairs such as `{user: {token: abc}}`, `"{\"token\":\"abc\"}"` or `--token=abc`.
    private static func pairs(in line: String) -> Line {
        guard mentionsSecret(line) else { return [.shown(line)] }
        var pieces: Line = []
        // The text before `shown` is in `pieces`, and the text before `rest` has been searched.
        var (shown, rest) = (line[...], line[...])
        while let separator = rest.firstIndex(where: { $0 == ":" || $0 == "=" }) {
            let before = rest[..<separator]
            rest = rest[rest.index(after: separator)...]
            guard let name = name(endOf: before, isAssigned: line[separator] == "="),
                isSecret(name) || isCertificate(name)
            else { continue }
            let value = value(startOf: rest, isAssigned: line[separator] == "=")
            guard !value.isEmpty, !["null", "true", "false"].contains(value) else { continue }
            pieces.append(.shown(String(shown[..<value.startIndex])))
            pieces.append(isSecret(name) ? .secret(String(value)) : .shown(digest(of: value)))
            (shown, rest) = (line[value.endIndex...], line[value.endIndex...])
        }
        return pieces + [.shown(String(shown))]
    }

    /// The name of a pair before its separator, `nil` if a colon there belongs to a sentence.
    private static func name(endOf text: Substring, isAssigned: Bool) -> Substring? {
        func start(of text: Substring, _ isPart: (Character) -> Bool) -> Substring.Index {
            text.lastIndex { !isPart($0) }.map(text.index(after:)) ?? text.startIndex
        }
        let text = text[..<start(of: text) { " \\\"'".contains($0) }]
        let nameStart = start(of: text) { $0.isLetter || $0.isNumber || "-_.".contains($0) }
        let previous = text[..<start(of: text[..<nameStart]) { $0 == " " }].last
        guard isAssigned || previous.map("{,[\"'\\".contains) ?? true else { return nil }
        return text[nameStart...].drop { $0 == "-" }
    }

    /// The value of a pair after its separator, with its quotes; empty for a mapping or a list.
    private static func value(startOf text: Substring, isAssigned: Bool) -> Substring {
        let text = text.drop { $0 == " " }
        let backslashes = text.prefix { $0 == "\\" }
        let content = text[backslashes.endIndex...]
        guard let quote = content.first, quote == "\"" || quote == "'" else {
            let ends = isAssigned ? " ,;&}]\"'\\" : ",}]\"'\\"
            let isCollection = !isAssigned && text.first.map("{[".contains) == true
            return isCollection ? text.prefix(0) : text.prefix { !ends.contains($0) }
        }
        var index = content.index(after: content.startIndex)
        // In JSON inside a string, the closing quote has as many backslashes as the opening quote.
        let end = backslashes + String(quote)
        while index < content.endIndex {
            if content[index...].hasPrefix(end) { return text[..<content.index(index, offsetBy: end.count)] }
            index = content.index(after: index)
            if backslashes.isEmpty, quote == "\"", content[content.index(before: index)] == "\\",
                index < content.endIndex
            {
                index = content.index(after: index)
            }
        }
        return text
    }

    /// Separates passwords in URLs and the credentials of a header from the rest of a piece.
    private static func withoutCredentials(_ piece: Piece) -> Line {
        guard case .shown(let text) = piece, mentionsCredentials(text) else { return [piece] }
        var pieces: Line = []
        var rest = text[...]
        for match in text.matches(
            of:
                #/(://[^\s/:@"']*:)([^\s/@"']+)(?=@)|((?i:authorization["']?[:=]\s*["']?\w+|bearer)\s+)([^\s"',;}]{8,})/#
        ) {
            guard let secret = match.2 ?? match.4 else { continue }
            pieces += [.shown(String(rest[..<secret.startIndex])), .secret(String(secret))]
            rest = text[secret.endIndex...]
        }
        return pieces + [.shown(String(rest))]
    }

    /// Returns whether a text may contain credentials; a fast check for texts of many lines.
    private static func mentionsCredentials(_ text: String) -> Bool {
        let plain = text.lowercased()
        return plain.contains("://") && plain.contains("@") || plain.contains("authorization")
            || plain.contains("bearer ")
    }

    private static func isCertificate(_ name: Substring) -> Bool {
        name == "certificate-authority-data" || name == "client-certificate-data"
    }

    private static func digest(of value: Substring) -> String {
        "(SHA-256 \(sha256(Array(value.utf8)).prefix(16)))"
    }

    /// The suffixes of names whose values are secret, without separators and in lower case.
    private static let secretNames = [
        "password", "passwd", "passphrase", "token", "secret", "secretkey", "secretaccesskey", "privatekey", "apikey",
        "clientkeydata",
    ]

    /// Returns whether the name of a value indicates that the value is secret.
    static func isSecret(_ name: some StringProtocol) -> Bool {
        let plain = name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." }
        return secretNames.contains(where: plain.hasSuffix)
    }

    /// Returns whether a text contains the name of a secret or certificate; a fast check for texts of many lines.
    private static func mentionsSecret(_ text: String) -> Bool {
        let plain = text.lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." }
        return plain.contains("certificate") || secretNames.contains(where: plain.contains)
    }
}
