import TLS

/// Two texts with their secret values replaced, so that a difference between them shows only that they differ.
///
/// Secret are the content of private keys, and the values of keys such as `token` and `client-key-data`. Certificates in
/// kubeconfigs, which are long and not secret, are shown by a digest.
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

    /// Replaces a value that is the same on both sides, or has no other side.
    static let mask = "***"

    /// Replaces a value that differs, on one of the two sides.
    static func mask(_ side: String) -> String { "\(mask) (\(side))" }

    /// A line, or the lines of a private key.
    private struct Part {
        var prefix: String
        var secret: String?
    }

    private static func parts(_ lines: [String]) -> [Part] {
        var parts: [Part] = []
        var isInKey = false
        /// The indentation of a secret whose value is a block of lines below it.
        var blockIndentation: Int?
        for line in lines {
            let indentation = line.prefix { $0 == " " }.count
            if let outer = blockIndentation {
                if indentation > outer || indentation == line.count {
                    parts[parts.count - 1].secret? += line
                    continue
                }
                blockIndentation = nil
            }
            if isInKey, !line.contains("-----END") {
                parts[parts.count - 1].secret? += line
                continue
            }
            isInKey = false
            if line.contains("-----BEGIN"), line.contains("PRIVATE KEY-----") {
                parts.append(Part(prefix: line))
                // A key in one line, such as in a JSON text.
                guard !line.contains("-----END") else {
                    parts[parts.count - 1] = Part(prefix: "", secret: line)
                    continue
                }
                isInKey = true
                parts.append(Part(prefix: String(line.prefix { $0 == " " }), secret: ""))
            } else if isSecretBlock(line) {
                blockIndentation = indentation
                parts.append(Part(prefix: line))
                parts.append(Part(prefix: String(repeating: " ", count: indentation + 2), secret: ""))
            } else {
                parts.append(part(line))
            }
        }
        return parts
    }

    private static func lines(_ parts: [Part], among others: [Part], _ side: String) -> [String] {
        let known = Set(others.compactMap(\.secret))
        return parts.map { part in
            guard let secret = part.secret else { return part.prefix }
            return part.prefix + (others.isEmpty || known.contains(secret) ? mask : mask(side))
        }
    }

    /// Whether a line such as `token: |` begins a secret in several lines.
    private static func isSecretBlock(_ line: String) -> Bool {
        guard let match = line.wholeMatch(of: /[ "'-]*([^"':]+)["']?: *[|>][-+0-9]*/) else { return false }
        return isSecret(match.1)
    }

    /// A line such as `token: abc` or `PASSWORD=abc`, without its value if that is secret.
    private static func part(_ line: String) -> Part {
        guard let separator = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { return Part(prefix: line) }
        let start = line.index(after: separator)
        let value = line[start...].drop { $0 == " " }
        let name = line[..<separator].drop { " -\"'".contains($0) }.prefix { $0 != "\"" && $0 != "'" }
        guard !value.isEmpty, !["|", "|-", "|+", "{}", "[]", "null", "true", "false"].contains(value) else {
            return Part(prefix: line)
        }
        let head = String(line[..<value.startIndex])
        if isSecret(name) { return Part(prefix: head, secret: String(value)) }
        guard name == "certificate-authority-data" || name == "client-certificate-data" else {
            return Part(prefix: line)
        }
        return Part(prefix: "\(head)(SHA-256 \(sha256(Array(value.utf8)).prefix(16)))")
    }

    /// The ends of names whose values are secret, without separators and in lower case.
    private static let secretNames = [
        "password", "passwd", "passphrase", "token", "secret", "secretkey", "secretaccesskey", "privatekey", "apikey",
        "clientkeydata",
    ]

    /// Whether the name of a value says that it is secret.
    static func isSecret(_ name: some StringProtocol) -> Bool {
        let plain = name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." }
        return secretNames.contains(where: plain.hasSuffix)
    }
}
