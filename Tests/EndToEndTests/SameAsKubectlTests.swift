import TestSupport
import Testing

extension FreshServerTests {
    /// What kubectl makes of the same manifests on another server.
    @Suite(.tags(.everyServer), .temporaryDirectory) struct SameAsKubectlTests {
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

        /// The CRDs of the Calico project, where they are at hand.
        static let upstream = "\(TestCluster.sourceRoot)/../shared/inputs/calico-crds-v3.29.3.yaml"

        @Test(.enabled(if: (try? Files.exists(upstream)) == true))
        func `upstream's CRDs are as kubectl makes them, and what the server refuses is reported`() async throws {
            let isOld = try await !TestCluster.shared.value.isAtLeast(minor: 21)
            let (ours, result) = try await agentsCRDs()
            let (theirs, refusals) = try await kubectlsCRDs()
            #expect(Set(ours.map(\.name)) == Set(theirs.map(\.name)))
            let others = Dictionary(theirs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            for object in ours { #expect(object == others[object.name]) }

            let all = try await Files.text(Self.upstream).yamlDocuments().compactMap { $0["metadata"]?["name"]?.string }
            let made = Set(theirs.map { String($0.name.split(separator: "/").last ?? "") })
            let refused = all.filter { !made.contains($0) }
            // Server 1.20 takes `default: ""` for no default.
            let withEmptyDefaults = ["bgpconfigurations.crd.projectcalico.org", "bgppeers.crd.projectcalico.org"]
            #expect(refused == (isOld ? withEmptyDefaults : []))
            #expect(result.status == (refused.isEmpty ? 0 : 1))
            #expect(result.errorLines.count == refused.count, "\(result.errors)")
            for name in refused {
                #expect(result.errorLines.contains { $0.contains(": CustomResourceDefinition/\(name): ") })
                #expect(refusals.errors.contains(name))
            }
            show("CRDs that the server refuses", ours: result, kubectl: refusals)
        }

        private func agentsCRDs() async throws -> ([SettledObject], ToolResult) {
            try await TestCluster.withFresh { cluster in
                let node = try TestNode(
                    "tasks: {crds: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(Self.upstream)]}}}\n"
                )
                let result = try await node.run("run")
                return (try await crds(of: cluster, appliedBy: "nest-bootstrap"), result)
            }
        }

        private func kubectlsCRDs() async throws -> ([SettledObject], ToolResult) {
            try await TestCluster.withFresh { cluster in
                let result = try await cluster.kubectl("apply", "--server-side", "-f", Self.upstream)
                try await cluster.establishDefinitions()
                return (try await crds(of: cluster, appliedBy: "kubectl"), result)
            }
        }

        private func crds(of cluster: TestCluster, appliedBy manager: String) async throws -> [SettledObject] {
            let result = try await cluster.kubectl("get", "crds", "-o", TestCluster.wholeJSON)
            return (try result.output.json["items"]?.sequence ?? []).map { SettledObject($0, appliedBy: manager) }
        }
    }
}
