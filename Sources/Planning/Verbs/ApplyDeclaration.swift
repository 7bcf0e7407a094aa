public import YAML

/// Verb `apply`: manifests are to be on the API server.
public struct ApplyDeclaration: Sendable, Hashable {
    /// Where a manifest comes from.
    public enum Manifest: Sendable, Hashable {
        /// A file, or a directory of files.
        case path(PathReference)
        /// A URL with the SHA-256 digest of what it answers, in lower-case hexadecimal.
        case url(String, sha256: String, Place)
    }

    /// What happens to a field that another manager owns.
    public enum Conflicts: String, Sendable, Hashable, CaseIterable {
        /// The conflict is reported and the object fails.
        case report
        /// The field is taken over.
        case takeOver = "take-over"
    }

    /// The kubeconfig: the task's own, else that of the `kubeconfig` task which it comes after.
    ///
    /// Never `nil` in declarations that were read from files.
    public var kubeconfig: PathReference?

    /// The manifests, in the order of the task file.
    public var manifests: [Manifest]

    /// What happens on a conflict, `report` unless said.
    public var conflicts: Conflicts

    /// Whether `${name}` in the manifests' scalars is replaced.
    public var substitute: Bool

    /// Whether the task waits until its objects are ready: `wait: rollout`.
    public var waitsForRollout: Bool

    /// Labels put on every object besides the agent's own.
    public var labels: [String: String]

    /// How many nodes a DaemonSet must be meant for to count as ready: key `minNodes`, 1 unless said.
    public var minimumNodeCount: Int

    /// Creates a declaration.
    public init(
        kubeconfig: PathReference? = nil,
        manifests: [Manifest],
        conflicts: Conflicts = .report,
        substitute: Bool = false,
        waitsForRollout: Bool = false,
        labels: [String: String] = [:],
        minimumNodeCount: Int = 1,
    ) {
        self.kubeconfig = kubeconfig
        self.manifests = manifests
        self.conflicts = conflicts
        self.substitute = substitute
        self.waitsForRollout = waitsForRollout
        self.labels = labels
        self.minimumNodeCount = minimumNodeCount
    }
}
