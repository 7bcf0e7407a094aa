import TestSupport
import Testing

extension FreshServerTests {
    /// What kubectl makes of the same manifests on another server.
    @Suite(.temporaryDirectory) struct SameAsKubectlTests {
        /// Writes down every shipped manifest as kubectl understands it: with the variables' values in it.
        private func shippedManifests() async throws -> [String] {
            let variables = try await ShippedRun.variables
            var paths: [String] = []
            for folder in ["rbac", "calico/crds", "calico", "manifests"] {
                let names = try Files.list("\(TestCluster.sourceRoot)/\(folder)").filter { $0.hasSuffix(".yaml") }
                for name in names {
                    var text = try Files.text("\(TestCluster.sourceRoot)/\(folder)/\(name)")
                    for entry in variables.entries ?? [] {
                        let value = entry.value.string ?? "\(entry.value)"
                        text = text.replacing("${\(entry.key)}", with: value)
                    }
                    let path = TemporaryDirectory.file("\(folder.replacing("/", with: "-"))-\(name)")
                    try Files.write(Array(text.utf8), to: path, mode: 0o644)
                    paths.append(path)
                }
            }
            return paths
        }

        @Test func `every shipped object is as kubectl makes it`() async throws {
            let files = try await shippedManifests()
            #expect(files.count >= 12)
            let run = try await ShippedRun.shared.value
            try await TestCluster.withFresh { other in
                // Once more for what came before its CRD was served.
                let apply = ["apply", "--server-side"] + files.flatMap { ["-f", $0] }
                _ = try await other.kubectl(apply)
                try await other.establishDefinitions()
                let second = try await other.kubectl(apply)
                #expect(second.status == 0, "\(second.errors)")
                let theirs = try await other.settledObjects(of: files, appliedBy: "kubectl")
                let ours = try await run.cluster.settledObjects(of: files, appliedBy: "nest-bootstrap")
                #expect(ours.count > 30)
                #expect(ours.map(\.name) == theirs.map(\.name))
                for (own, other) in zip(ours, theirs) { #expect(own == other) }
            }
        }
    }
}

/// An object without what differs between two servers, and without what the agent marks its objects with.
struct SettledObject: Hashable, CustomStringConvertible {
    /// Kind, namespace and name.
    let name: String

    /// The rest of it.
    let node: JSON

    var description: String { "\(name): \(node)" }

    /// - Parameters:
    ///   - object: The object as the server shows it.
    ///   - manager: Who applied it.
    init(_ object: JSON, appliedBy manager: String) {
        let metadata = object["metadata"]
        name = [object["kind"], metadata?["namespace"], metadata?["name"]].compactMap { $0?.string }
            .joined(separator: "/")
        node = Self.settled(object, manager) ?? .null
    }

    /// What the server gives an object, and what the agent does.
    private static let volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "selfLink", "time", "lastTransitionTime",
        "app.kubernetes.io/managed-by", "nest-bootstrap/task", "nest-bootstrap/manifest",
        "f:app.kubernetes.io/managed-by", "f:nest-bootstrap/task", "f:nest-bootstrap/manifest",
    ]

    /// A value without these keys, `nil` if nothing else was in it.
    private static func settled(_ node: JSON, _ manager: String) -> JSON? {
        guard let mapping = node.mapping else {
            return node.sequence.map { .sequence(inOrder($0.compactMap { settled($0, manager) })) } ?? node
        }
        // On one of two servers a manager may have applied nothing but what is passed over.
        if mapping["fieldsType"] != nil, mapping["fieldsV1"].flatMap({ settled($0, manager) }) == nil { return nil }
        guard !mapping.isEmpty else { return node }
        let isApplier = mapping["manager"]?.string == manager
        let pairs = mapping.filter { !volatile.contains($0.key) }.compactMap { entry -> (String, JSON)? in
            if entry.key == "manager", entry.value.string == manager { return (entry.key, .string("the applier")) }
            // The agent leaves out a manifest's status, of which only an old server takes notice: as an owner.
            var written = entry.value
            if isApplier, entry.key == "fieldsV1", var fields = written.mapping {
                fields["f:status"] = nil
                written = .mapping(fields)
            }
            guard let value = settled(written, manager) else { return nil }
            return value.sequence == [] && entry.value.sequence != [] ? nil : (entry.key, value)
        }
        return pairs.isEmpty ? nil : .mapping(Dictionary(uniqueKeysWithValues: pairs))
    }

    /// Conditions by their types: controllers add them as they come to it.
    private static func inOrder(_ items: [JSON]) -> [JSON] {
        guard items.allSatisfy({ $0["type"]?.string != nil && $0["status"]?.string != nil }) else { return items }
        return items.sorted { ($0["type"]?.string ?? "") < ($1["type"]?.string ?? "") }
    }
}

extension TestCluster {
    /// The format of `kubectl get` that shows managed fields in every version.
    static let wholeJSON = "jsonpath={@}"

    /// Waits until the server serves all CRDs, as kubectl does not.
    ///
    /// It fails over one that the server has only just got and given no conditions yet.
    func establishDefinitions() async throws {
        var errors = ""
        let areEstablished = try await becomes {
            let wait = try await kubectl("wait", "--for=condition=Established", "crds", "--all", "--timeout=600s")
            errors = wait.errors
            return wait.status == 0
        }
        try #require(areEstablished, "\(errors)")
    }

    /// Reads the objects that manifests describe.
    func settledObjects(of files: [String], appliedBy manager: String) async throws -> [SettledObject] {
        let arguments = files.flatMap { ["-f", $0] }
        let result = try await kubectl(["get", "-o", Self.wholeJSON] + arguments)
        try #require(result.status == 0, "\(result.errors)")
        let root = try result.output.json
        return (root["items"]?.sequence ?? [root]).map { SettledObject($0, appliedBy: manager) }
    }
}
