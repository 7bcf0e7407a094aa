import Base

/// Verb `remove`: paths and objects that must not exist.
public struct RemoveDeclaration: VerbDeclaration {
    public var paths: [LocatedPath] = []

    /// Whether directories are removed with everything in them.
    public var isRecursive = false

    public var references: [ObjectReference] = []

    /// The name of the set whose objects are deleted; a task with `prune` applied these objects.
    public var setName: String?

    /// The kubeconfig of the API server with the objects and the set.
    public var kubeconfig = LocatedPath.unset

    private var isOfCluster: Bool { !references.isEmpty || setName != nil }
}

extension RemoveDeclaration: ReadableVerb {
    public static var name: String { "remove" }

    static var summary: String { "removes paths of the node and deletes objects of the cluster" }

    static var changesObjects: Bool { true }

    static let keys: [Key<Self>] = [
        Key(
            "paths",
            \.paths,
            .list(of: .removablePath, "absolute paths"),
            default: "none; `objects` or `set` is required then"
        )
        .meaning("the paths to remove; a link is removed itself, and none is followed on the way to a path"),
        Key("recursive", \.isRecursive, .boolean, default: "`false`")
            .meaning("whether directories are removed, with everything in them"),
        Key(
            "objects",
            \.references,
            .list(of: .object, "objects with apiVersion, kind and name"),
            default: "none; `paths` or `set` is required then"
        )
        .meaning("the objects to delete; the task waits until they are gone"),
        Key("set", \.setName, .setName, default: "none").meaning(
            "the set of a task with `prune` that the file no longer has: the objects that this node has applied are "
                + "deleted, unless another node lists them"
        ),
        Key("kubeconfig", \.kubeconfig, .readPath, default: administratorsKubeconfig)
            .meaning("with `objects` or `set`: the kubeconfig of the API server"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        _ = fields.read(keys, into: &declaration)
        fields.reportMisplacedKey("recursive", goesWith: ["paths"])
        fields.reportMisplacedKey("kubeconfig", goesWith: ["objects", "set"])
        let isOfCluster = declaration.isOfCluster
        guard !declaration.paths.isEmpty || isOfCluster else {
            // Items that cannot be read have been reported.
            let isWritten = fields.entries.contains { entry in
                ["paths", "objects", "set"].contains(entry.key) && !entry.value.isNull
                    && entry.value.sequence?.isEmpty != true
            }
            if !isWritten {
                let name = fields.subject.name
                fields.problems.add(fields.location, "\(name) removes nothing", hint: "add paths: [/PATH]")
            }
            return nil
        }
        if !declaration.paths.isEmpty, isOfCluster {
            fields.problems.add(
                fields.location,
                "\(fields.subject.name) has paths of the node, and objects of a cluster",
                hint: "write two tasks: only one that removes paths runs as root, and without a network"
            )
        }
        return isOfCluster ? ReadVerb(declaration, \.kubeconfig) : ReadVerb(declaration)
    }

    public var footprint: Footprint {
        var footprint = Footprint(writes: paths.map { .init(path: $0, effect: .removes) })
        if isOfCluster { footprint.useAPIServer(kubeconfig) }
        footprint.deletedObjects = references
        footprint.removedSet = setName
        return footprint
    }
}

/// The directories of the Filesystem Hierarchy Standard, and others without which a machine does not work.
private let systemDirectories: Set<String> = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/media", "/mnt", "/nix",
    "/nix/store", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib",
    "/usr/local", "/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/log",
]

extension ValueReader where Value == LocatedPath {
    /// A path that is neither a system directory nor in `/proc` or `/sys`.
    fileprivate static var removablePath: Self {
        writablePath.then { path, value in
            let normal = normalised(path.path)
            // With an empty variable, `/etc/${name}` becomes `/etc`.
            guard !systemDirectories.contains(normal), !isOfKernel(normal) else {
                let hint = "name what is to be removed below it, or leave it out"
                return value.mismatch("a path that may be removed", hint: hint)
            }
            return LocatedPath(normal, location: path.location)
        }
    }
}
