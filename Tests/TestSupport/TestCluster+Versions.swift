extension TestCluster {
    /// Reads one line for every object of the server: kind, namespace, name and version.
    ///
    /// Leases are left out, which newer servers renew for themselves, and events.
    ///
    /// - Returns: The lines, sorted.
    /// - Throws: ``ToolFailure`` if kubectl fails.
    public func versions() async throws -> [String] {
        let passedOver = ["leases.coordination.k8s.io", "events", "events.events.k8s.io", "componentstatuses"]
        let types = try await kubectl("api-resources", "--verbs=list", "-o", "name").outputLines
            .filter { !passedOver.contains($0) }
        let columns = "K:.kind,NS:.metadata.namespace,N:.metadata.name,V:.metadata.resourceVersion"
        let result = try await kubectl(
            "get",
            types.joined(separator: ","),
            "-A",
            "--no-headers",
            "-o",
            "custom-columns=\(columns)",
        )
        guard result.status == 0 else { throw ToolFailure(command: "kubectl get", result: result) }
        return result.outputLines.sorted()
    }
}
