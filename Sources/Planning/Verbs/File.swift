import Base
import YAML
/// Verb `file`: a file with a given content, mode and owner.
public struct FileDeclaration: VerbDeclaration {
    /// The source of the content.
    public enum Source: Sendable, Hashable {
        /// Another file, copied byte by byte.
        case path(LocatedPath)
        /// Text in the task file.
        case content(String)
        /// Random text, generated once if the file does not exist.
        case generated(Generator)
    }

    /// The sources of generated content.
    public enum Generator: String, Sendable, Hashable, CaseIterable {
        /// 64 hexadecimal digits from 32 random bytes, and a line feed.
        case token
    }

    /// The file to write.
    public var path: LocatedPath

    /// The source of the content.
    public var source: Source

    /// The permissions of the file, or `nil` for ``usualMode`` without the permissions that the source file lacks.
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

    public static var summary: String { "writes a file" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.path.description, Keys.source.description, Keys.content.description, Keys.generate.description,
            Keys.mode.description, Keys.owner.description, Keys.group.description,
        ]
    }

    private enum Keys {
        static let sources = ["source", "content", "generate"]
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/etc/cni/net.d/10-calico.conflist",
            "the file; missing directories above it are created"
        )
        static let source = Key.oneOf(sources, "source", .readPath, "the file to copy, byte by byte")
        static let content = Key.oneOf(sources, "content", .content, "the file's content")
        static let generate = Key.oneOf(
            sources,
            "generate",
            ValueReader<String>.word(Generator.allCases.map(\.rawValue)),
            "`token` for 64 random hexadecimal digits; a file that exists keeps its content"
        )
        static let mode = Key.optional(
            "mode",
            .mode,
            default: "with `generate` `0600`, else `0644`, without what `source` does not allow",
            "the file's permissions, with `generate` none for every user; a copy of a file with mode 0600 keeps 0600"
        )
        static let owner = Key.optional("owner", .account("user"), default: "root", "the file's owner")
        static let group = Key.optional("group", .account("group"), default: "root", "the file's group")
    }

    static func mapping(instead node: Node) -> String? {
        node.string.flatMap { $0.isAbsolutePath ? "{path: \(typed($0)), source: FILE}" : nil }
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let sourcePath = fields.value(Keys.source)
        let content = fields.value(Keys.content)
        let generator = fields.value(Keys.generate).flatMap(Generator.init)
        let mode = fields.value(Keys.mode)
        if generator != nil, let mode { fields.reportOpenMode(mode, of: "the token") }
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group)
        fields.requireOne(of: Keys.sources, example: "source: FILE, or content: TEXT")
        if let path, let sourcePath, located(path.path).hasSameBytes(as: located(sourcePath.path)) {
            fields.problems.add(
                .ownInput,
                sourcePath.location,
                "\(fields.subject.label("source")) is the file that the task writes",
                hint: "name the file to copy, or remove the task",
            )
        }
        let written = sourcePath.map(Source.path) ?? content.map(Source.content) ?? generator.map(Source.generated)
        guard let path, let source = written else { return nil }
        var declaration = Self(path: path, source: source, mode: mode, owner: owner, group: group)
        declaration.accountLocations = fields.accountLocations()
        return ReadVerb(declaration)
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let mode = mode ?? usualMode
        let isSecret = mode & 0o077 == 0
        let product = Footprint.Product.file(mode: mode, owner: owner, group: group)
        var footprint = Footprint(
            writes: [.init(path: path, effect: .replaces, isSecret: isSecret, product: product)]
        )
        if case .path(let source) = source {
            footprint.reads.append(.init(path: source, use: isSecret ? .secret : .file))
        }
        // The source and the file that an earlier run wrote may belong to other users.
        if owner != nil || group != nil || !footprint.reads.isEmpty {
            footprint.capabilities.append("CAP_DAC_READ_SEARCH")
        }
        footprint.addAccounts(owner: owner, group: group, named: accountLocations, at: path.location)
        return footprint
    }
}
