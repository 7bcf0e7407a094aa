import TestSupport
import Testing

/// What `prune` of verb `apply` keeps on a real API server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct KeptObjectTests {
    @Test func `Namespaces and definitions are deleted only if it is asked for`() async throws {
        let set = try await PrunedSet("protected")
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: protected-too}}"
        try set.write(["a"], more: namespace, PrunedSet.definition("Kept"))
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let kept = try await set.node.run("run")
        #expect(kept.status == 0, "\(kept.errors)")
        for object in ["CustomResourceDefinition/kepts.prune.test", "Namespace/protected-too"] {
            let warning = (kept.outputLines + kept.errorLines).first { $0.contains("kept \(object): ") }
            #expect(warning?.contains("'prune: all'") == true, "\(kept.output)\(kept.errors)")
        }
        try set.writeTask("prune: all")
        let last = try await set.node.run("run")
        #expect(last.status == 0, "\(last.errors)")
        for object in ["CustomResourceDefinition/kepts.prune.test", "Namespace/protected-too"] {
            #expect(last.output.contains("\(object) deleted"), "\(last.output)")
        }
        #expect(try await set.members() == ["ConfigMap/protected/a"])
    }

    @Test func `an object that moves to another task is not deleted`() async throws {
        let set = try await PrunedSet("moving")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        let uid = try await set.cluster.object("configmap", "b", namespace: "moving")["metadata"]?["uid"]
        try set.write(["a"])
        try set.node.write(set.map("b"), to: "other.yaml")
        let other = "other: {apply: {kubeconfig: \(set.cluster.kubeconfig), manifests: [other.yaml]}}"
        try set.writeTask("prune: true", more: other)
        for (task, isWarned) in [("moving", true), ("other", false), ("moving", false)] {
            let result = try await set.node.run("run", "--task", task)
            #expect(result.status == 0, "\(result.errors)")
            let warning = "kept ConfigMap/moving/b: task 'other' describes it at \(set.node.path("other.yaml")):1:1\n"
            let output = result.output + result.errors
            #expect(output.contains(warning) == isWarned, "\(output)")
            #expect(try await set.cluster.object("configmap", "b", namespace: "moving")["metadata"]?["uid"] == uid)
        }
    }

    @Test func `an object stays as long as a manifest of another task cannot be read`() async throws {
        let set = try await PrunedSet("hidden")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let other = "other: {apply: {kubeconfig: \(set.cluster.kubeconfig), manifests: [other.yaml]}}"
        try set.writeTask("prune: true", more: other)
        let location = "\(set.node.config):3:"
        for (text, words) in [
            (nil, "task 'other' may describe it: \(location)"),
            ("{apiVersion: v1, kind: ConfigMap", "task 'other' may describe it: \(set.node.path("other.yaml")):"),
        ] {
            if let text { try set.node.write(text, to: "other.yaml") }
            let result = try await set.node.run("run", "--task", "hidden")
            #expect(result.status == 0, "\(result.errors)")
            let output = result.output + result.errors
            #expect(output.contains("kept ConfigMap/hidden/b: \(words)"), "\(output)")
            #expect(try await set.names() == ["a", "b"])
        }
        try set.node.write(set.map("c"), to: "other.yaml")
        let last = try await set.node.run("run", "--task", "hidden")
        #expect(last.output.contains("ConfigMap/hidden/b deleted"), "\(last.output)\(last.errors)")
    }

    @Test func `what another task describes is in the namespace of its own kubeconfig, or of another group`()
        async throws
    {
        let set = try await PrunedSet("spaces")
        let kubeconfig = TemporaryDirectory.file("spaces.kubeconfig")
        try Files.write(try Files.read(set.cluster.kubeconfig), to: kubeconfig, mode: 0o600)
        let change = ["config", "set-context", "--current", "--namespace=spaces"]
        #expect(try await set.cluster.kubectl(["--kubeconfig", kubeconfig] + change).status == 0)
        let event = "kind: Event, metadata: {name: e, namespace: spaces}, reason: r, type: Normal"
        let about = "involvedObject: {kind: Namespace, name: spaces, namespace: spaces}"
        try set.write(["a", "b"], more: "{apiVersion: v1, \(event), \(about)}")
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        // Without a namespace: in 'spaces' with one of the kubeconfigs, in 'default' with the other.
        try set.node.write(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n---\n{apiVersion: events.k8s.io/v1, \(event)}\n",
            to: "other.yaml"
        )
        try set.writeTask("prune: true", more: "other: {apply: {kubeconfig: \(kubeconfig), manifests: [other.yaml]}}")
        let kept = try await set.node.run("run", "--task", "spaces")
        for object in ["ConfigMap/spaces/b", "Event/spaces/e"] {
            let words = "kept \(object): task 'other' describes it"
            #expect((kept.output + kept.errors).contains(words), "\(kept.output)\(kept.errors)")
        }
        #expect(try await set.names() == ["a", "b"])
        let other = "other: {apply: {kubeconfig: \(set.cluster.kubeconfig), manifests: [other.yaml]}}"
        try set.writeTask("prune: true", more: other)
        let deleted = try await set.node.run("run", "--task", "spaces")
        #expect(deleted.output.contains("ConfigMap/spaces/b deleted"), "\(deleted.output)\(deleted.errors)")
    }

    @Test func `an object stays if the task that describes it has another address of the server`() async throws {
        let set = try await PrunedSet("addresses")
        let kubeconfig = TemporaryDirectory.file("other.kubeconfig")
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}], users: [{name: u, user: {token: t}}],
             clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: /other/ca.crt}}]}
            """
        try Files.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        try set.node.write(set.map("b"), to: "other.yaml")
        try set.writeTask("prune: true", more: "other: {apply: {kubeconfig: \(kubeconfig), manifests: [other.yaml]}}")
        let result = try await set.node.run("run", "--task", set.name)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.names() == ["a", "b"], "\(result.output)\(result.errors)")
    }
}
