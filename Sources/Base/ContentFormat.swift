/// A kind of file, recognised by its content before it is read as what it should be.
///
/// A file of another kind is not a bad file of the right kind: its user needs the command that makes the right one.
public struct ContentFormat: Sendable, Hashable {
    /// The formats.
    public enum Kind: Sendable, Hashable {
        case empty, compressed, html, pointer, encrypted, otherEncoding, binary
        /// A text that programs for deployment decrypt before a node gets it.
        case encryptedForTools
        /// A value that can be decrypted only in the file from which it was copied.
        case encryptedValue
        case certificate, privateKey, encryptedKey, publicKey, request, keyStore, brokenPEM, keyOfSSH, keyOfAge
        case helmTemplate, otherTemplate, helmChart, helmValues, kustomization, compose, playbook
        case kubeconfig, manifest, taskFile
        /// A file that another program reads.
        case ofOtherProgram
        /// A text that is neither YAML nor JSON.
        case otherText
    }

    /// The purposes for which files are read.
    public enum Purpose: Sendable, Hashable {
        case taskFile, manifest, kubeconfig
        /// A certificate, a CA's certificate, or a private key in PEM.
        case certificate, authority, privateKey
        /// The private key with which `age` decrypts, and the file that it decrypts.
        case identity, encryptedFile
        /// The content of a file that a task writes.
        case content
    }

    public let kind: Kind

    /// The format in words that follow "is", such as `a kustomization`.
    public let name: String

    /// The commands or places with which the file can be used.
    private let advice: Advice

    /// Recognises a file.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path, of which the last part is a sign for some formats.
    ///   - isReadable: Whether the content can be read as what it should be. A template is looked for only if it cannot:
    ///     objects may contain the templates of other programs.
    /// - Returns: The format, `nil` if it is not a known one.
    public static func recognised(_ bytes: [UInt8], path: String, isReadable: Bool = true) -> Self? {
        let content = ExaminedContent(bytes, path, isDocument: true)
        let row = documentRows.first { row in
            (!isReadable || row.isCertain) && row.matches(content)
        }
        return row.map { Self(kind: $0.kind, name: $0.name, advice: $0.advice) }
    }

    /// Recognises a file in which the reader of a certificate, a key or an encrypted file found nothing that it can use.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path.
    ///   - purpose: The purpose for which the file is read.
    /// - Returns: The format; `nil` if it is not a known one, or if it is the one that the purpose needs.
    public static func recognised(_ bytes: [UInt8], path: String, for purpose: Purpose) -> Self? {
        let content = ExaminedContent(bytes, path, isDocument: false)
        guard !content.suits(purpose) else { return nil }
        let row = credentialRows.first { $0.matches(content) }
        return row.map { Self(kind: $0.kind, name: $0.name, advice: $0.advice) }
    }

