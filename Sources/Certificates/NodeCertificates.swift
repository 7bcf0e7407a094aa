public import Base
import Host
import Planning
import TLS
import YAML

/// The certificate of the CA with the certificates and encrypted keys of one node, as `certificates push` sends them.
///
/// A node that signs tokens also gets the certificates with which other nodes sign, without their keys: every API server
/// has to accept the tokens of all.
public struct NodeCertificates: Sendable {
    /// The name of the node.
    public let node: String

    /// The contents of the files, by path relative to the directory of the set.
    let files: [String: [UInt8]]

    /// The maximum size in bytes of received files; the files of a node take only a few KiB.
    public static let sizeLimit = 4 << 20

    /// Reads the files of a node from the set; the caller must hold the lock of the set.
    ///
    /// - Throws: ``Base/Problem`` if a declared file is missing or cannot be used.
    public init(of node: String, in set: CertificateSet) throws(Problem) {
        var files: [String: [UInt8]] = [:]
        let leaves = set.declarations.leaves.filter { $0.node == node }
        let signers = Set(leaves.filter(\.signsTokens).map(\.name))
        let others = set.declarations.leaves.filter {
            $0.node != node && $0.signsTokens && signers.contains($0.name)
        }
        let names =
            [set.authorityFiles.certificate] + leaves.map(set.files).flatMap { [$0.certificate, $0.key] }
            + others.map { set.files(of: $0).certificate }
        for name in names {
            do throws(SystemError) {
                files[name] = try set.read(name)
            } catch {
                throw Problem("\(error)", hint: error.advice)
            }
            guard files[name] != nil else { throw Self.unusable(set.path(name), "is missing") }
        }
        (self.node, self.files) = (node, files)
        try check()
    }

    /// Reads the JSON object that another process has sent.
    ///
    /// - Throws: ``Base/Problem`` if the object is truncated, or any file in it cannot be used.
    public init(json: [UInt8]) throws(Problem) {
        let root: Node
        do throws(Problem) {
            root = try readJSON(json, file: "standard input")
        } catch _ {
            throw Problem("what was sent is not complete JSON", hint: "push again")
        }
        guard let node = root["node"]?.string, let entries = root["files"]?.mapping?.entries, !entries.isEmpty else {
            throw Problem(
                "what was sent is not the files of a node",
                hint: "use the same version of nest-bootstrap on both sides"
            )
        }
        var files: [String: [UInt8]] = [:]
        for entry in entries {
            guard Self.isPath(entry.key, of: node), let text = entry.value.string, let bytes = try? Base64.decode(text)
            else {
                let hint = "use the same version of nest-bootstrap on both sides"
                throw Problem(
                    "'\(printable(entry.key))' is not a file of node '\(printable(node))'",
                    hint: hint
                )
            }
            files[entry.key] = bytes
        }
        (self.node, self.files) = (node, files)
        try check()
    }

    /// The files as one JSON object, which ``init(json:)`` reads.
    public var json: [UInt8] {
        let contents = files.sorted { $0.key < $1.key }.map { ($0.key, Node.string(Base64.encode($0.value))) }
        return Node.mapping([("node", .string(node)), ("files", .mapping(contents))]).json()
    }

