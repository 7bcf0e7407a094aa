import Base
import YAML

/// Verb `file`: a file with a given content, mode and owner, or the files of an archive.
public struct FileDeclaration: VerbDeclaration {
    /// The source of the content.
    public enum Source: Sendable, Hashable {
        /// Another file, copied byte by byte.
        case path(LocatedPath)
        /// Text in the task file.
        case content(String)
        /// A URL, with the SHA-256 digest of its content in lower-case hexadecimal.
        case url(String, sha256: String)
        /// Random text, generated once if the file does not exist.
        case generated(Generator)
    }

    /// The sources of generated content.
    public enum Generator: String, Sendable, Hashable, CaseIterable {
        /// 64 hexadecimal digits from 32 random bytes, and a line feed.
        case token
    }

    /// The part of an archive that is unpacked.
    public struct Unpacking: Sendable, Hashable {
        /// The number of directories at the beginning of each name that are left out.
        public var strippedCount: Int

        /// The names of the wanted files and directories after ``strippedCount``, empty for all.
        public var wanted: [String]
    }

    /// The program that unpacks archives.
    public static let unpacker = "tar"

    /// The file to write, or the directory in which an archive is unpacked.
    public var path: LocatedPath

    /// The source of the content.
    public var source: Source

    /// The part of the archive that is unpacked, `nil` if the source is the content itself.
    public var unpacking: Unpacking?

    /// The permissions of the file or files, or `nil` for ``usualMode`` without the permissions that the source file lacks.
    public var mode: UInt16?

    /// The permissions if ``mode`` is `nil` and the source is not stricter: 0600 for generated content, otherwise 0644.
    public var usualMode: UInt16 {
        if case .generated = source { 0o600 } else { 0o644 }
    }

    /// The name or number of the file's owner, or `nil` for the agent's user.
    public var owner: String?

    /// The name or number of the file's group, or `nil` for the agent's group.
    public var group: String?

    /// The locations of the keys that name the owner and the group.
    var accountLocations: [Footprint.Account.Kind: SourceLocation] = [:]
}

