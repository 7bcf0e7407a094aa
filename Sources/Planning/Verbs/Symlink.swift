import Base

/// Verb `symlink`: a symbolic link with a given target.
public struct SymlinkDeclaration: VerbDeclaration {
    /// The path of the link.
    public var path: LocatedPath

    /// The target, as written into the link.
    public var target: String

    /// Whether a file or directory at the path is replaced.
    public var replace: Bool

    public init(path: LocatedPath, target: String, replace: Bool = false) {
        self.path = path
        self.target = target
        self.replace = replace
    }
}

extension SymlinkDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "symlink" }

    public static var summary: String { "creates a symbolic link" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [Keys.path.description, Keys.target.description, Keys.replace.description]
    }

    private enum Keys {
        static let path = Key.required(
            "path",
            .writtenPath,
            example: "/opt/cni/bin/calico-ipam",
            "the link; missing directories above it are created"
        )
        static let target = Key.required(
            "target",
            .string("a path"),
            example: "/run/current-system/sw/bin/calico",
            "what the link points at; it need not exist"
        )
        static let replace = DefaultedKey(
            "replace",
            .boolean,
            default: false,
            "replace a file or directory at `path`; another link is always replaced"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let target = fields.value(Keys.target)
        let replace = fields.value(Keys.replace)
        guard let path, let target else { return nil }
        let (link, full) = (located(path.path), resolvedTarget(of: path.path, target))
        if isPath(full, at: link) {
            fields.problems.add(
                path.location,
                "\(fields.subject.label("target")) is \(full.hasSameBytes(as: link) ? "" : "below ")the link itself",
                hint: "name what the link is to point at",
            )
        }
        return ReadVerb(Self(path: path, target: target, replace: replace))
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        Footprint(writes: [
            .init(path: path, effect: .replaces, product: .link(target: target, replacesDirectory: replace))
        ])
    }
}

/// Returns the absolute path to which the target of a link refers.
func resolvedTarget(of path: String, _ target: String) -> String {
    located(target.isAbsolutePath ? target : "\(parent(of: located(path)))/\(target)")
}
