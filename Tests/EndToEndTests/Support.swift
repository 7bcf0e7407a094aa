import TestSupport
import Testing

extension TestCluster {
    /// Makes a namespace of a test's own on the shared cluster.
    ///
    /// - Returns: The cluster.
    static func shared(namespace: String) async throws -> TestCluster {
        let cluster = try await shared.value
        try await cluster.mustApply("{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)}}")
        return cluster
    }

    /// Applies a manifest with kubectl, which must not fail.
    func mustApply(_ manifest: String, manager: String = "kubectl") async throws {
        let result = try await kubectl(
            "apply",
            "--server-side",
            "--field-manager=\(manager)",
            "-f",
            "-",
            // What begins with a brace is JSON to kubectl.
            input: "---\n\(manifest)\n",
        )
        try #require(result.status == 0, "\(result.errors)")
    }

    /// Runs kubectl, which must not fail.
    func mustRunKubectl(_ arguments: String...) async throws { try await mustRunKubectl(arguments) }

    /// Runs kubectl, which must not fail.
    func mustRunKubectl(_ arguments: [String]) async throws {
        let result = try await kubectl(arguments)
        try #require(result.status == 0, "\(arguments): \(result.errors)")
    }

    /// Reads an object with kubectl as JSON.
    func object(_ type: String, _ name: String, namespace: String = "default") async throws -> JSON {
        let result = try await kubectl("get", type, name, "-n", namespace, "-o", "json")
        try #require(result.status == 0, "\(result.errors)")
        return try result.output.json
    }

    /// Whether the server's version is at least 1.`minor`.
    func isAtLeast(minor: Int) async throws -> Bool {
        try await TestCluster.minorVersion() >= minor
    }
}

/// Prints the lines of a failure, those of kubectl beside ours, for a reader of the test output.
func show(_ failure: String, ours: ToolResult, kubectl: ToolResult? = nil) {
    let ours = ours.errorLines.map { "    ours     \($0)\n" }
    let noise = /^[EW]\d{4} .*memcache\.go.*/
    let theirs = (kubectl?.errorLines ?? []).filter { !$0.contains(noise) }.map { "    kubectl  \($0)\n" }
    print("\(failure):\n\((ours + theirs).joined())", terminator: "")
}
