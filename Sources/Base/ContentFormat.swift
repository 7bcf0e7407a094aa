/// A kind of file that often stands in the place of another one, recognised by its content.
public struct ContentFormat: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case empty, otherEncoding, html, encrypted, binary
        case certificate, privateKey, encryptedKey, publicKey, request
        case helmTemplate, kustomization
    }

    public let kind: Kind

    /// The format in words that follow "is", such as `a kustomization`.
    public let name: String

    /// The advice about such a file, if it is certain.
    public let hint: String?

    private init(_ kind: Kind, _ name: String, _ hint: String? = nil) {
        (self.kind, self.name, self.hint) = (kind, name, hint)
    }

    /// Recognises a file.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path, `nil` if the content is a value of another file.
    /// - Returns: The format, `nil` if it is not one of these.
    public static func recognised(_ bytes: [UInt8], path: String?) -> Self? {
        let start = bytes.drop { $0 <= 0x20 }
        let file = path ?? "FILE"
        func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
        func contains(_ text: String) -> Bool { bytes[...].contains(text: text) }
        if start.isEmpty { return Self(.empty, "empty") }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return Self(
                .otherEncoding,
                "encoded in UTF-16",
                "convert it: \(quotedShellLine(["iconv", "-f", "UTF-16", "-t", "UTF-8", file]))"
            )
        }
        if bytes.prefix(4096).contains(0) { return Self(.binary, "binary data") }
        let head = String(decoding: start.prefix(14), as: UTF8.self).lowercased()
        if head == "<!doctype html" || head.hasPrefix("<html") { return Self(.html, "an HTML page") }
        if begins("age-encryption.org/") || begins("-----BEGIN AGE ENCRYPTED FILE-----") {
            return Self(.encrypted, "encrypted by age", "decrypt it with a task 'decrypt'")
        }
        if begins("$ANSIBLE_VAULT;") {
            return Self(
                .encrypted,
                "encrypted by Ansible Vault",
                "decrypt it: \(quotedShellLine(["ansible-vault", "decrypt", file]))"
            )
        }
        // An operator decrypts objects of kind SopsSecret in the cluster.
        if contains("ENC[AES256_GCM,"), contains("\nsops:") || contains("\"sops\":"), !contains("SopsSecret") {
            return Self(.encrypted, "encrypted by SOPS", "decrypt it: \(quotedShellLine(["sops", "-d", file]))")
        }
        if begins("-----BEGIN ") { return pem(bytes) }
        let name = path?.pathParts.last.map { String($0) } ?? ""
        let isNamed = ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(name)
        let group = "apiVersion: kustomize.config.k8s.io/"
        if begins(group) || contains("\n" + group) || isNamed && !contains("apiVersion") {
            let directory = path?.lastSlash.map { path?[..<$0] ?? "." } ?? "."
            let command = quotedShellLine(["kubectl", "kustomize", String(directory)])
            return Self(
                .kustomization,
                "a kustomization",
                "write its objects to a file with \(command), and name that file"
            )
        }
        return nil
    }

    /// Recognises PEM of one kind.
    private static func pem(_ bytes: [UInt8]) -> Self? {
        let lines = String(decoding: bytes.prefix(1 << 20), as: UTF8.self).split(whereSeparator: \.isNewline)
        let labels = Set(lines.filter { $0.hasPrefix("-----BEGIN ") }.map { $0.dropFirst(11).prefix { $0 != "-" } })
            .subtracting(["EC PARAMETERS"])
        if labels == ["CERTIFICATE"] { return Self(.certificate, "a certificate") }
        if labels == ["PUBLIC KEY"] { return Self(.publicKey, "a public key") }
        if labels == ["CERTIFICATE REQUEST"] { return Self(.request, "a request for a certificate") }
        guard !labels.isEmpty, labels.allSatisfy({ $0.hasSuffix("PRIVATE KEY") }) else { return nil }
        let isEncrypted = labels.contains("ENCRYPTED PRIVATE KEY") || lines.contains("Proc-Type: 4,ENCRYPTED")
        return isEncrypted
            ? Self(.encryptedKey, "a private key with a password") : Self(.privateKey, "a private key")
    }

    /// Recognises a template of Helm from places that cannot be as they are: one of them is in a line with its brackets.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - places: The places of problems.
    /// - Returns: The format, `nil` if no place is in such a line, or the file is no template.
    public static func template(_ bytes: [UInt8], at places: [SourceLocation]) -> Self? {
        let marks = ["{{-", "-}}", ".Values", ".Release", ".Chart", "{{ include", "toYaml"]
        guard !places.isEmpty, marks.contains(where: bytes[...].contains(text:)) else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isInTemplate = places.contains { place in
            guard let line = place.position?.line, lines.indices.contains(line - 1) else { return false }
            return lines[line - 1].contains(text: "{{")
        }
        guard isInTemplate else { return nil }
        return Self(
            .helmTemplate,
            "a template of Helm",
            "write its result to a file with 'helm template NAME CHART', and name that file"
        )
    }

    /// Returns the problem of a file that is of this format where another one is expected.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - expected: The expected format in words, such as `a task file`.
    /// - Returns: The problem, at the first line.
    public func problem(path: String, expected: String) -> Problem {
        let location = SourceLocation(file: path, position: SourceLocation.Position(line: 1, column: 1))
        return Problem("the file is \(name), not \(expected)", at: location, hint: hint)
    }
}
