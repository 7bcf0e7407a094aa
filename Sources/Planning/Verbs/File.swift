import Base

/// Verb `file`: a file with a given content, mode and owner, or the files of an archive.
public struct FileDeclaration: VerbDeclaration {
    public enum Source: Sendable, Hashable {
        /// Another file, which is copied byte by byte or unpacked.
        case path(LocatedPath)
        /// Text in the task file.
        case content(String)
        /// A URL, with the digest of its content in lower-case hexadecimal.
        case url(String, sha256: String)
        /// Random text, generated if the file does not exist.
        case generated(Generator)
    }

    public enum Generator: String, Sendable, Hashable, CaseIterable {
        /// 64 hexadecimal digits from 32 random bytes, and a line feed.
        case token
    }

    /// The part of an archive that is unpacked.
    public struct Unpacking: Sendable, Hashable {
        /// The number of leading path components that are removed from each name.
        public var strippedCount = 0

        /// Names or patterns of wanted files and directories, without the removed components; if empty, all are wanted.
        public var wanted: [String] = []
    }

    /// The program that unpacks archives.
    public static let unpacker = "tar"

    /// The file to write, or the directory in which an archive is unpacked.
    public var path = LocatedPath.unset

    public var source = Source.content("")

    /// The part of the archive to unpack, or `nil` if the source is not unpacked.
    public var unpacking: Unpacking?

    /// The permissions of the files; if `nil`, ``usualMode`` adapted to the source file or the archive.
    public var mode: UInt16?
    public var usualMode: UInt16 {
        if case .generated = source { 0o600 } else { 0o644 }
    }

    /// The owner; if `nil`, the agent's user.
    var owner: Footprint.Account?

    /// The group; if `nil`, the agent's group.
    var group: Footprint.Account?

    /// The digest of the URL's content until it is part of ``source``.
    private var digest: String?
}

extension FileDeclaration: ReadableVerb {
    public static var name: String { "file" }

    static var summary: String { "writes a file, or unpacks an archive" }

    private static let sources = ["source", "content", "generate", "url"]

    static let keys: [Key<Self>] = [
        Key("path", \.path, .writtenPath, required: "/etc/cni/net.d/10-calico.conflist")
            .meaning("the file, or with `unpack` the directory; missing directories above it are created"),
        Key("source", \.source, ValueReader<LocatedPath>.readPath.map { .path($0) }, oneOf: sources)
            .meaning("the file to copy, byte by byte, or with `unpack` the archive"),
        Key("content", \.source, ValueReader<String>.content.map { .content($0) }, oneOf: sources)
            .meaning("the file's content"),
        Key("generate", \.source, ValueReader<Generator>.word.map { .generated($0) }, oneOf: sources)
            .meaning("`token` for 64 random hexadecimal digits; a file that exists keeps its content"),
        Key("url", \.source, ValueReader<String>.url.map { .url($0, sha256: "") }, oneOf: sources)
            .meaning("the URL to fetch the file or the archive from"),
        Key("sha256", \.digest, .digest, default: "required with `url`")
            .meaning("the SHA-256 digest of what the URL has"),
        Key("unpack", \.unpacking, .mapping(Unpacking.keys, into: Unpacking()), default: "the file is not unpacked")
            .meaning("unpack the archive (tar) in the directory `path`; `{}` for all of it"),
        Key(
            "mode",
            \.mode,
            .mode(),
            default:
                "with `generate` `0600`, else `0644`, without what `source` does not allow; with `unpack` `0755` for what "
                + "the archive lets its owner execute"
        ).meaning(
            "the permissions of the file or files, with `generate` none for every user; a copy of a file with mode 0600 "
                + "keeps 0600"
        ),
        Key("owner", \.owner, .account(.user), default: "root").meaning("the owner of the file or files"),
        Key("group", \.group, .account(.group), default: "root").meaning("the group of the file or files"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        var isUsable = fields.read(keys, into: &declaration)
        if case .generated = declaration.source, let mode = declaration.mode {
            fields.reportOpenMode(mode, of: "the token")
        }
        if !fields.requireOne(of: sources, example: "source: FILE, or content: TEXT") { isUsable = false }
        fields.reportMisplacedKey("unpack", goesWith: ["source", "url"])
        fields.reportMisplacedKey("sha256", goesWith: ["url"])
        if case .url(let url, _) = declaration.source {
            if !fields.has("sha256") { fields.reportMissing("sha256", "DIGEST") }
            guard let digest = declaration.digest else { return nil }
            declaration.source = .url(url, sha256: digest)
        }
        guard isUsable else { return nil }
        declaration.reportSpecialBits(in: fields)
        return ReadVerb(declaration)
    }

    /// Reports set-ID and sticky bits, which the files of URLs and archives do not get.
    private func reportSpecialBits(in fields: ConfigValue) {
        var isStreamed = unpacking != nil
        if case .url = source { isStreamed = true }
        guard isStreamed, let mode, mode & 0o7000 != 0 else { return }
        fields.report(
            "mode",
            "is 0\(String(mode, radix: 8)): files of URLs and archives get no set-user-ID, "
                + "set-group-ID or sticky bit",
            hint: "write 'mode: \"0\(String(mode & 0o777, radix: 8))\"'"
        )
    }
}

extension FileDeclaration {
    /// The file or URL of the content, or `nil` if the content is in the task file or generated.
    public var fileSource: FileSource? {
        switch source {
        case .path(let source): .path(source)
        case .url(let url, let digest): .url(url, sha256: digest, path.location)
        case .content, .generated: nil
        }
    }

    public var footprint: Footprint {
        let mode = mode ?? usualMode
        let isSecret = mode & 0o007 == 0
        var footprint = Footprint(writes: [write(isSecret: isSecret, mode: mode)])
        if unpacking != nil {
            footprint.unpacks = true
            footprint.command = .init(name: LocatedPath(Self.unpacker, location: path.location), package: "tar")
        }
        if let fileSource {
            footprint.use(fileSource, as: unpacking != nil ? .archive : isSecret ? .secret : .file)
        }
        footprint.accounts = [owner, group].compactMap(\.self)
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
            product: .file(mode: mode, owner: owner?.name, group: group?.name)
        )
    }
}

extension FileDeclaration.Unpacking {
    fileprivate static let keys: [Key<Self>] = [
        Key("strip", \.strippedCount, .count, default: "`0`")
            .meaning("the number of directories at the beginning of each name that are left out"),
        Key("only", \.wanted, .archiveNames, default: "everything")
            .meaning(
                "the files and directories to unpack, by their names after `strip`; `*` matches any part of a name"
            ),
    ]
}

extension ValueReader where Value == [String] {
    fileprivate static var archiveNames: Self {
        list(of: .string("a name in the archive"), "names in the archive").then { names, value in
            let isUnusable = { (name: String) in
                name.isAbsolutePath || name.pathParts.contains("..") || name.pathParts.allSatisfy { $0 == "." }
            }
            if names.isEmpty || names.contains(where: isUnusable) {
                value.report(
                    "must have names in the archive, such as bin/kubelet",
                    hint: "remove it to unpack everything"
                )
            }
            return names
        }
    }
}
