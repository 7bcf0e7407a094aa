public import Base

/// Verb `apply`: the objects of manifests, applied to the API server.
public struct ApplyDeclaration: VerbDeclaration {
    /// The objects to delete among those that the task has applied and its manifests no longer contain.
    public enum Pruning: String, Sendable, Hashable {
        case never
        /// All objects except Namespaces, CustomResourceDefinitions and PersistentVolumeClaims, because other objects
        /// or data would be deleted with them.
        case most
        case all
    }

    struct PrunedSet: Sendable, Hashable {
        var pruning = Pruning.never

        /// The name of the set; if `nil`, the task's name.
        var name: String?
    }

    public var kubeconfig = LocatedPath.unset
    public var manifests = ManifestSet()
    public var conflicts = ConflictTreatment.report

    /// The names of field managers whose fields are taken over; a name that ends with `*` is a prefix.
    public var takenManagers: [String] = []

    /// Whether the task waits until its objects are ready.
    public var waitsForRollout = false

    /// Labels of every applied object, in addition to the agent's own.
    public var labels: [String: String] = [:]

    /// The minimum number of nodes on which a DaemonSet must be scheduled to count as ready.
    public var minimumNodeCount = 1

    var pruned = PrunedSet()
    public var pruning: Pruning { pruned.pruning }
}

extension ApplyDeclaration: ReadableVerb {
    public static var name: String { "apply" }

    static var summary: String { "applies the objects of manifests with server-side apply" }

    static var changesObjects: Bool { true }

    static let keys: [Key<Self>] = [
        Key("manifests", \.manifests.sources, .fileSources(example: "[FILE.yaml]"), required: "[FILE.yaml]")
            .meaning("files, directories (their `*.yaml`, `*.yml` and `*.json`, in name order) and pinned URLs"),
        Key("kubeconfig", \.kubeconfig, .readPath, default: administratorsKubeconfig)
            .meaning("the kubeconfig of the API server"),
        Key("conflicts", \.conflicts, .word, default: "`report`").meaning(
            "whether fields that another field manager has set to another value are reported, taken over, or kept as they are "
                + "while the rest is applied"
        ),
        Key(
            "takeOver",
            \.takenManagers,
            .list(of: .string("the name of a field manager"), "names of field managers"),
            default: "only those of client-side kubectl"
        ).meaning(
            "field managers whose fields become the task's, also fields that the manifests do not have, which are removed; "
                + "a name that ends with `*` is a prefix, as `deploy@*` for k3s"
        ),
        Key("substitute", \.manifests.substitutesVariables, .boolean, default: "`false`")
            .meaning("replace `${name}` in the scalars of the manifests"),
        Key("wait", \.waitsForRollout, ValueReader<String>.word(["rollout"]).map { _ in true }, default: "do not wait")
            .meaning("wait until the applied objects are ready"),
        Key("minNodes", \.minimumNodeCount, .count, default: "`1`")
            .meaning("how many nodes a DaemonSet must be scheduled on to count as ready"),
        Key(
            "labels",
            \.labels,
            .dictionary(.either([.string, .number]), isKey: isLabelKey, readLabel),
            default: "none"
        )
        .meaning("labels to put on every object"),
        Key("prune", \.pruned, .prunedSet, default: "`false`").meaning(
            "whether objects are deleted that the task applied before and its manifests no longer contain; `all`: also "
                + "Namespaces, CustomResourceDefinitions and PersistentVolumeClaims"
        ),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        let isUsable = fields.read(keys, into: &declaration)
        return isUsable ? ReadVerb(declaration, \.kubeconfig) : nil
    }

    @Sendable private static func readLabel(_ value: ConfigValue) -> String? {
        guard let text = value.text(mayBeEmpty: true) else { return nil }
        let expected = "a label's value, up to 63 letters, digits, '-', '_' and '.'"
        return isLabelText(text) ? text : value.mismatch(expected)
    }

    public var footprint: Footprint {
        var footprint = Footprint(manifests: manifests)
        footprint.awaitsRollout = waitsForRollout
        footprint.pruning = pruned.pruning
        footprint.setName = pruned.name
        footprint.useAPIServer(kubeconfig)
        for source in manifests.sources { footprint.use(source, as: .manifests) }
        return footprint
    }
}

extension ApplyDeclaration.PrunedSet {
    fileprivate static let keys: [Key<Self>] = [
        Key("set", \.name, .setName, default: "the name of the task")
            .meaning("the name of the set of the task's objects, which stays when the task is renamed"),
        Key("all", \.pruning, ValueReader<Bool>.boolean.map { $0 ? .all : .most }, default: "`false`")
            .meaning("whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too"),
    ]
}

extension ValueReader where Value == ApplyDeclaration.PrunedSet {
    /// A boolean, `all`, or a mapping.
    fileprivate static var prunedSet: Self {
        let expected = "true, false, 'all', or a mapping with 'set' or 'all'"
        let mapping = mapping(Value.keys, expected, into: Value(pruning: .most))
        return Self(type: .either([.boolean, .enumeration(["all"]), mapping.type])) { value in
            if let isPruned = value.node.boolean { return Value(pruning: isPruned ? .most : .never) }
            return value.node.string == "all" ? Value(pruning: .all) : mapping.read(value)
        }
    }
}

/// The default of key `kubeconfig`, for the documentation.
let nearestKubeconfig = "the file of the nearest `kubeconfig` task among the dependencies"

/// The default of key `kubeconfig` in verbs that change objects, for the documentation.
let administratorsKubeconfig = "\(nearestKubeconfig) that is not for a component of Kubernetes"

/// The manifests of a task.
public struct ManifestSet: Sendable, Hashable {
    public var sources: [FileSource] = []

    /// Whether `${name}` is replaced in the scalars of the manifests.
    public var substitutesVariables = false
}
