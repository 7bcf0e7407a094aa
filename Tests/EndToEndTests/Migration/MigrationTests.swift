import TestSupport
import Testing

/// The guides of `docs/migration`: the old way with its own tools, then the new way as the guide shows it.
///
/// Each has a server of its own, one after the other.
@Suite(.tags(.everyServer), .needsAPIServer, .serialized, .temporaryDirectory, .timeLimit(.minutes(30)))
struct MigrationTests {
    @Test func `a script with kubectl is replaced as the guide shows, and could go on`() async throws {
        try await TestCluster.withFresh { cluster in
            let example = try MigrationExample("scripts", guide: "from-scripts", on: cluster)
            #expect(example.guide.blocks("yaml").first == (try example.taskFile))
            let pki = ["ca.crt": "k8s-ca.crt", "admin.crt": "kube-admin.crt", "admin.key": "kube-admin.key"]
            try example.installCredentials(pki, in: "/etc/kubernetes/pki")
            try await runOldScript(of: example)
            let manifests = ["backups-crd", "backups", "monitoring"].map { "\(example.before)/\($0).yaml" }
            let old = try await example.objects(of: manifests)
            #expect(managers(of: old["DaemonSet/node-exporter"]) == ["kubectl-client-side-apply"])

            try example.installAfter()
            for index in example.guide.sessions.indices { try await example.runSession(index) }
            let new = try await example.objects(of: manifests)
            #expect(Set(new.keys) == Set(old.keys))
            expectChanges(from: old, to: new)
            for (name, object) in new where !name.hasPrefix("CustomResourceDefinition") {
                #expect(managers(of: object) == ["nest-bootstrap"], "\(name)")
            }
            let namespace = try await cluster.kubectl("get", "ns", "monitoring", "-o", TestCluster.wholeJSON)
            #expect(managers(of: try namespace.output.json) == ["nest-bootstrap"])

            // The script runs once more, as at a boot with both, and the tasks after it.
            try await runOldScript(of: example)
            let back = try await example.objects(of: manifests)
            #expect(back["DaemonSet/node-exporter"]?["spec"] == old["DaemonSet/node-exporter"]?["spec"])
            #expect(try await example.node.run("run").status == 0)
            let again = try await example.node.run("run")
            #expect(again.outputLines.last == "5 tasks: 5 unchanged", "\(again)")
            let settled = try await example.objects(of: manifests)
            for (name, object) in settled { #expect(changes(from: new[name] ?? .null, to: object) == [], "\(name)") }
        }
    }

    /// Runs the script as its unit does, for the node of the example.
    private func runOldScript(of example: MigrationExample) async throws {
        let node = example.node
        let result = try await Tool.run(
            "bash",
            ["\(example.before)/cluster-addons.sh"],
            environment: [
                "SERVER": example.cluster.server, "PKI": node.written("/etc/kubernetes/pki"),
                "CNI": node.written("/etc/cni/net.d"),
                "KUBECONFIG": node.written("/etc/kubernetes/cluster-admin.kubeconfig"),
            ]
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    private func expectChanges(from old: [String: JSON], to new: [String: JSON]) {
        let containers = "spec.template.spec.containers[0]"
        let reference = "\(containers).env[1].valueFrom.configMapKeyRef"
        let expected = [
            "ConfigMap/node-exporter": ["- data.legacy-port"],
            "DaemonSet/node-exporter": [
                "- \(containers).env[1].name", "- \(reference).key", "- \(reference).name", "~ \(containers).image",
            ],
        ]
        for (name, object) in old {
            let lines = MigrationExample.marks + [MigrationExample.lastApplied] + (expected[name] ?? [])
            let found = changes(from: object, to: new[name] ?? .null)
            #expect(found.sorted() == lines.sorted(), "\(name)")
            #expect(object["metadata"]?["uid"] == new[name]?["metadata"]?["uid"])
        }
    }
}
