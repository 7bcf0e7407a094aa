import TestSupport
import Testing

/// Sets of objects that several nodes have: renames, claims, removal.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ObjectSetTests {
    @Test func `a foreign object that somebody puts into the set and its lists stays`() async throws {
        let nodes = try await SetNodes("foreign", "n1")
        try nodes.write("n1", ["a": "1"])
        #expect(try await nodes.run("n1").status == 0)
        let parent = try await nodes.cluster.object("configmap", "nest-bootstrap-foreign", namespace: "kube-system")
        let id = parent["metadata"]?["labels"]?["applyset.kubernetes.io/id"]?.string ?? ""
        let kubectl = nodes.cluster
        try await kubectl.mustRunKubectl("create", "secret", "generic", "crown", "-n", "foreign", "--from-literal=a=1")
        let scope = "applyset.kubernetes.io/contains-group-kinds=ConfigMap,Secret"
        let address = ["configmap", "nest-bootstrap-foreign", "-n", "kube-system"]
        #expect(try await kubectl.kubectl(["annotate"] + address + ["--overwrite", scope]).status == 0)
        let lists = #"{"data":{"former":"Secret/foreign/crown"}}"#
        #expect(try await kubectl.kubectl(["patch"] + address + ["--type=merge", "-p", lists]).status == 0)
        let node = try nodes.node("n1")
        try node.write(
            "---\n{apiVersion: v1, kind: Secret, metadata: {name: crown, namespace: foreign, "
                + "labels: {applyset.kubernetes.io/part-of: \(id)}, annotations: {nest-bootstrap/task: foreign}}}\n",
            to: "label.yaml"
        )
        let label = ["apply", "--server-side", "--field-manager=nest-bootstrap", "-f", node.path("label.yaml")]
        #expect(try await kubectl.kubectl(label).status == 0)
        for arguments in [["run"], ["diff"], ["run"]] {
            let result = await (try node.start(arguments + ["--host-name", "n1"])).result()
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("Secret/foreign/crown: kept (no record says"), "\(result.errors)")
        }
        #expect(try await kubectl.kubectl("get", "secret", "crown", "-n", "foreign").status == 0)
        // Nor is it deleted together with the set.
        try nodes.writeOtherTask("n1")
        let removal = try await nodes.run("n1", "run", "--remove-sets")
        #expect(removal.output.contains("ConfigMap/foreign/a deleted"), "\(removal.output)")
        #expect(try await kubectl.kubectl("get", "secret", "crown", "-n", "foreign").status == 0)
    }

    @Test func `a set without a task is listed, and removed with one command once no node has it`() async throws {
        let nodes = try await SetNodes("ended", "n1", "n2")
        try await nodes.cluster.mustRunKubectl("create", "configmap", "beside", "-n", "ended")
        for name in ["n1", "n2"] {
            try nodes.write(name, ["a": "1", "b": "1"])
            #expect(try await nodes.run(name).status == 0)
        }
        try nodes.writeOtherTask("n1")
        let claimed = try await nodes.run("n1", "run", "--remove-sets")
        #expect(claimed.status == 1)
        #expect(
            claimed.errors.contains("set 'ended' is not removed: the file of node 'n2' has a task with it"),
            "\(claimed.errors)"
        )
        #expect(try await nodes.maps().keys.sorted() == ["a", "b"])

        try nodes.writeOtherTask("n2")
        let list = "ConfigMap/ended/a, ConfigMap/ended/b"
        let status = try await nodes.run("n2", "status")
        #expect(status.errors.contains("no task has set 'ended' any more"), "\(status.errors)")
        for command in ["diff", "run"] {
            let result = try await nodes.run("n2", command)
            let message = "no node's file has set 'ended' any more, and its objects are still there: \(list)"
            #expect(result.errors.contains(message), "\(result.errors)")
            #expect(result.errors.contains("nest-bootstrap run --remove-sets"), "\(result.errors)")
        }
        let planned = try await nodes.run("n2", "run", "--remove-sets", "--dry-run")
        #expect(planned.output.contains("ConfigMap/ended/a would be deleted"), "\(planned.output)")
        #expect(try await nodes.maps().keys.sorted() == ["a", "b"])
        let removed = try await nodes.run("n2", "run", "--remove-sets")
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(removed.output.contains("remove-set-ended: changed"), "\(removed.output)")
        #expect(try await nodes.maps().isEmpty)
        #expect(try await nodes.cluster.kubectl("get", "configmap", "beside", "-n", "ended").status == 0)
        #expect(try await !nodes.hasParent())
        for name in ["n1", "n2"] {
            let result = try await nodes.run(name)
            #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            #expect(try await nodes.run(name, "status").errors.isEmpty)
        }
    }

    @Test func `a task removes a set, unless the node of another file has it`() async throws {
        let nodes = try await SetNodes("dropped", "cp", "worker")
        try nodes.write("cp", ["a": "1"])
        #expect(try await nodes.run("cp").status == 0)
        let kubeconfig = nodes.cluster.kubeconfig
        for name in ["worker", "cp"] {
            try nodes.writeOtherTask(name, "end: {remove: {set: dropped, kubeconfig: \(kubeconfig)}}")
        }
        let refused = try await nodes.run("worker")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("the file of node 'cp' has a task with it"), "\(refused.errors)")
        #expect(try await nodes.maps() == ["a": "1"])
        for expected in ["1 task: 1 changed\n", "1 task: 1 unchanged\n"] {
            let result = try await nodes.run("cp")
            #expect(result.output.hasSuffix(expected), "\(result.output)\(result.errors)")
        }
        #expect(try await nodes.maps().isEmpty)
        #expect(try await nodes.run("worker").status == 0)
    }

    @Test func `the objects of a set stay until they are removed, also if its parent is gone`() async throws {
        let nodes = try await SetNodes("orphaned", "n1", "n2")
        try nodes.write("n1", ["a": "1", "of-1": "1"])
        try nodes.write("n2", ["a": "1"])
        for name in ["n1", "n2"] { #expect(try await nodes.run(name).status == 0) }
        // The objects of a node that no longer has the task are not obsolete for the others.
        try nodes.writeOtherTask("n1")
        #expect(try await nodes.run("n1").status == 0)
        let others = try await nodes.run("n2")
        #expect(others.output.hasSuffix("1 task: 1 unchanged\n"))
        let reason = "of-1: kept (a node whose file no longer has the set applied it; it is deleted with the set)"
        #expect(others.errors.contains(reason), "\(others.errors)")
        #expect(try await nodes.maps().keys.sorted() == ["a", "of-1"])
        try nodes.writeOtherTask("n2")
        try await nodes.cluster.mustRunKubectl("delete", "configmap", "nest-bootstrap-orphaned", "-n", "kube-system")
        #expect(try await nodes.run("n1").errors.contains("its objects are still there"))
        let removed = try await nodes.run("n1", "run", "--remove-sets")
        #expect(removed.output.contains("ConfigMap/orphaned/of-1 deleted"), "\(removed.output)\(removed.errors)")
        #expect(try await nodes.maps().isEmpty)
    }

    @Test func `two nodes that undo each other's changes are named`() async throws {
        let nodes = try await SetNodes("undone", "n1", "n2")
        try nodes.write("n1", ["a": "old"])
        #expect(try await nodes.run("n1").status == 0)
        try nodes.write("n2", ["a": "new"])
        #expect(try await !nodes.run("n2").errors.contains("old files"))
        let result = try await nodes.run("n1")
        #expect(result.status == 0)
        #expect(result.errors.contains("node 'n2' applied other manifests"), "\(result.errors)")
        #expect(result.errors.contains("one of the two has old files; with 'version'"), "\(result.errors)")
        #expect(try await !nodes.run("n1").errors.contains("old files"))
    }

    @Test func `the file of another cluster changes nothing`() async throws {
        let nodes = try await SetNodes("clusters", "n1", "n2")
        for (name, value) in [("n1", "1"), ("n2", "2")] {
            try nodes.write(name, ["a": value])
            let file = try Files.text(nodes.node(name).config)
            try nodes.node(name).write(file + "cluster: {name: cluster-\(value)}\n", to: "bootstrap.yaml")
        }
        #expect(try await nodes.run("n1").status == 0)
        let result = try await nodes.run("n2")
        #expect(result.status == 1)
        let message = "it belongs to cluster 'cluster-1', and the task file is of cluster 'cluster-2'"
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(try await nodes.maps() == ["a": "1"])
    }
}
