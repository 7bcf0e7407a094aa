/// A recognised file format, reported in place of syntax errors if a file has the wrong format.
public struct ContentFormat: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case empty, certificate, privateKey, other }

    public let kind: Kind

    /// The format as a phrase that can follow "is", such as `a kustomization`.
    public let name: String

    /// Advice, such as a command that decrypts the file.
    public let hint: String?

    private init(_ kind: Kind, _ name: String, _ hint: String? = nil) {
        (self.kind, self.name, self.hint) = (kind, name, hint)
    }

    /// Returns the format of a file, or `nil` if the format is not recognised.
    ///
    /// `path` is `nil` if the bytes are a value in another file.
    public static func recognised(_ bytes: [UInt8], path: String?) -> Self? {
        let start = bytes.drop { $0 <= 0x20 }
        let file = path ?? "FILE"
        func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
        func contains(_ text: String) -> Bool { bytes[...].contains(text: text) }
        if start.isEmpty { return Self(.empty, "empty") }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            let command = quotedShellLine(["iconv", "-f", "UTF-16", "-t", "UTF-8", file])
            return Self(.other, "encoded in UTF-16", "convert it: \(command)")
        }
        if bytes.prefix(4096).contains(0) { return Self(.other, "binary data") }
        let head = String(decoding: start.prefix(14), as: UTF8.self).lowercased()
        if head == "<!doctype html" || head.hasPrefix("<html") { return Self(.other, "an HTML page") }
        if begins("age-encryption.org/") || begins("-----BEGIN AGE ENCRYPTED FILE-----") {
            return Self(.other, "encrypted by age", "decrypt it with a task 'decrypt'")
        }
        if begins("$ANSIBLE_VAULT;") {
            let command = quotedShellLine(["ansible-vault", "decrypt", file])
            return Self(.other, "encrypted by Ansible Vault", "decrypt it: \(command)")
        }
        // Objects of kind SopsSecret are excluded, because an operator decrypts them in the cluster.
        if contains("ENC[AES256_GCM,"), contains("\nsops:") || contains("\"sops\":"), !contains("SopsSecret") {
            return Self(.other, "encrypted by SOPS", "decrypt it: \(quotedShellLine(["sops", "-d", file]))")
        }
        if begins("-----BEGIN ") { return pem(bytes) }
        let name = path?.pathParts.last.map { String($0) } ?? ""
        let isNamed = ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(name)
        let group = "apiVersion: kustomize.config.k8s.io/"
        if begins(group) || contains("\n" + group) || isNamed && !contains("apiVersion") {
            let directory = path?.lastSlash.map { path?[..<$0] ?? "." } ?? "."
            let command = quotedShellLine(["kubectl", "kustomize", String(directory)])
            return Self(.other, "a kustomization", "write its objects to a file with \(command), and name that file")
        }
        return nil
    }

    /// Recognises PEM data whose blocks are all of one kind, ignoring EC parameters.
    private static func pem(_ bytes: [UInt8]) -> Self? {
        let lines = String(decoding: bytes.prefix(1 << 20), as: UTF8.self).split(whereSeparator: \.isNewline)
        let labels = Set(lines.filter { $0.hasPrefix("-----BEGIN ") }.map { $0.dropFirst(11).prefix { $0 != "-" } })
            .subtracting(["EC PARAMETERS"])
        if labels == ["CERTIFICATE"] { return Self(.certificate, "a certificate") }
        if labels == ["PUBLIC KEY"] { return Self(.other, "a public key") }
        if labels == ["CERTIFICATE REQUEST"] { return Self(.other, "a certificate request") }
        guard !labels.isEmpty, labels.allSatisfy({ $0.hasSuffix("PRIVATE KEY") }) else { return nil }
        let isEncrypted = labels.contains("ENCRYPTED PRIVATE KEY") || lines.contains("Proc-Type: 4,ENCRYPTED")
        return isEncrypted
            ? Self(.other, "a private key with a password") : Self(.privateKey, "a private key")
    }

    /// Returns the problem of a file in this format; `expected` names the right format, such as `a task file`.
    public func problem(path: String, expected: String) -> Problem {
        let location = SourceLocation(file: path, position: SourceLocation.Position(line: 1, column: 1))
        return Problem("the file is \(name), not \(expected)", at: location, hint: hint)
    }
}
