/// Verb `file`: a file with a given content, mode and owner.
public struct FileDeclaration: VerbDeclaration {
    /// Where the content comes from.
    public enum Source: Sendable, Hashable {
        /// Another file, copied byte by byte.
        case path(LocatedPath)
        /// Text in the task file.
        case content(String)
    }

    /// The file to write.
    public var path: LocatedPath

    /// Its content.
    public var source: Source

    /// Its permissions; `nil` for those of a source that fewer users may read than 0644 allows, else 0644.
    public var mode: UInt16?

    /// The permissions if none are given and no source has stricter ones.
    public static let defaultMode: UInt16 = 0o644

    /// Its owner's name or number, or `nil` for the agent's own.
    public var owner: String?

    /// Its group's name or number, or `nil` for the agent's own.
    public var group: String?
}

extension FileDeclaration: ReadableVerb {
    /// The verb.
    public static var name: String { "file" }

    /// What a task with the verb does.
    public static var summary: String { "writes a file" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.source.description, Keys.content.description, Keys.mode.description,
            Keys.owner.description, Keys.group.description,
        ]
    }

    private enum Keys {
        static let sources = ["source", "content"]
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/etc/cni/net.d/10-calico.conflist",
            "the file; missing directories above it are created"
        )
        static let source = Key.oneOf(sources, "source", .readPath, "the file to copy, byte by byte")
        static let content = Key.oneOf(sources, "content", .content, "the file's content")
        static let mode = Key.optional(
            "mode",
            .mode,
            default: "`0644`, without what `source` does not allow",
            "the file's permissions; a copy of a file with mode 0600 keeps 0600"
        )
        static let owner = Key.optional("owner", .account("user"), default: "root", "the file's owner")
        static let group = Key.optional("group", .account("group"), default: "root", "the file's group")
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let sourcePath = fields.value(Keys.source)
        let content = fields.value(Keys.content)
        let mode = fields.value(Keys.mode)
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group)
        fields.requireOne(of: Keys.sources, example: "source: FILE")
        if let path, let sourcePath, located(path.path) == located(sourcePath.path) {
            fields.problems.add(
                sourcePath.location,
                "\(fields.subject.label("source")) is the file that the task writes",
                hint: "name the file to copy, or remove the task",
            )
        }
        guard let path, let source = sourcePath.map(Source.path) ?? content.map(Source.content) else { return nil }
        return ReadVerb(Self(path: path, source: source, mode: mode, owner: owner, group: group))
    }

    /// Everything that the task reads, writes, connects to and needs as privilege.
    public var footprint: Footprint {
        let mode = mode ?? Self.defaultMode
        let isSecret = mode & 0o077 == 0
        let product = Footprint.Product.file(mode: mode, owner: owner, group: group)
        var footprint = Footprint(
            writes: [.init(path: path, effect: .replaces, isSecret: isSecret, product: product)]
        )
        if case .path(let source) = source {
            footprint.reads.append(.init(path: source, use: isSecret ? .secret : .file))
        }
        // The source may belong to another user, and so may the file, which is compared with it the next time.
        if owner != nil || group != nil || !footprint.reads.isEmpty {
            footprint.capabilities.append("CAP_DAC_READ_SEARCH")
        }
        footprint.addAccounts(owner: owner, group: group, at: path.location)
        return footprint
    }
}
