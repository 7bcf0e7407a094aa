public import Base
import YAML

/// Verb `apply`: the objects of manifests, applied to the API server.
public struct ApplyDeclaration: VerbDeclaration {
    /// The ways to treat a field that another manager owns.
    public enum Conflicts: String, Sendable, Hashable, CaseIterable {
        /// The conflict is reported and the object fails.
        case report
        /// The field is taken over.
        case force
        /// The field stays as it is, and the rest of the object is applied.
        case keep
    }

    /// The kinds of objects that a task deletes if it applied them before and its manifests no longer contain them.
    public enum Pruning: String, Sendable, Hashable {
        /// No object.
        case never
        /// All objects except Namespaces, CustomResourceDefinitions and PersistentVolumeClaims, whose deletion also
        /// deletes other objects or data.
        case most
        /// Every object.
        case all
    }

    public var kubeconfig: LocatedPath
    public var manifests: ManifestSet

    /// The treatment of conflicts.
    public var conflicts: Conflicts

    /// The other field managers whose fields are taken over, by name; a name that ends with `*` is a prefix.
    public var takenManagers: [String]

    /// Whether the task waits until its objects are ready.
    public var waitsForRollout: Bool

    /// Labels put on every object in addition to the agent's own.
    public var labels: [String: String]

    /// The number of nodes on which a DaemonSet must be scheduled to count as ready.
    public var minimumNodeCount: Int

    /// The kinds of objects to delete once the manifests no longer contain them.
    public var pruning: Pruning

    /// The name of the set of the task's objects, `nil` for the task's name.
    public var setName: String?

    /// The version of the manifests, `nil` if the task has none; an older version does not replace a newer one.
    public var version: OrderedVersion?

    /// Whether the version replaces a newer one.
    public var allowsOlder: Bool
}

