import TestSupport
import Testing

/// The guides of `docs/migration`: the old way with its own tools, then the new way as the guide shows it.
///
/// Each has a server of its own, one after the other.
@Suite(.needsAPIServer, .serialized, .temporaryDirectory, .timeLimit(.minutes(15)))
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

extension MigrationTests {
    private static let examples = "\(TestCluster.sourceRoot)/examples/migration/nixos-module"

    /// A text with the server of the test instead of that of the example.
    private func adapted(_ text: String, _ example: MigrationExample) -> String {
        text.replacing("https://ducksnest-controlplane:6443", with: example.cluster.server)
    }

    /// Runs the scripts of the role file, as the services of the homelab's module do.
    private func runScripts(_ module: NixModule, _ example: MigrationExample) async throws {
        let result = try await module.evaluate(
            "import \(Self.examples)/before/control-plane.nix",
            instead: "homelab-module"
        )
        try #require(result.status == 0, "\(result.errors)")
        let services = try result.output.json["services"]
        let node = example.node
        for task in [
            "generate-kubeconfig", "setup-calico-ipam", "bootstrap-rbac", "calico-config", "calico-crds",
            "calico-ip-pool",
        ] {
            let service = try #require(services?["k8s-bootstrap-\(task)"])
            var script = adapted(service["script"]?.string ?? "", example)
            var variables: [String: String] = [:]
            for text in service["serviceConfig"]?["Environment"]?.sequence?.compactMap(\.string) ?? [] {
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                variables[parts[0]] = parts[1]
            }
            for directory in ["/etc/kubernetes", "/opt/cni", "/run/agenix"] {
                script = script.replacing(" \(directory)", with: " \(node.written(directory))")
                script = script.replacing("'\(directory)", with: "'\(node.written(directory))")
            }
            variables["KUBECONFIG"] = variables["KUBECONFIG"].map(node.written)
            let ended = try await Tool.run("bash", ["-euc", script], environment: variables)
            #expect(ended.status == 0, "\(task): \(ended.output)\(ended.errors)")
            #expect(!ended.output.contains("warning"), "\(ended.output)")
            if task == "calico-crds" { try await example.cluster.establishDefinitions() }
        }
    }

    @Test(.needsNix) func `scripts of a NixOS module are replaced by verbs as the guide shows`() async throws {
        try await TestCluster.withFresh { cluster in
            let example = try MigrationExample("nixos-module", guide: "from-the-nixos-module", on: cluster)
            let names = ["k8s-ca.crt", "kube-admin.crt", "kube-admin.key"]
            try example.installCredentials(Dictionary(names.map { ($0, $0) }) { $1 }, in: "/run/agenix")
            let module = try await NixModule("import \(Self.examples)/after/control-plane.nix")
            try await runScripts(module, example)
            let rbac = ["00-kube-apiserver-to-kubelet", "04-calico-cni"].map {
                "\(TestCluster.sourceRoot)/rbac/\($0).yaml"
            }
            let files =
                rbac + ["\(Self.examples)/before/k8s/calico-config.yaml", "\(TestCluster.sourceRoot)/calico/crds"]
                + ["\(TestCluster.sourceRoot)/calico/ip-pool.yaml"]
            let old = try await example.objects(of: files)
            #expect(managers(of: old["ConfigMap/calico-config"]) == ["kubectl-client-side-apply"])

            let taskFile = adapted(try module.text("built/bootstrap.yaml"), example)
            try example.node.write(taskFile, to: "bootstrap.yaml")
            let check = try await example.node.run("check")
            #expect(check.output == "6 tasks for this node, nothing wrong\n" && check.errors == "", "\(check)")
            try await example.runSession(0)
            let new = try await example.objects(of: files)
            #expect(Set(new.keys) == Set(old.keys) && new.count > 20)
            for (name, object) in old {
                let more = name == "ConfigMap/calico-config" ? ["- data.typha_service_name"] : []
                let lines = MigrationExample.marks + [MigrationExample.lastApplied] + more
                #expect(changes(from: object, to: new[name] ?? .null).sorted() == lines.sorted(), "\(name)")
                #expect(object["metadata"]?["uid"] == new[name]?["metadata"]?["uid"])
                #expect(!managers(of: new[name]).contains("kubectl-client-side-apply"), "\(name)")
            }
        }
    }
}

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
}
