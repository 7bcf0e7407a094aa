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
    }
}
