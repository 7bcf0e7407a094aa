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
        guard fields.read(keys, into: &declaration) else { return nil }
        let (link, target) = (located(declaration.path.path), declaration.target)
        if isPath(located(target.isAbsolutePath ? target : "\(parent(of: link))/\(target)"), at: link) {
            fields.report("target", "leads to the link itself", hint: "name what the link is to point at")
        }
        return ReadVerb(declaration)
    }

    public var footprint: Footprint {
        Footprint(writes: [.init(path: path, effect: .replaces, product: .link(target: target))])
    }
}
