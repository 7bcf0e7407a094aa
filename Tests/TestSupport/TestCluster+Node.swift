public import Testing

/// The node of a cluster that was started with `--node NAME`: a kubelet and containerd, in namespaces of their own.
extension TestCluster {
    /// A drop-in with which the shipped `bootstrap.yaml` is for this node, after ``dropIn``.
    public var nodeDropIn: String { "\(directory)/node/drop-in.yaml" }

    /// Whether this machine can start a node.
    public static let canRunNode: Bool = {
        guard isAvailable else { return false }
        return (try? Tool("\(scripts)/can-run-node"))?.blockingResult().status == 0
    }()

    /// Runs a program on the node.
    ///
    /// - Parameter command: The program and its arguments.
    /// - Returns: How it ended, and what it wrote.
    /// - Throws: ``SupportError`` if the script is not there. How the program ends is a normal result.
    public func runOnNode(_ command: String...) async throws(SupportError) -> ToolResult {
        try await Tool.run("\(Self.scripts)/inside", [directory] + command)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test where no node can be started.
    public static var needsNode: Self {
        .enabled(if: TestCluster.canRunNode, "no node can be started; Tests/cluster/can-run-node says why")
    }
}