extension ApplyDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "apply" }

    public static var summary: String { "applies the objects of manifests with server-side apply" }

    static var changesObjects: Bool { true }

    static var taskLevelKeys: [String] { ["version", "allowOlder"] }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.manifests.description, Keys.kubeconfig.description, Keys.conflicts.description,
            Keys.takeOver.description, Keys.substitute.description, Keys.wait.description, Keys.minNodes.description,
            Keys.labels.description,
            Keys.prune.description, Keys.version.description, Keys.allowOlder.description,
        ]
    }

    private enum Keys {
        static let kubeconfig = Key.optional(
            "kubeconfig",
            .readPath,
            default:
                "the file of the nearest `kubeconfig` task among the dependencies that is not for a component of Kubernetes",
            "the kubeconfig of the API server"
        )
        static let manifests = Key.required(
            "manifests",
            .fileSources(example: "[FILE.yaml]"),
            example: "[FILE.yaml]",
            "files, directories (their `*.yaml`, `*.yml` and `*.json`, in name order) and pinned URLs"
        )
        static let conflicts = DefaultedKey(
            "conflicts",
            ValueReader(type: .enumeration(Conflicts.allCases.map(\.rawValue)), read: readConflicts),
            default: Conflicts.report,
            "whether fields that another field manager has set to another value are reported, taken over, or kept as they are "
                + "while the rest is applied"
        )
        static let takeOver = Key.optional(
            "takeOver",
            ValueReader<[String]>.list(of: .string("the name of a field manager"), "names of field managers"),
            default: "only those of client-side kubectl",
            "field managers whose fields become the task's, also fields that the manifests do not have, which are removed; "
                + "a name that ends with `*` is a prefix, as `deploy@*` for k3s"
        )
        static let substitute = DefaultedKey(
            "substitute",
            .boolean,
            default: false,
            "replace `${name}` in the scalars of the manifests"
        )
        static let wait = Key.optional(
            "wait",
            .word(["rollout"]),
            default: "do not wait",
            "wait until the applied objects are ready"
        )
        static let labels = Key.optional(
            "labels",
            .dictionary(.either([.string, .number]), isKey: isLabelKey) { $0.labelValue() },
            default: "none",
            "labels to put on every object"
        )
        static let minNodes = DefaultedKey(
            "minNodes",
            .count,
            default: 1,
            "how many nodes a DaemonSet must be scheduled on to count as ready"
        )
        static let prune = DefaultedKey(
            "prune",
            ValueReader(
                type: .either([.boolean, .enumeration(["all"]), .mapping([set.description, all.description])]),
                read: readPruning
            ),
            default: PrunedSet(pruning: .never),
            text: "`false`",
            "whether objects are deleted that the task applied before and its manifests no longer contain; `all`: also "
                + "Namespaces, CustomResourceDefinitions and PersistentVolumeClaims"
        )
        static let set = Key.optional(
            "set",
            ValueReader(type: .name("set")) { $0.label("the name of a set") },
            default: "the name of the task",
            "the name of the set of the task's objects, which stays when the task is renamed"
        )
        static let all = DefaultedKey(
            "all",
            .boolean,
            default: false,
            "whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too"
        )
        static let version = Key.optional(
            "version",
            ValueReader(type: .either([.string, .number]), read: readVersion),
            default: "none",
            "the version of the manifests: a version such as `1.30.2`, a date, or a number; no node replaces objects with "
                + "those of an older version; also a key of the task itself"
        )
        static let allowOlder = DefaultedKey(
            "allowOlder",
            .boolean,
            default: false,
            "whether an older `version` replaces a newer one; also a key of the task itself"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let kubeconfig = fields.value(Keys.kubeconfig)
        let sources = fields.value(Keys.manifests)
        let conflicts = fields.value(Keys.conflicts)
        let takenManagers = fields.value(Keys.takeOver) ?? []
        let substitute = fields.value(Keys.substitute)
        let wait = fields.value(Keys.wait)
        let labels = fields.value(Keys.labels) ?? [:]
        let minimum = fields.value(Keys.minNodes)
        let pruned = fields.value(Keys.prune)
        let version = fields.value(Keys.version)
        let allowsOlder = fields.value(Keys.allowOlder)
        fields.reportMisplacedKey("allowOlder", goesWith: ["version"])
        guard let sources else { return nil }
        return ReadVerb(kubeconfig: kubeconfig) { kubeconfig in
            Self(
                kubeconfig: kubeconfig,
                manifests: ManifestSet(sources: sources, substitutesVariables: substitute),
                conflicts: conflicts,
                takenManagers: takenManagers,
                waitsForRollout: wait != nil,
                labels: labels,
                minimumNodeCount: minimum,
                pruning: pruned.pruning,
                setName: pruned.set,
                version: version,
                allowsOlder: allowsOlder,
            )
        }
    }

    @Sendable private static func readConflicts(_ value: ConfigValue) -> Conflicts? {
        if value.node.string == "take-over" {
            value.reportTypeMismatch("'report', 'force' or 'keep'", hint: "did you mean 'force'?")
            return nil
        }
        return value.word(of: Conflicts.allCases.map(\.rawValue)).flatMap(Conflicts.init(rawValue:))
    }

    @Sendable private static func readVersion(_ value: ConfigValue) -> OrderedVersion? {
        guard let text = value.text() else { return nil }
        if let version = OrderedVersion(text) { return version }
        value.reportTypeMismatch(OrderedVersion.forms)
        return nil
    }

    /// The value of `prune`.
    private struct PrunedSet {
        var pruning: Pruning
        var set: String?
    }

    @Sendable private static func readPruning(_ value: ConfigValue) -> PrunedSet? {
        if let isPruned = value.node.boolean { return PrunedSet(pruning: isPruned ? .most : .never) }
        if value.node.string == "all" { return PrunedSet(pruning: .all) }
        guard var fields = value.mapping("true, false, 'all', or a mapping with 'set' or 'all'") else { return nil }
        defer { fields.finish() }
        let set = fields.value(Keys.set)
        return PrunedSet(pruning: fields.value(Keys.all) ? .all : .most, set: set)
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        var footprint = Footprint(manifests: manifests)
        footprint.awaitsRollout = waitsForRollout
        footprint.pruning = pruning
        footprint.setName = setName
        footprint.isVersioned = version != nil
        footprint.useAPIServer(kubeconfig)
        for source in manifests.sources {
            switch source {
            case .path(let path): footprint.reads.append(.init(path: path, use: .manifests))
            case .url(let url, _, _): footprint.connections.append(.url(url))
            }
        }
        return footprint
    }
}
