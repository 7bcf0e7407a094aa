/// A kind of file, recognised by its content before it is read as what it should be.
///
/// A file of another kind is not a bad file of the right kind: its user needs the command that makes the right one.
public struct ContentFormat: Sendable, Hashable {
    /// The formats.
    public enum Kind: Sendable, Hashable {
        case empty, compressed, html, pkcs12, der, certificate, privateKey, publicKey, encrypted
        case helmTemplate, jinja, helmChart, helmValues, kustomization, compose, playbook
        case kubeconfig, manifest, taskFile
    }

    public let kind: Kind

    /// The format in words that follow "is", such as `a kustomization`.
    public let name: String

    /// The command or the place with which the file can be used, `nil` if there is none.
    ///
    /// `FILE` and `DIR` are replaced by the path of the file and its directory.
    private let advice: String?

    /// Recognises a file.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path, of which the last part is a sign for some formats.
    ///   - isReadable: Whether the content can be read as what it should be. A template is looked for only if it cannot:
    ///     objects may contain the templates of other programs.
    /// - Returns: The format, `nil` if it is not a known one.
    public static func recognised(_ bytes: [UInt8], path: String, isReadable: Bool = true) -> Self? {
        let content = Content(bytes, path)
        let row = rows.first { row in
            (!isReadable || row.kind != .helmTemplate && row.kind != .jinja) && row.matches(content)
        }
        return row.map { Self(kind: $0.kind, name: $0.name, advice: $0.advice) }
    }

    /// Recognises a template from places that cannot be as they are: one of them is in a line with a template's brackets.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path.
    ///   - places: The places of problems.
    /// - Returns: The format, `nil` if no place is in such a line, or the file is no template.
    public static func template(_ bytes: [UInt8], path: String, at places: [SourceLocation]) -> Self? {
        guard !places.isEmpty, let format = recognised(bytes, path: path, isReadable: false),
            format.kind == .helmTemplate || format.kind == .jinja
        else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isInTemplate = places.contains { place in
            guard let line = place.position?.line, lines.indices.contains(line - 1) else { return false }
            let text = String(decoding: lines[line - 1], as: UTF8.self)
            return text.contains("{{") || text.contains("{%")
        }
        return isInTemplate ? format : nil
    }

    /// Returns the problem of a file that is of this format where another one is expected.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - expected: The expected format in words, such as `a task file`.
    /// - Returns: The problem, at the first line.
    public func problem(path: String, expected: String) -> Problem {
        let location = SourceLocation(file: path, position: SourceLocation.Position(line: 1, column: 1))
        let slash = path.lastSlash
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let hint = advice.map { $0.replacing("FILE", with: path).replacing("DIR", with: directory) }
        return Problem("the file is \(name), not \(expected)", at: location, hint: hint)
    }
}

extension ContentFormat {
    /// A row of the table.
    private struct Row: Sendable {
        let kind: Kind
        let name: String
        let advice: String?
        let matches: @Sendable (Content) -> Bool

        init(_ kind: Kind, _ name: String, _ advice: String?, _ matches: @escaping @Sendable (Content) -> Bool) {
            (self.kind, self.name, self.advice, self.matches) = (kind, name, advice, matches)
        }
    }

