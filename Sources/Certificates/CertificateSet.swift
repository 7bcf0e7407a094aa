public import Base
import HTTP
import Host
public import Planning

/// The certificates and encrypted keys of the CA and all nodes, in a directory.
public struct CertificateSet: Sendable {
    /// The `certificates` section of the task files.
    public let declarations: CertificateDeclarations

    /// The recipients of the CA's key, who can also decrypt the keys of the nodes.
    let operators: RecipientList

    /// The recipients of the keys of each node, by node.
    let recipients: [String: RecipientList]

    /// Creates a set, and reads the public keys of the nodes.
    ///
    /// - Throws: ``Base/Problems`` with a problem for every node without a usable public key.
    public init(_ declarations: CertificateDeclarations) throws(Problems) {
        self.declarations = declarations
        let operators = declarations.recipients.map { recipient in
            let name = recipient.comment.map { "operator '\($0)'" } ?? "an operator"
            return RecipientList.Entry(recipient: recipient, owner: name)
        }
        self.operators = RecipientList(entries: operators)
        let keys = declarations.hostKeys.path
        var recipients: [String: RecipientList] = [:]
        var problems: [Problem] = []
        for node in declarations.nodes {
            do throws(Problem) {
                recipients[node] = RecipientList(entries: operators + (try Self.recipients(of: node, in: keys)))
            } catch {
                problems.append(error)
            }
        }
        self.recipients = recipients
        guard problems.isEmpty else { throw Problems(problems) }
    }

    /// The directory, without a trailing slash.
    public var directory: String { declarations.directory.path }

    /// The paths of a certificate and its encrypted key, relative to the directory.
    struct Files: Sendable, Hashable {
        let certificate: String
        let key: String

        init(_ path: String) {
            certificate = "\(path).crt"
            key = "\(path).key.age"
        }
    }

    var authorityFiles: Files { Files("ca/\(declarations.authority.name)") }

    func files(of leaf: LeafDeclaration) -> Files {
        Files("derived/\(leaf.node)/\(declarations.authority.name)-\(leaf.name)")
    }

    func path(_ file: String) -> String { "\(directory)/\(file)" }

    /// Reads a file by its path in the directory; returns `nil` if it does not exist.
    func read(_ file: String) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try readFile(path(file), limit: SizeLimit.encrypted)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Returns the undeclared certificates and keys, relative to the directory.
    func undeclaredFiles(_ progress: RotationProgress) throws(SystemError) -> [String] {
        var declared: Set<String> = [authorityFiles.certificate, authorityFiles.key]
        if progress == .added { declared.insert(nextKeyFile) }
        for leaf in declarations.leaves {
            let files = files(of: leaf)
            declared.formUnion([files.certificate, files.key])
        }
        var directories = ["ca"]
        if try isDirectory("derived") {
            for node in try FileSystem.list(path("derived")) where try isDirectory("derived/\(node)") {
                directories.append("derived/\(node)")
            }
        }
        var undeclared: [String] = []
        for directory in directories where try isDirectory(directory) {
            let files = try FileSystem.list(path(directory)).map { "\(directory)/\($0)" }
            undeclared += files.filter { ($0.hasSuffix(".crt") || $0.hasSuffix(".key.age")) && !declared.contains($0) }
        }
        return undeclared
    }

    private func isDirectory(_ name: String) throws(SystemError) -> Bool {
        try FileSystem.status(path(name))?.kind == .directory
    }
}

/// The progress of a CA rotation, derived from the files of the set.
public enum RotationProgress: String, Sendable, Hashable, CaseIterable {
    /// No rotation is in progress.
    case notRotating = "none"
    /// The new CA is trusted, and the old CA issues certificates.
    case added
    /// The new CA issues certificates, and the old CA is still trusted.
    case issued
}

extension CertificateSet {
    /// The certificates in the CA file, and the progress of the rotation.
    struct Authorities: Sendable {
        /// At least one certificate; the first belongs to the CA that issues certificates.
        let certificates: [Certificate]
        let progress: RotationProgress
    }

    /// The file with the encrypted key of the new CA; the file is removed once the new CA issues certificates.
    var nextKeyFile: String { "ca/\(declarations.authority.name)-next.key.age" }

    func progress(certificateCount: Int) throws(SystemError) -> RotationProgress {
        guard certificateCount > 1 else { return .notRotating }
        return try FileSystem.exists(path(nextKeyFile)) ? .added : .issued
    }

    /// Reads the certificates in the CA file; the file must exist.
    func authorities() throws(Problem) -> Authorities {
        let file = authorityFiles.certificate
        do {
            guard let bytes = try read(file) else {
                let hint = "'nest-bootstrap certificates renew' makes one"
                throw Problem("there is no CA in '\(path(file))'", hint: hint)
            }
            let certificates = try Certificate.read(pem: bytes)
            return Authorities(
                certificates: certificates,
                progress: try progress(certificateCount: certificates.count)
            )
        } catch let error as Problem {
            throw error
        } catch {
            throw Problem("the certificate of the CA, '\(path(file))', cannot be used: \(error)")
        }
    }

    private static let keySizeLimit = 16 << 10
    private static let keyCountLimit = 100

    /// Reads the public SSH keys of a node from the files `NODE/*.pub`.
    ///
    /// Keys of types other than Ed25519 are ignored: a node usually has several keys, and one is enough to decrypt.
    private static func recipients(of node: String, in directory: String) throws(Problem) -> [RecipientList.Entry] {
        let path = "\(directory)/\(node)"
        let hint = "copy '/etc/ssh/ssh_host_ed25519_key.pub' of the node to '\(path)/'"
        var names: [String] = []
        do throws(SystemError) {
            names = try FileSystem.list(path, limit: keyCountLimit).filter { $0.hasSuffix(".pub") }
        } catch {
            throw Problem("node '\(node)' has no public key: \(error)", hint: hint)
        }
        var entries: [RecipientList.Entry] = []
        for name in names {
            let file = "\(path)/\(name)"
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try readFile(file, limit: keySizeLimit)
            } catch {
                throw Problem("node '\(node)' has no public key: \(error)", hint: hint)
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            for line in lines where line.hasPrefix("ssh-ed25519") {
                do throws(Problem) {
                    entries.append(.init(recipient: try Recipient(String(line)), owner: "node '\(node)'"))
                } catch {
                    throw Problem("the key in '\(file)' \(error.message)", hint: hint)
                }
            }
        }
        guard entries.isEmpty else { return entries }
        throw Problem(
            "node '\(node)' has no public key: no file '*.pub' in '\(path)' has one of type ed25519",
            hint: hint
        )
    }
}
