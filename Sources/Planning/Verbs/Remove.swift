import Base
import YAML

/// Verb `remove`: paths and objects that must not exist.
public struct RemoveDeclaration: VerbDeclaration {
    /// Objects of one API server.
    public struct Objects: Sendable, Hashable {
        /// The kubeconfig of the API server.
        public var kubeconfig: LocatedPath
        public var references: [ObjectReference]
    }

    /// A set of objects that tasks with `prune` have applied.
    public struct ObjectSet: Sendable, Hashable {
        /// The kubeconfig of the API server.
        public var kubeconfig: LocatedPath
        public var name: String

        public init(kubeconfig: LocatedPath, name: String) {
            (self.kubeconfig, self.name) = (kubeconfig, name)
        }
    }

    public var paths: [LocatedPath]

    /// Whether directories are removed, with everything in them.
    public var isRecursive: Bool

    /// The objects to delete, if there are any.
    public var objects: Objects?

    /// The set whose objects are deleted, if there is one.
    public var set: ObjectSet?

    /// Creates the declaration of a task that removes only a set.
    public init(_ set: ObjectSet) {
        self.init(paths: [], isRecursive: false, set: set)
    }

    init(paths: [LocatedPath], isRecursive: Bool, objects: Objects? = nil, set: ObjectSet? = nil) {
        (self.paths, self.isRecursive, self.objects, self.set) = (paths, isRecursive, objects, set)
    }
}

extension RemoveDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "remove" }

    public static var summary: String { "removes paths of the node and deletes objects of the cluster" }

    static var changesObjects: Bool { true }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.paths.description, Keys.recursive.description, Keys.objects.description, Keys.set.description,
            Keys.kubeconfig.description,
        ]
    }

    static var anyOfKeys: [String] { ["paths", "objects", "set"] }

    private enum Keys {
        static let paths = Key.optional(
            "paths",
            .list(
                of: ValueReader(type: .absolutePath) { $0.removablePath() },
                "absolute paths",
                limit: Limit.needCount
            ),
            default: "none; `objects` or `set` is required then",
            "the paths to remove; a link is removed itself, and none is followed on the way to a path"
        )
        static let recursive = DefaultedKey(
            "recursive",
            .boolean,
            default: false,
            "whether directories are removed, with everything in them"
        )
        static let objects = Key.optional(
            "objects",
            .list(of: .object, "objects with apiVersion, kind and name", limit: Limit.needCount),
            default: "none; `paths` or `set` is required then",
            "the objects to delete; the task waits until they are gone"
        )
        static let kubeconfig = Key.optional(
            "kubeconfig",
            .readPath,
            default:
                "the file of the nearest `kubeconfig` task among the dependencies that is not for a component of Kubernetes",
            "with `objects` or `set`: the kubeconfig of the API server"
        )
        static let set = Key.optional(
            "set",
            ValueReader(type: .name("set")) { $0.label("the name of a set") },
            default: "none",
            "the set of a task with `prune` that the file no longer has: the objects that this node has applied are "
                + "deleted, unless another node lists them"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let paths = fields.value(Keys.paths) ?? []
        let isRecursive = fields.value(Keys.recursive)
        let references = fields.value(Keys.objects) ?? []
        for reference in references where reference.kind == "Namespace" && permanentNamespaces.contains(reference.name)
        {
            fields.problems.add(
                reference.location,
                "the API server never deletes namespace '\(reference.name)'",
                hint: "leave it out, and name the objects in it that are to be deleted"
            )
        }
        let set = fields.value(Keys.set)
        let kubeconfig = fields.value(Keys.kubeconfig)
        fields.reportMisplacedKey("recursive", goesWith: ["paths"])
        fields.reportMisplacedKey("kubeconfig", goesWith: ["objects", "set"])
        guard !paths.isEmpty || !references.isEmpty || set != nil else {
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
        if !paths.isEmpty, !references.isEmpty || set != nil {
            fields.problems.add(
                fields.location,
                "\(fields.subject.name) has paths of the node, and objects of a cluster",
                hint: "write two tasks: only one that removes paths runs as root, and without a network"
            )
        }
        guard !references.isEmpty || set != nil else {
            return ReadVerb(Self(paths: paths, isRecursive: isRecursive))
        }
        return ReadVerb(kubeconfig: kubeconfig) { kubeconfig in
            Self(
                paths: paths,
                isRecursive: isRecursive,
                objects: references.isEmpty ? nil : Objects(kubeconfig: kubeconfig, references: references),
                set: set.map { ObjectSet(kubeconfig: kubeconfig, name: $0) }
            )
        }
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        var footprint = Footprint(writes: paths.map { .init(path: $0, effect: .removes) })
        if let objects {
            footprint.useAPIServer(objects.kubeconfig)
            footprint.deletedObjects = objects.references
        }
        if let set {
            if objects == nil { footprint.useAPIServer(set.kubeconfig) }
            footprint.removedSet = set.name
        }
        return footprint
    }
}

/// The namespaces that the API server never deletes; see its admission plugin NamespaceLifecycle.
private let permanentNamespaces: Set<String> = ["default", "kube-system", "kube-public"]

/// The directories of the Filesystem Hierarchy Standard, which a machine needs to work, and their parents.
private let systemDirectories: Set<String> = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/media", "/mnt", "/nix",
    "/nix/store", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib",
    "/usr/local", "/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/log",
]

extension ConfigValue {
    /// Reads a path that may be removed: any path except system directories, `/proc`, `/sys` and paths below these two.
    fileprivate func removablePath() -> LocatedPath? {
        guard let path = writablePath() else { return nil }
        let normal = normalised(path.path)
        // With an empty variable, `/etc/${name}` becomes `/etc`, which must not be removed.
        guard !systemDirectories.contains(normal),
            !["/proc", "/sys"].contains(where: { isPath(normal, at: $0) })
        else {
            let isOfKernel = ["/proc", "/sys"].contains { isPath(normal, at: $0) }
            reportTypeMismatch(
                "a path that may be removed",
                hint: isOfKernel
                    ? "the kernel creates it, and nothing in it can be removed; leave it out"
                    : "it is a directory of the system; name what is to be removed below it"
            )
            return nil
        }
        return LocatedPath(normal, location: path.location)
    }
}
