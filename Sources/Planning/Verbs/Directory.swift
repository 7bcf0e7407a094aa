import Base

/// Verb `directory`: a directory with its mode and owner.
public struct DirectoryDeclaration: VerbDeclaration {
    public var path = LocatedPath.unset

    /// The permissions; if `nil`, a new directory gets 0755 and an existing one keeps its own.
    public var mode: UInt16?

    /// The owner; if `nil`, a new directory gets the agent's user and an existing one keeps its own.
    var owner: Footprint.Account?

    /// The group; if `nil`, a new directory gets the agent's group and an existing one keeps its own.
    var group: Footprint.Account?
}

extension DirectoryDeclaration: ReadableVerb {
    public static var name: String { "directory" }

    static var summary: String { "creates a directory with its mode and owner" }

    static let keys: [Key<Self>] = [
        Key("path", \.path, .directory, required: "/var/lib/etcd")
            .meaning("the directory; missing directories above it are created"),
        Key(
            "mode",
            \.mode,
            .mode(hint: "0755, or 0700 for secrets"),
            default: "`0755`; a directory that exists keeps its own"
        )
        .meaning("the directory's permissions"),
        Key("owner", \.owner, .account(.user), default: "root; a directory that exists keeps its own")
            .meaning("the directory's owner"),
        Key("group", \.group, .account(.group), default: "root; a directory that exists keeps its own")
            .meaning("the directory's group"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        return fields.read(keys, into: &declaration) ? ReadVerb(declaration) : nil
    }

    public var footprint: Footprint {
        let product = Footprint.Product.directory(mode: mode, owner: owner?.name, group: group?.name)
        var footprint = Footprint(writes: [.init(path: path, effect: .replaces, product: product)])
        footprint.accounts = [owner, group].compactMap(\.self)
        return footprint
    }
}

extension ValueReader where Value == LocatedPath {
    /// The path of a directory to create, with or without a trailing slash.
    fileprivate static var directory: Self {
        writablePath.then { path, value in
            let normal = normalised(path.path)
            guard normal != "/", !isOfKernel(normal) else {
                let hint = normal == "/" ? "name a directory below it" : "the kernel creates it; remove the task"
                return value.mismatch("a path where a directory can be made", hint: hint)
            }
            return LocatedPath(normal, location: path.location)
        }
    }
}
