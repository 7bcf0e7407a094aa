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

    public var paths: [LocatedPath]

    /// Whether directories are removed, with everything in them.
    public var isRecursive: Bool

    /// The objects to delete, if there are any.
    public var objects: Objects?
}

extension RemoveDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "remove" }

    public static var summary: String { "removes paths of the node and deletes objects of the cluster" }

    static var changesObjects: Bool { true }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.paths.description, Keys.recursive.description, Keys.objects.description, Keys.kubeconfig.description,
        ]
    }

    private enum Keys {
        static let paths = Key.optional(
            "paths",
            .list(
                of: ValueReader(type: .absolutePath) { $0.removablePath() },
                "absolute paths",
                limit: Limit.needCount
            ),
            default: "none; `objects` is required then",
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
            default: "none; `paths` is required then",
            "the objects to delete; the task waits until they are gone"
        )
        static let kubeconfig = Key.optional(
            "kubeconfig",
            .readPath,
            default:
                "the file of the nearest `kubeconfig` task among the dependencies that is not for a component of Kubernetes",
            "with `objects`: the kubeconfig of the API server"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let paths = fields.value(Keys.paths) ?? []
        let isRecursive = fields.value(Keys.recursive)
        let references = fields.value(Keys.objects) ?? []
        let kubeconfig = fields.value(Keys.kubeconfig)
        fields.reportMisplacedKey("recursive", goesWith: ["paths"])
        fields.reportMisplacedKey("kubeconfig", goesWith: ["objects"])
        guard !paths.isEmpty || !references.isEmpty else {
            // Items that cannot be read have been reported.
            let isWritten = fields.entries.contains { $0.value.sequence?.isEmpty == false }
            if !isWritten {
                let name = fields.subject.name
                fields.problems.add(fields.location, "\(name) removes nothing", hint: "add paths: [/PATH]")
            }
            return nil
        }
        guard !references.isEmpty else { return ReadVerb(Self(paths: paths, isRecursive: isRecursive)) }
        return ReadVerb(kubeconfig: kubeconfig) { kubeconfig in
            let objects = Objects(kubeconfig: kubeconfig, references: references)
            return Self(paths: paths, isRecursive: isRecursive, objects: objects)
        }
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        var footprint = Footprint(writes: paths.map { .init(path: $0, effect: .removes) })
        if let objects {
            footprint.useAPIServer(objects.kubeconfig)
            footprint.deletedObjects = objects.references
        }
        // The paths may be in a directory of another user. The unit sees only these paths in it.
        if !paths.isEmpty { footprint.capabilities += ["CAP_DAC_OVERRIDE", "CAP_FOWNER"] }
        return footprint
    }
}

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
            reportTypeMismatch("a path that may be removed")
            return nil
        }
        return LocatedPath(normal, location: path.location)
    }
}