    /// The formats in the order in which they are looked for; the first one that matches counts.
    private static let rows: [Row] = [
        Row(.empty, "empty", "write it, or correct the path") { $0.bytes.allSatisfy { $0 <= 0x20 } },
        Row(.compressed, "compressed by gzip", "decompress it with 'gzip -dk FILE'") { $0.begins([0x1F, 0x8B]) },
        Row(.compressed, "compressed by zstd", "decompress it with 'zstd -d FILE'") {
            $0.begins([0x28, 0xB5, 0x2F, 0xFD])
        },
        Row(.compressed, "compressed by xz", "decompress it with 'xz -dk FILE'") {
            $0.begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
        },
        Row(.compressed, "a ZIP archive", "unpack it with 'unzip FILE'") { $0.begins([0x50, 0x4B, 0x03, 0x04]) },
        // DER: a sequence; PKCS 12 (RFC 7292, section 4) is one of version 3 and content of PKCS 7.
        Row(.pkcs12, "in the format PKCS 12", "convert it with 'openssl pkcs12 -in FILE -nodes'") {
            $0.begins([0x30, 0x82]) && $0.bytes.dropFirst(4).starts(with: [0x02, 0x01, 0x03])
        },
        Row(.der, "in the format DER", "convert it with 'openssl x509 -inform DER -in FILE'") {
            $0.begins([0x30, 0x82])
        },
        Row(.html, "an HTML page", "look at what its server answered: a login page, or a proxy's error") { content in
            ["<!doctype html", "<html"].contains { content.text.lowercased().hasPrefix($0) }
        },
        Row(.encrypted, "encrypted by age", "decrypt it with a task 'decrypt', or with 'age -d -i IDENTITY FILE'") {
            $0.text.hasPrefix("age-encryption.org/v1") || $0.text.hasPrefix("-----BEGIN AGE ENCRYPTED FILE-----")
        },
        Row(.encrypted, "encrypted by Ansible Vault", "decrypt it with 'ansible-vault decrypt FILE'") {
            $0.text.hasPrefix("$ANSIBLE_VAULT;")
        },
        Row(.encrypted, "encrypted by OpenPGP", "decrypt it with 'gpg -d FILE'") {
            $0.text.hasPrefix("-----BEGIN PGP MESSAGE-----")
        },
        Row(.encrypted, "encrypted by SOPS", "decrypt it with 'sops -d FILE'") { content in
            content.text.contains("ENC[AES256_GCM,")
                && (content.keys.contains("sops") || content.text.contains("\"sops\":"))
        },
        Row(.privateKey, "a private key", "correct the path") { $0.hasPEM("PRIVATE KEY") },
        Row(.publicKey, "a public key", "correct the path") { content in
            content.hasPEM("PUBLIC KEY")
                || ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-"].contains { content.text.hasPrefix($0) }
        },
        Row(.certificate, "a certificate", "correct the path") { $0.hasPEM("CERTIFICATE") },
        Row(
            .helmTemplate,
            "a template of Helm",
            "write its result to a file with 'helm template NAME CHART', and name that file"
        ) {
            content in
            ["{{-", "-}}", ".Values", ".Release", ".Chart", "include \"", "toYaml"].contains {
                content.text.contains($0)
            }
                && content.text.contains("{{")
        },
        Row(.jinja, "a template of Jinja", "write its result to a file, and name that file") { content in
            content.text.contains("{%") && content.text.contains("%}")
        },
        Row(
            .helmChart,
            "the description of a Helm chart",
            "write its objects to a file with 'helm template NAME DIR', and name that file"
        ) {
            content in
            content.name == "Chart.yaml" && !content.text.contains("kind:")
        },
        Row(
            .kustomization,
            "a kustomization",
            "write its objects to a file with 'kubectl kustomize DIR', and name that file"
        ) { content in
            ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(content.name)
                && !content.text.contains("apiVersion")
                || content.value(of: "apiVersion")?.hasPrefix("kustomize.config.k8s.io/") == true
        },
        Row(.kubeconfig, "a kubeconfig", "correct the path") { content in
            content.value(of: "kind") == "Config" && content.keys.contains("clusters")
                || content.keys.isSuperset(of: ["clusters", "contexts", "users"])
        },
        Row(.manifest, "a manifest of Kubernetes", "name it in 'apply: {manifests: [FILE]}' of a task") {
            $0.keys.isSuperset(of: ["apiVersion", "kind"])
        },
        Row(.taskFile, "a task file of nest-bootstrap", "correct the path") { content in
            content.keys.contains("tasks") && !content.keys.contains("hosts")
        },
        Row(.helmValues, "a file with the values of a Helm chart", "move it out of the directory") {
            ["values.yaml", "values.yml"].contains($0.name) && !$0.text.contains("apiVersion")
        },
        Row(.compose, "a Compose file", "write its services as manifests") { content in
            content.keys.contains("services") && !content.keys.contains("apiVersion")
        },
        Row(.playbook, "an Ansible playbook", "write its steps as tasks, or run it with 'ansible-playbook FILE'") {
            content in
            ["- hosts:", "- name:"].contains { content.text.hasPrefix($0) || content.text.contains("\n\($0)") }
                && content.text.contains("\n  tasks:")
        },
    ]
}

/// The content of a file in the parts by which a format is recognised.
private struct Content {
    /// The beginning of the content; more is not looked at.
    let bytes: ArraySlice<UInt8>

    /// The same as text, without white space, comments and a `---` line at the beginning.
    let text: Substring

    /// The last part of the path.
    let name: String

    /// The keys at the beginning of lines, of the first document.
    let keys: Set<String>

    private let lines: [Substring]

    init(_ bytes: [UInt8], _ path: String) {
        self.bytes = bytes.prefix(1 << 20)
        var text = Substring(decoding: self.bytes, as: UTF8.self)
        while let first = text.first, first.isWhitespace || first == "#" || text.hasPrefix("---\n") {
            text = first.isWhitespace ? text.dropFirst() : text.drop { $0 != "\n" && $0 != "\r\n" }
        }
        self.text = text
        name = String(path.lastSlash.map { path[path.index(after: $0)...] } ?? path[...])
        lines = text.split(whereSeparator: \.isNewline).prefix { !$0.hasPrefix("---") || $0.hasPrefix("-----") }
        keys = Set(
            lines.compactMap { line in
                guard let first = line.first, first.isLetter || first == "\"", let colon = line.firstIndex(of: ":")
                else {
                    return nil
                }
                return String(line[..<colon].filter { $0 != "\"" })
            }
        )
    }

    func begins(_ signature: [UInt8]) -> Bool { bytes.starts(with: signature) }

    /// Returns whether the content is PEM whose label ends so.
    func hasPEM(_ label: String) -> Bool {
        text.hasPrefix("-----BEGIN ") && lines.first?.hasSuffix("\(label)-----") == true
    }

    /// Returns the value of a key at the beginning of a line.
    func value(of key: String) -> String? {
        lines.first { $0.hasPrefix("\(key):") }.map { line in
            String(
                line.dropFirst(key.count + 1).drop(while: \.isWhitespace).prefix { !$0.isWhitespace }.filter {
                    $0 != "\""
                }
            )
        }
    }
}