    /// Returns whether a path is allowed for the files that are sent to a node.
    private static func isPath(_ path: String, of node: String) -> Bool {
        let parts = path.pathParts.map(String.init)
        guard path == parts.joined(separator: "/"), let name = parts.last,
            name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*/) != nil
        else { return false }
        let isOfAnyNode = parts.count == 3 && parts[0] == "derived" && SubjectName.isHostName(parts[1])
        return (parts.dropLast() == ["ca"] || isOfAnyNode) && name.hasSuffix(".crt")
            || parts.dropLast() == ["derived", node] && name.hasSuffix(".key.age")
    }

    /// Checks that the CA has issued every certificate, and that every key is encrypted.
    ///
    /// - Throws: ``Base/Problem`` with the first file that cannot be used.
    private func check() throws(Problem) {
        for (path, content) in files {
            guard content.count <= SizeLimit.encrypted else { throw Self.unusable(path, "is too large") }
            guard content.firstRange(of: Array("PRIVATE KEY-----".utf8)) == nil else {
                throw Self.unusable(path, "contains a private key that is not encrypted")
            }
        }
        var authorities: [Certificate] = []
        for (path, content) in files where path.hasPrefix("ca/") {
            do throws(TLSError) {
                authorities += try Certificate.read(pem: content)
            } catch {
                throw Self.unusable(path, "cannot be read: \(error)")
            }
        }
        for (path, content) in files.sorted(by: { $0.key < $1.key }) where !path.hasPrefix("ca/") {
            if path.hasSuffix(".key.age") {
                guard AgeFile(content)?.contentCount != nil else {
                    throw Self.unusable(path, "is not an encrypted key")
                }
                continue
            }
            guard let chain = try? Certificate.read(pem: content), let certificate = chain.first else {
                throw Self.unusable(path, "is not a certificate")
            }
            guard certificate.isIssued(by: authorities, intermediates: Array(chain.dropFirst())) else {
                throw Self.unusable(path, "is not issued by the CA of the set")
            }
        }
    }

    private static func unusable(_ path: String, _ fault: String) -> Problem {
        Problem(
            "'\(path)' \(fault)",
            hint: "'nest-bootstrap certificates renew' makes the files of the set"
        )
    }
}

extension NodeCertificates {
    /// The maximum time to wait for another installation.
    ///
    /// It is much shorter than the time that the sender waits, so that the sender normally gets the answer. If the login
    /// takes minutes, files may still be installed after the sender has given up.
    private static let lockLimit = Duration.seconds(60)

    /// The effect of an installation.
    public struct Installation: Sendable, Hashable {
        /// The files that were created or replaced, sorted.
        public var changed: [String] = []
        /// The obsolete certificates and keys of the node that were removed, sorted.
        public var removed: [String] = []
        /// The number of files that were already up to date.
        public var unchangedCount = 0

        /// Creates the effect of an installation without files.
        public init() {}
    }

    /// Installs the files in a directory on the node: all of them in one step, or none.
    ///
    /// Other files in the directory stay, except obsolete certificates and keys in the subdirectory of the node.
    ///
    /// - Parameters:
    ///   - directory: The absolute path of the directory, which need not exist.
    ///   - isDryRun: Whether the effect is only determined, and nothing is written.
    /// - Returns: The effect.
    /// - Throws: ``Base/Problem`` if a step fails. The directory is then unchanged.
    public func install(in directory: String, isDryRun: Bool) async throws(Problem) -> Installation {
        guard !isDryRun else { return try effect(in: directory) }
        let lock = try await CertificateSet.lock(directory, within: Self.lockLimit)
        defer { withExtendedLifetime(lock) {} }
        let effect = try effect(in: directory)
        guard !effect.changed.isEmpty || !effect.removed.isEmpty else { return effect }
        do {
            var staged = try StagedDirectory(replacing: directory)
            for path in effect.changed {
                guard let content = files[path] else { continue }
                let target = "\(staged.path)/\(path)"
                // A link is replaced by a file, and its permissions, which are those of every link, are not taken over.
                let old = try FileSystem.status(target).flatMap { $0.kind == .regular ? $0 : nil }
                try FileSystem.write(
                    content,
                    to: target,
                    mode: (old?.mode ?? 0o644) & 0o644,
                    owner: old?.owner,
                    group: old?.group
                )
            }
            for path in effect.removed { try staged.remove(path) }
            try staged.publish()
        } catch {
            throw CertificateSet.unchanged(directory, error)
        }
        return effect
    }

    private func effect(in directory: String) throws(Problem) -> Installation {
        var effect = Installation()
        do throws(SystemError) {
            for (path, content) in files {
                let present = try CertificateSet.read("\(directory)/\(path)")
                if present == content { effect.unchangedCount += 1 } else { effect.changed.append(path) }
            }
            let own = "derived/\(node)"
            if try FileSystem.status("\(directory)/\(own)")?.kind == .directory {
                let names = try FileSystem.list("\(directory)/\(own)").map { "\(own)/\($0)" }
                effect.removed = names.filter { files[$0] == nil && Self.isPath($0, of: node) }.sorted()
            }
        } catch {
            throw CertificateSet.unchanged(directory, error)
        }
        effect.changed.sort()
        return effect
    }
}
