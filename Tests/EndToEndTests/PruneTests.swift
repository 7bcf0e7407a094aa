import Host
import TestSupport
import Testing
import YAML

/// `prune` of verb `apply` on a real API server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(5)))
struct PruneTests {
    @Test func `what the manifests no longer hold is deleted, and a dry run and diff show it`() async throws {
        let set = try await PrunedSet("deleted")
        try set.write(["a", "b"])
        let first = try await set.node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try await set.annotation("contains-group-kinds") == "ConfigMap")
        #expect(try await set.annotation("additional-namespaces") == "deleted")
        #expect(try await set.annotation("tooling") == "nest-bootstrap/v1")
        let version = try await set.parent()["metadata"]?["resourceVersion"]?.string
        let second = try await set.node.run("run")
        #expect(second.outputLines.last == "1 task: 1 unchanged", "\(second.output)\(second.errors)")
        #expect(try await set.parent()["metadata"]?["resourceVersion"]?.string == version)

        try set.write(["a"])
        let planned = try await set.node.run("run", "--dry-run")
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(planned.output.contains("deleted: ConfigMap/deleted/b would be deleted\n"), "\(planned.output)")
        let diff = try await set.node.run("diff")
        #expect(diff.status == 1)
        #expect(
            diff.output == "--- ConfigMap/deleted/b\n+++ /dev/null\n1 task would change\n",
            "\(diff.output)\(diff.errors)"
        )
        #expect(try await set.names() == ["a", "b"])

        let third = try await set.node.run("run")
        #expect(third.status == 0, "\(third.errors)")
        #expect(third.output.contains("deleted: ConfigMap/deleted/b deleted\n"), "\(third.output)")
        #expect(try await set.names() == ["a"])
        let status = try await set.node.run("status", "--output", "json").output.json
        #expect(status["tasks"]?.sequence?.first?["objects"]?["deleted"]?.integer == 1)
    }

    @Test func `an object that another one has taken, or a controller has made, stays`() async throws {
        let set = try await PrunedSet("taken")
        let owner = try await set.cluster.object("namespace", "taken")["metadata"]?["uid"]?.string ?? ""
        let owned = "ownerReferences: [{apiVersion: v1, kind: Namespace, name: taken, uid: \(owner)}]"
        try set.write(["a", "flux", "other"], more: set.map("owned", metadata: owned))
        #expect(try await set.node.run("run").status == 0)
        let id = try await set.parent()["metadata"]?["labels"]?["applyset.kubernetes.io/id"]?.string ?? ""
        // As the controller of Endpoints copies the labels of a Service.
        try await set.cluster.mustRunKubectl("create", "configmap", "copied", "-n", "taken")
        let label = "applyset.kubernetes.io/part-of"
        try await set.cluster.mustRunKubectl("label", "configmap", "copied", "-n", "taken", "\(label)=\(id)")
        try await set.cluster.mustRunKubectl(
            "label",
            "configmap",
            "other",
            "-n",
            "taken",
            "--overwrite",
            "\(label)=applyset-other-v1"
        )
        try set.node.write("---\n\(set.map("flux", data: "from flux"))\n", to: "flux.yaml")
        try await set.cluster.mustRunKubectl(
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=flux",
            "-f",
            set.node.path("flux.yaml")
        )
        try set.write(["a"])
        for _ in 1...2 {
            let result = try await set.node.run("run")
            #expect(result.status == 0, "\(result.errors)")
            let warnings = (result.outputLines + result.errorLines).filter { $0.contains("warning") }
            let words = "not deleted, although no manifest holds it:"
            #expect(
                warnings == [
                    "taken: warning: ConfigMap/taken/flux: \(words) field manager 'flux' applies it",
                    "taken: warning: ConfigMap/taken/owned: \(words) it is owned by Namespace/taken",
                ]
            )
        }
        #expect(try await set.names() == ["a", "copied", "flux", "other", "owned"])
    }

    @Test func `Endpoints that the controller has made for a Service stay`() async throws {
        let set = try await PrunedSet("endpoints")
        let service =
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: endpoints}, "
            + "spec: {selector: {a: b}, ports: [{port: 1, protocol: TCP}]}}"
        let own = "{apiVersion: v1, kind: Endpoints, metadata: {name: own, namespace: endpoints}}"
        try set.write([], more: service, own)
        #expect(try await set.node.run("run").status == 0)
        // The controller copies the label of the Service.
        let label = "applyset.kubernetes.io/part-of"
        let isCopied = try await becomes(within: .seconds(60)) {
            let result = try await set.cluster.kubectl("get", "endpoints", "-n", "endpoints", "-l", label, "-o", "name")
            return result.outputLines == ["endpoints/own", "endpoints/s"]
        }
        try #require(isCopied)
        let version = try await set.cluster.object("endpoints", "s", namespace: "endpoints")["metadata"]?["uid"]
        try set.write(["a"], more: service)
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("Endpoints/endpoints/own deleted"), "\(result.output)")
        #expect(!(result.output + result.errors).contains("Endpoints/endpoints/s"))
        let last = try await set.cluster.object("endpoints", "s", namespace: "endpoints")
        #expect(last["metadata"]?["uid"] == version)
    }

    @Test func `nothing is deleted if a manifest cannot be read or applied`() async throws {
        let set = try await PrunedSet("failing")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        for broken in [
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}", set.map("not a name"),
            "{apiVersion: example.org/v1, kind: Nothing, metadata: {name: n}}",
        ] {
            try set.write(["a"], more: broken)
            #expect(try await set.node.run("run").status == 1)
            #expect(try await set.names() == ["a", "b"], "\(broken)")
        }
        try set.write([], more: "{apiVersion: v1, kind: ConfigMap")
        #expect(try await set.node.run("run").status == 1)
        #expect(try await set.names() == ["a", "b"])
    }

    @Test func `Namespaces and definitions are deleted only if it is asked for`() async throws {
        let set = try await PrunedSet("protected")
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: protected-too}}"
        try set.write(["a"], more: namespace, PrunedSet.definition("Kept"))
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let kept = try await set.node.run("run")
        #expect(kept.status == 0, "\(kept.errors)")
        for object in ["CustomResourceDefinition/kepts.prune.test", "Namespace/protected-too"] {
            let kind = object.prefix { $0 != "/" }
            let warning =
                "\(object): not deleted, although no manifest holds it: a \(kind) is deleted only with 'prune: all'"
            #expect((kept.output + kept.errors).contains(warning), "\(kept.output)\(kept.errors)")
        }
        #expect(
            try await set.annotation("contains-group-kinds")
                == "ConfigMap,CustomResourceDefinition.apiextensions.k8s.io,Namespace"
        )
        try set.writeTask("prune: all")
        let planned = try await set.node.run("run", "--dry-run")
        #expect(
            planned.output.contains("Namespace/protected-too would be deleted"),
            "\(planned.output)\(planned.errors)"
        )
        try set.write(["a"], more: namespace)
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("CustomResourceDefinition/kepts.prune.test deleted"))
        #expect(try await set.annotation("contains-group-kinds") == "ConfigMap,Namespace")
        try set.write(["a"])
        let last = try await set.node.run("run")
        #expect(last.status == 0, "\(last.errors)")
        #expect(last.output.contains("Namespace/protected-too deleted"))
        #expect(try await set.annotation("contains-group-kinds") == "ConfigMap")
    }

    @Test func `a kind that the server no longer has is forgotten`() async throws {
        let set = try await PrunedSet("gone")
        let widget = "{apiVersion: prune.test/v1, kind: Gone, metadata: {name: w, namespace: gone}}"
        try set.write(["a"], more: PrunedSet.definition("Gone"), widget)
        let first = try await set.node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        try await set.cluster.mustRunKubectl("delete", "crd", "gones.prune.test", "--timeout=60s")
        try set.write(["a"])
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.annotation("contains-group-kinds") == "ConfigMap")
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
        for task in ["moving", "other", "moving"] {
            let result = try await set.node.run("run", "--task", task)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try await set.cluster.object("configmap", "b", namespace: "moving")["metadata"]?["uid"] == uid)
        }
        let labels = try await set.cluster.object("configmap", "b", namespace: "moving")["metadata"]?["labels"]
        #expect(labels?["applyset.kubernetes.io/part-of"] == nil)
    }

    @Test func `an object whose manifest changes to another group is not deleted`() async throws {
        let set = try await PrunedSet("regrouped")
        // Later servers have Ingress in one group only.
        guard try await !set.cluster.isAtLeast(minor: 22) else { return }
        let backend = "service: {name: s, port: {number: 80}}"
        let start = "kind: Ingress, metadata: {name: i, namespace: regrouped}"
        try set.write(
            [],
            more: "{apiVersion: extensions/v1beta1, \(start), spec: {backend: {serviceName: s, servicePort: 80}}}"
        )
        #expect(try await set.node.run("run").status == 0)
        let uid = try await set.cluster.object("ingress", "i", namespace: "regrouped")["metadata"]?["uid"]
        try set.write([], more: "{apiVersion: networking.k8s.io/v1, \(start), spec: {defaultBackend: {\(backend)}}}")
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.cluster.object("ingress", "i", namespace: "regrouped")["metadata"]?["uid"] == uid)
        #expect(try await set.annotation("contains-group-kinds") == "Ingress.networking.k8s.io")
    }

    @Test func `without the key nothing is deleted, and the objects lose the label`() async throws {
        let set = try await PrunedSet("former")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        try set.writeTask("prune: false")
        try set.write(["a"])
        #expect(try await set.node.run("run").status == 0)
        #expect(try await set.names() == ["a", "b"])
        let a = try await set.cluster.object("configmap", "a", namespace: "former")
        #expect(a["metadata"]?["labels"]?["applyset.kubernetes.io/part-of"] == nil)
    }

    @Test func `a manifest cannot say itself which set its object belongs to`() async throws {
        let set = try await PrunedSet("labelled")
        try set.write([], more: set.map("a", metadata: "labels: {applyset.kubernetes.io/part-of: x}"))
        for command in ["check", "run"] {
            let result = try await set.node.run(command)
            #expect(result.status != 0)
            let text =
                "ConfigMap/labelled/a: label 'applyset.kubernetes.io/part-of' cannot be in a manifest of a task with 'prune'"
            #expect((result.output + result.errors).contains(text), "\(result.output)\(result.errors)")
        }
    }

    @Test func `check warns of prune in a task whose objects are all kept`() async throws {
        let set = try await PrunedSet("useless")
        try set.write([], more: "{apiVersion: v1, kind: Namespace, metadata: {name: useless}}")
        let result = try await set.node.run("check")
        #expect((result.output + result.errors).contains("'prune: true' of task 'useless' deletes nothing"))
        try set.writeTask("prune: all")
        let all = try await set.node.run("check")
        #expect(!(all.output + all.errors).contains("deletes nothing"))
    }
}
