import TestSupport
import Testing

extension MigrationTests {
    private static let server = "server-1"

    /// The kinds of k3s, which the server of the test does not have.
    private static let definitions = [("k3s.cattle.io", "Addon"), ("helm.cattle.io", "HelmChart")].map { group, kind in
        let plural = "\(kind.lowercased())s"
        return """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(plural).\(group)}
            spec:
              group: \(group)
              scope: Namespaced
              names: {kind: \(kind), plural: \(plural), singular: \(kind.lowercased())}
              versions:
                - name: v1
                  served: true
                  storage: true
                  schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}

            """
    }

    /// Applies the files of a directory as k3s does when it starts.
    private func startK3s(_ directory: String, on cluster: TestCluster) async throws {
        let script = "\(TestCluster.sourceRoot)/Tests/cluster/deploy-as-k3s"
        let environment = ["KUBECONFIG": cluster.kubeconfig]
        let result = try await Tool.run(script, [directory, Self.server], environment: environment)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test func `a file that k3s deploys is taken over as the guide shows, and a chart is left to it`() async throws {
        try await TestCluster.withFresh { cluster in
            let example = try MigrationExample("k3s-manifests", guide: "from-k3s-manifests", on: cluster)
            try await cluster.mustApply(Self.definitions.joined(separator: "---\n"))
            try await cluster.establishDefinitions()
            let directory = "/var/lib/rancher/k3s/server/manifests"
            let manifests = example.node.written(directory)
            try Files.makeDirectories(manifests)
            for name in ["registry.yaml", "cert-manager.yaml"] {
                let text = try Files.text("\(example.before)/\(name)")
                try Files.write(Array(text.utf8), to: "\(manifests)/\(name)", mode: 0o600)
            }
            try await example.node.installKubeconfig(of: example.cluster, at: "/etc/rancher/k3s/k3s.yaml")
            try await startK3s(manifests, on: cluster)
            let files = ["\(manifests)/registry.yaml"]
            let old = try await example.objects(of: files)
            #expect(managers(of: old["Deployment/registry"]) == ["deploy@\(Self.server)"])
            let chart = try await cluster.object("helmcharts.helm.cattle.io", "cert-manager", namespace: "kube-system")

            let first = try #require(example.guide.blocks("yaml").first)
            try example.installTaskFile(first)
            try await example.runSession(0)
            let shared = try await example.objects(of: files)
            for (name, object) in old {
                #expect(
                    changes(from: object, to: shared[name] ?? .null).sorted() == MigrationExample.marks,
                    "\(name)"
                )
                #expect(managers(of: shared[name]) == ["deploy@\(Self.server)", "nest-bootstrap"], "\(name)")
            }
            // A restart of k3s finds nothing to do, and neither does the task.
            try await startK3s(manifests, on: cluster)
            #expect(
                try await example.node.run("run").output.masked
                    == "registry: unchanged in SOON (4 unchanged)\n1 task: 1 unchanged\n"
            )

            try Files.write([], to: "\(manifests)/registry.yaml.skip", mode: 0o600)
            try example.installAfter()
            // The objects are those of the old file, which the copy is when this is run.
            try example.node.write(try Files.text("\(example.before)/registry.yaml"), to: "registry.yaml")
            try await example.runScript(try #require(example.guide.blocks("bash").first))
            try example.installAfter()
            try await example.runSession(1)
            try await expectTakenOver(example, from: old, files: files)
            let left = try await cluster.object("helmcharts.helm.cattle.io", "cert-manager", namespace: "kube-system")
            #expect(left == chart)

            // Back: without the file that skips it, k3s deploys its own file again.
            try Files.remove("\(manifests)/registry.yaml.skip")
            try await startK3s(manifests, on: cluster)
            let back = try await example.objects(of: files)
            #expect(back["Deployment/registry"]?["spec"] == old["Deployment/registry"]?["spec"])
        }
    }

    private func expectTakenOver(_ example: MigrationExample, from old: [String: JSON], files: [String]) async throws {
        let new = try await example.objects(of: files)
        #expect(Set(new.keys) == Set(old.keys))
        let prefix = "objectset.rio.cattle.io"
        let marks =
            ["applied", "id", "owner-gvk", "owner-name", "owner-namespace"].map {
                "- metadata.annotations.\(prefix)/\($0)"
            }
            + ["- metadata.labels.\(prefix)/hash"]
        let container = "spec.template.spec.containers[0]"
        let expected = [
            "ConfigMap/registry": ["- data.cleanup"],
            "Deployment/registry": [
                "- \(container).env[0].name", "- \(container).env[0].value", "~ \(container).image",
            ],
        ]
        for (name, object) in old {
            let lines = MigrationExample.marks + marks + (expected[name] ?? [])
            #expect(changes(from: object, to: new[name] ?? .null).sorted() == lines.sorted(), "\(name)")
            #expect(managers(of: new[name]) == ["nest-bootstrap"], "\(name)")
            #expect(object["metadata"]?["uid"] == new[name]?["metadata"]?["uid"])
        }
    }
}
