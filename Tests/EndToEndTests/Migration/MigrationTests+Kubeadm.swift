import TestSupport
import Testing

extension MigrationTests {
    @Test func `kubeadm's addons are taken over as the guide shows, and an upgrade that replaces them is reported`()
        async throws
    {
        try await TestCluster.withFresh { cluster in
            let example = try MigrationExample("kubeadm-addons", guide: "from-kubeadm-addons", on: cluster)
            #expect(example.guide.blocks("yaml").first == (try example.taskFile))
            try await example.node.installKubeconfig(of: cluster, at: "/etc/kubernetes/admin.conf")
            let files = ["coredns", "kube-proxy"].map { "\(example.before)/\($0).yaml" }
            let arguments = files.flatMap { ["-f", $0] }
            let created = try await cluster.kubectl(["create", "--field-manager=kubeadm"] + arguments)
            try #require(created.status == 0, "\(created.errors)")
            let old = try await example.objects(of: files)
            #expect(managers(of: old["DaemonSet/kube-proxy"]) == ["kubeadm"])

            try example.installAfter()
            for name in ["coredns.yaml", "kube-proxy.yaml"] {
                try example.node.write(try Files.text("\(example.before)/\(name)"), to: name)
            }
            try await example.runSession(0)
            let shared = try await example.objects(of: files)
            for (name, object) in old {
                #expect(
                    changes(from: object, to: shared[name] ?? .null).sorted() == MigrationExample.marks,
                    "\(name)"
                )
            }

            let scripts = example.guide.blocks("bash")
            try await example.runScript(try #require(scripts.last))
            try example.installAfter()
            try await example.runSession(1)
            try await expectTakenOver(example, from: old, files: files)
            try await upgrade(example)
        }
    }

    private func expectTakenOver(_ example: MigrationExample, from old: [String: JSON], files: [String]) async throws {
        let new = try await example.objects(of: files)
        #expect(Set(new.keys) == Set(old.keys))
        let container = "spec.template.spec.containers[0]"
        let expected = [
            "ConfigMap/coredns": ["~ data.Corefile"],
            "Deployment/coredns": ["- \(container).resources.limits.memory", "~ \(container).image"],
            "DaemonSet/kube-proxy": ["~ \(container).image"],
        ]
        for (name, object) in old {
            let lines = MigrationExample.marks + (expected[name] ?? [])
            #expect(changes(from: object, to: new[name] ?? .null).sorted() == lines.sorted(), "\(name)")
            #expect(managers(of: new[name]) == ["nest-bootstrap"], "\(name)")
            #expect(object["metadata"]?["uid"] == new[name]?["metadata"]?["uid"])
        }
    }

    /// An upgrade that does not skip the phase replaces the objects, and the task reports what it finds.
    private func upgrade(_ example: MigrationExample) async throws {
        let file = "\(example.before)/kube-proxy.yaml"
        let replaced = try await example.cluster.kubectl("replace", "--field-manager=kubeadm", "-f", file)
        try #require(replaced.status == 0, "\(replaced.errors)")
        let node = example.node
        let result = try await node.run("run")
        #expect(result.status == 1)
        let shown = try #require(example.guide.blocks("text").first)
        let path = "/etc/nest-bootstrap"
        #expect(result.errors.replacing(node.directory, with: path).masked == shown.masked)
        let tool = "/usr/share/doc/nest-bootstrap/examples/migration/drop-manager"
        try await example.runScript("\(tool) kubeadm -f kube-proxy.yaml")
        #expect(try await node.run("run").status == 0)
        #expect(try await node.run("run").outputLines.last == "2 tasks: 2 unchanged")
        let restored = try await example.objects(of: [file])["DaemonSet/kube-proxy"]
        let image = restored?["spec"]?["template"]?["spec"]?["containers"]?[0]?["image"]?.string
        #expect(image == "registry.k8s.io/kube-proxy:v1.32.6")
    }

    @Test func `drop-manager says how it is called, and what it has not found`() async throws {
        let cluster = try await TestCluster.shared.value
        let tool = "\(TestCluster.sourceRoot)/examples/migration/drop-manager"
        let environment = ["KUBECONFIG": cluster.kubeconfig]
        let alone = try await Tool.run(tool, ["kubeadm"], environment: environment)
        #expect(alone.status == 64)
        #expect(alone.errorLines.dropFirst().first == "usage: drop-manager MANAGER ARGUMENT OF kubectl get...")
        let other = try await Tool.run(tool, ["kubeadm", "namespace", "kube-system"], environment: environment)
        #expect(other.status == 1)
        #expect(other.errors == "drop-manager: none of the objects has fields of 'kubeadm'\n")
        let missing = try await Tool.run(tool, ["kubeadm", "namespace", "nosuch"], environment: environment)
        #expect(missing.status == 1)
        #expect(missing.errors == "Error from server (NotFound): namespaces \"nosuch\" not found\n")
    }

    @Test func `drop-manager removes the only manager of an object`() async throws {
        let cluster = try await TestCluster.shared(namespace: "drop-manager")
        let metadata = "{name: only, namespace: drop-manager}"
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: \(metadata), data: {a: b}}"
        try await cluster.mustApply(manifest, manager: "kubeadm")
        let reading = ["get", "configmap", "only", "-n", "drop-manager", "-o", TestCluster.wholeJSON]
        let old = try await cluster.kubectl(reading).output.json
        #expect(managers(of: old) == ["kubeadm"])
        let tool = "\(TestCluster.sourceRoot)/examples/migration/drop-manager"
        let environment = ["KUBECONFIG": cluster.kubeconfig]
        let result = try await Tool.run(
            tool,
            ["kubeadm", "-n", "drop-manager", "configmap/only"],
            environment: environment
        )
        #expect(result.status == 0, "\(result.errors)")
        let new = try await cluster.kubectl(reading).output.json
        #expect(managers(of: new) == [])
        #expect(old["data"]?["a"]?.string == "b" && new["data"] == old["data"])
    }
}