    /// Recognises a content that another program has encrypted.
    ///
    /// - Parameter bytes: The content of a file, or a value.
    /// - Returns: The format, `nil` if the content is not encrypted, or by an unknown program.
    public static func encrypted(_ bytes: [UInt8]) -> Self? {
        let content = ExaminedContent(bytes, "", isDocument: true)
        let row = (encryptionRows + valueRows).first { $0.matches(content) }
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
            format.kind == .helmTemplate || format.kind == .otherTemplate
        else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isInTemplate = places.contains { place in
            guard let line = place.position?.line, lines.indices.contains(line - 1) else { return false }
            let text = String(decoding: lines[line - 1], as: UTF8.self)
            return ["{{", "{%", "<%"].contains(where: text.contains)
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
        return Problem("the file is \(name), not \(expected)", at: location, hint: hint(path: path))
    }

    /// Returns the command with which the file can be used, or what to correct.
    ///
    /// - Parameters:
    ///   - path: The path of the file, `nil` if the content is a value of another file.
    ///   - purpose: The purpose for which the file is read, `nil` for a document.
    /// - Returns: The hint.
    public func hint(path: String?, for purpose: Purpose? = nil) -> String {
        Self.filled(advice.text(for: purpose), path: path)
    }

    /// Replaces the names in a hint by the words of a path, and puts its commands in quotes.
    ///
    /// `FILE` is the path, `DIR` its directory, and `STEM` the path without the extension `.pub`.
    ///
    /// - Parameters:
    ///   - hint: The hint, with commands between backquotes.
    ///   - path: The path; if `nil`, `FILE` stays as it is.
    /// - Returns: The hint for this path.
    public static func filled(_ hint: String, path: String?) -> String {
        let slash = path?.lastSlash
        let directory = path.map { path in
            slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        }
        let stem = path.map { $0.hasSuffix(".pub") ? String($0.dropLast(4)) : $0 }
        let names = ["FILE": path, "DIR": directory, "STEM": stem]
        let name = /\b(?:FILE|DIR|STEM)\b/.wordBoundaryKind(.simple)
        let parts = hint.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            let isCommand = index % 2 == 1
            let text = String(part).replacing(name) { match in
                let value = names[String(match.output)].flatMap(\.self)
                return value.map { isCommand ? shellLine([$0]) : $0 } ?? String(match.output)
            }
            return isCommand && !text.contains("'") ? "'\(text)'" : text
        }
        return parts.joined()
    }
}

extension ContentFormat {
    /// The advice about a file, which may depend on the purpose for which it is read.
    struct Advice: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
        private let usual: String?
        private let documents: String?
        private let others: [Purpose: String]

        init(stringLiteral usual: String) { self.init(usual) }

        init(nilLiteral: ()) { self.init(nil) }

        /// Creates an advice.
        ///
        /// - Parameters:
        ///   - usual: The advice for all other purposes; `nil` to say what is expected instead.
        ///   - documents: The advice where a document in YAML or JSON is expected.
        ///   - certificate: The advice where certificates are expected.
        ///   - authority: The advice where the certificates of a CA are expected, if it is another one.
        ///   - key: The advice where a private key is expected.
        ///   - identity: The advice where a private key for `age` is expected.
        ///   - encrypted: The advice where a file encrypted by `age` is expected.
        init(
            _ usual: String? = nil,
            documents: String? = nil,
            certificate: String? = nil,
            authority: String? = nil,
            key: String? = nil,
            identity: String? = nil,
            encrypted: String? = nil,
        ) {
            (self.usual, self.documents) = (usual, documents)
            others = [
                .certificate: certificate, .authority: authority ?? certificate, .privateKey: key,
                .identity: identity, .encryptedFile: encrypted,
            ].compactMapValues(\.self)
        }

        /// Returns the advice for a purpose; without one, what is expected instead.
        func text(for purpose: Purpose?) -> String {
            let expected: String? =
                switch purpose {
                case .certificate: "name a certificate in PEM"
                case .authority: "name the certificate of the CA, in PEM"
                case .privateKey: "name a private key in PEM"
                case .identity: "name a private key of age or SSH"
                case .encryptedFile: "name a file that age has encrypted"
                case .taskFile, .manifest, .kubeconfig, .content, nil: nil
                }
            let special = expected == nil ? documents : purpose.flatMap { others[$0] }
            return special ?? usual ?? expected ?? "correct the path"
        }
    }

    /// A row of the table.
    struct Row: Sendable {
        let kind: Kind
        let name: String
        let advice: Advice
        let matches: @Sendable (ExaminedContent) -> Bool

        /// Whether the row also holds for a file that can be read as what it should be.
        var isCertain: Bool { kind != .helmTemplate && kind != .otherTemplate }

        init(_ kind: Kind, _ name: String, _ advice: Advice, _ matches: @escaping @Sendable (ExaminedContent) -> Bool) {
            (self.kind, self.name, self.advice, self.matches) = (kind, name, advice, matches)
        }
    }
}
