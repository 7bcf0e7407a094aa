import Base

/// Verb `symlink`: a symbolic link with a given target.
public struct SymlinkDeclaration: VerbDeclaration {
    public var path = LocatedPath.unset

    /// The target as it is written into the link.
    public var target = ""
    public var replace = false
}

extension SymlinkDeclaration: ReadableVerb {
    public static var name: String { "symlink" }

    static var summary: String { "creates a symbolic link" }

    static let keys: [Key<Self>] = [
        Key("path", \.path, .writtenPath, required: "/opt/cni/bin/calico-ipam")
            .meaning("the link; missing directories above it are created"),
        Key("target", \.target, .string("a path"), required: "/run/current-system/sw/bin/calico")
            .meaning("what the link points at; it need not exist"),
        Key("replace", \.replace, .boolean, default: "`false`")
            .meaning("replace a file at `path`; another link is always replaced"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        return fields.read(keys, into: &declaration) ? ReadVerb(declaration) : nil
    }

    public var footprint: Footprint {
        Footprint(writes: [.init(path: path, effect: .replaces, product: .link(target: target))])
    }
}