extension FileDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "file" }

    public static var summary: String { "writes a file, or unpacks an archive" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.source.description, Keys.content.description, Keys.generate.description,
            Keys.url.description, Keys.sha256.description, Keys.unpack.description, Keys.mode.description,
            Keys.owner.description, Keys.group.description,
        ]
    }

    private enum Keys {
        static let sources = ["source", "content", "generate", "url"]
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/etc/cni/net.d/10-calico.conflist",
            "the file, or with `unpack` the directory; missing directories above it are created"
        )
        static let source = Key.oneOf(
            sources,
            "source",
            .readPath,
            "the file to copy, byte by byte, or with `unpack` the archive"
        )
        static let content = Key.oneOf(sources, "content", .content, "the file's content")
        static let generate = Key.oneOf(
            sources,
            "generate",
            ValueReader<String>.word(Generator.allCases.map(\.rawValue)),
            "`token` for 64 random hexadecimal digits; a file that exists keeps its content"
        )
        static let url = Key.oneOf(sources, "url", .url, "the URL to fetch the file or the archive from")
        static let sha256 = Key.optional(
            "sha256",
            .digest,
            default: "required with `url`",
            "the SHA-256 digest of what the URL has"
        )
        static let unpack = Key.optional(
            "unpack",
            ValueReader(type: .mapping([strip.description, only.description]), read: readUnpacking),
            default: "the file is not unpacked",
            "unpack the archive (tar) in the directory `path`; `{}` for all of it"
        )
        static let strip = DefaultedKey(
            "strip",
            .count,
            default: 0,
            "the number of directories at the beginning of each name that are left out"
        )
        static let only = Key.optional(
            "only",
            ValueReader<[String]>.list(of: .string("a name in the archive"), "names in the archive").ofAtLeastOne,
            default: "everything",
            "the files and directories to unpack, by their names after `strip`; `*` matches any part of a name"
        )
        static let mode = Key.optional(
            "mode",
            .mode,
            default:
                "with `generate` `0600`, else `0644`, without what `source` does not allow; with `unpack` `0755` for what "
                + "the archive lets its owner execute",
            "the permissions of the file or files, with `generate` none for every user; a copy of a file with mode 0600 "
                + "keeps 0600"
        )
        static let owner = Key.optional("owner", .account("user"), default: "root", "the owner of the file or files")
        static let group = Key.optional("group", .account("group"), default: "root", "the group of the file or files")
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let sourcePath = fields.value(Keys.source)
        let content = fields.value(Keys.content)
        let generator = fields.value(Keys.generate).flatMap(Generator.init)
        let pinned = pinnedURL(&fields)
        let unpacking = fields.value(Keys.unpack)
        let mode = fields.value(Keys.mode)
        if generator != nil, let mode { fields.reportOpenMode(mode, of: "the token") }
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group)
        fields.requireOne(of: Keys.sources, example: "source: FILE, or content: TEXT")
        if let path, let sourcePath, located(path.path).hasSameBytes(as: located(sourcePath.path)) {
            fields.problems.add(
                sourcePath.location,
                "\(fields.subject.label("source")) is the file that the task writes",
                hint: "name the file to copy, or remove the task",
            )
        }
        let written =
            sourcePath.map(Source.path) ?? content.map(Source.content) ?? generator.map(Source.generated) ?? pinned
        guard let path, let source = written else { return nil }
        var declaration = Self(path: path, source: source, unpacking: unpacking, mode: mode, owner: owner, group: group)
        declaration.reportUnusable(in: &fields)
        declaration.accountLocations = fields.accountLocations()
        return ReadVerb(declaration)
    }

    /// Reads the URL and its digest, each of which needs the other.
    private static func pinnedURL(_ fields: inout MappingReader) -> Source? {
        let url = fields.value(Keys.url)
        let hasDigest = fields.has(Keys.sha256.description.name)
        let digest = fields.value(Keys.sha256)
        if url != nil, !hasDigest {
            fields.problems.add(
                fields.location(ofKey: Keys.url.description.name),
                "\(fields.subject.label("url")) needs a digest",
                hint: "write 'sha256: DIGEST' beside it, as the publisher announces it"
            )
        }
        guard let url, let digest else { return nil }
        return .url(url, sha256: digest)
    }

    @Sendable private static func readUnpacking(_ value: ConfigValue) -> Unpacking? {
        guard var fields = value.mapping("a mapping") else { return nil }
        defer { fields.finish() }
        let strippedCount = fields.value(Keys.strip)
        let wanted = fields.value(Keys.only)
        let isUnusable = { (name: String) in
            name.isAbsolutePath || name.pathParts.contains("..") || name.pathParts.allSatisfy { $0 == "." }
        }
        if let wanted, wanted.isEmpty || wanted.contains(where: isUnusable) {
            fields.problems.add(
                fields.location(ofKey: Keys.only.description.name),
                "\(fields.subject.label("only")) must have names in the archive, such as bin/kubelet",
                hint: "remove it to unpack everything"
            )
        }
        return Unpacking(strippedCount: strippedCount, wanted: wanted ?? [])
    }

    /// Reports keys that do not belong to the source.
    private func reportUnusable(in fields: inout MappingReader) {
        if unpacking != nil {
            switch source {
            case .path, .url: break
            case .content, .generated:
                fields.problems.add(
                    fields.location(ofKey: Keys.unpack.description.name),
                    "\(fields.subject.label("unpack")) needs an archive",
                    hint: "name it in 'source' or 'url', or remove 'unpack'"
                )
            }
        }
        var isStreamed = unpacking != nil
        if case .url = source { isStreamed = true }
        if isStreamed, let mode, mode & 0o7000 != 0 {
            fields.problems.add(
                fields.location(ofKey: Keys.mode.description.name),
                "\(fields.subject.label("mode")) is 0\(String(mode, radix: 8)): files of URLs and archives get no set-user-ID, "
                    + "set-group-ID or sticky bit",
                hint: "write 'mode: \"0\(String(mode & 0o777, radix: 8))\"'"
            )
        }
        if case .url = source { return }
        guard fields.has(Keys.sha256.description.name) else { return }
        fields.problems.add(
            fields.location(ofKey: Keys.sha256.description.name),
            "\(fields.subject.label("sha256")) belongs to a URL",
            hint: "remove it, or name the file in 'url'"
        )
    }
}

extension FileDeclaration {
    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let mode = mode ?? usualMode
        let isSecret = mode & 0o077 == 0
        var footprint = Footprint(writes: [write(isSecret: isSecret, mode: mode)])
        if unpacking != nil {
            footprint.unpacks = true
            footprint.command = .init(name: LocatedPath(Self.unpacker, location: path.location), package: "tar")
        }
        switch source {
        case .path(let source):
            let use: Footprint.Read.Use = isSecret ? .secret : .file
            footprint.reads.append(.init(path: source, use: unpacking == nil ? use : .archive))
        case .url(let url, let digest):
            footprint.connections.append(.url(url))
            footprint.fetchedDigests.append(digest)
        case .content, .generated: break
        }
        footprint.addAccounts(owner: owner, group: group, named: accountLocations, at: path.location)
        return footprint
    }

    private func write(isSecret: Bool, mode: UInt16) -> Footprint.Write {
        if unpacking != nil {
            let directory = LocatedPath("\(path.path.withoutSlashesAtEnd)/", location: path.location)
            return .init(path: directory, effect: .modifies, isSecret: isSecret)
        }
        if case .url = source { return .init(path: path, effect: .replaces, isSecret: isSecret) }
        return .init(
            path: path,
            effect: .replaces,
            isSecret: isSecret,
            product: .file(mode: mode, owner: owner, group: group)
        )
    }
}
