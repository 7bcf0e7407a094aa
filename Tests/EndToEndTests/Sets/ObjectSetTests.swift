import TestSupport
import Testing

/// Sets of objects that several nodes have: vetoes, lost records, removal.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ObjectSetTests {
    @Test func `what only the ConfigMap lists for a node stays and is named, with a record and without`() async throws {
        let nodes = try await SetNodes("foreign", "n1")
        try nodes.write("n1", ["a": "1"])
        #expect(try await nodes.run("n1").status == 0)
        let kubectl = nodes.cluster
        let crown = "{apiVersion: v1, kind: Secret, metadata: {name: crown, namespace: foreign}}"
        try await kubectl.mustApply(crown, manager: "nest-bootstrap")
        let list = #"{"data":{"node.n1":"ConfigMap/foreign/a\nSecret/foreign/crown"}}"#
        let patch = ["patch", "configmap", "nest-bootstrap-foreign", "-n", "kube-system", "--type=merge", "-p", list]
        try await kubectl.mustRunKubectl(patch)
        for command in ["diff", "run", "run"] {
            let result = try await nodes.run("n1", command)
            #expect(result.status == 0)
            #expect((result.output + result.errors).contains("lists Secret/foreign/crown, "), "\(result.errors)")
            // The run has written its key.
            if command == "run" { try await kubectl.mustRunKubectl(patch) }
            try Files.removeTree(nodes.node("n1").written("/var/lib/nest-bootstrap/sets"))
        }
        #expect(try await nodes.run("n1").status == 0)
        // Nor is it deleted together with the set.
        try nodes.writeRemoval("n1")
        let removal = try await nodes.run("n1")
        #expect(removal.output.contains("ConfigMap/foreign/a deleted"), "\(removal.output)")
        #expect(try await kubectl.kubectl("get", "secret", "crown", "-n", "foreign").status == 0)
    }

    @Test func `a set without a task is listed, and removed with the task of the hint, but for what other nodes have`()
        async throws
    {
        let nodes = try await SetNodes("ended", "n1", "n2")
        try await nodes.cluster.mustRunKubectl("create", "configmap", "beside", "-n", "ended")
        for name in ["n1", "n2"] {
            try nodes.write(name, ["a": "1", "\(name)": "1"])
            #expect(try await nodes.run(name).status == 0)
        }
        try nodes.writeOtherTask("n1")
        for command in ["status", "diff", "run"] {
            let result = try await nodes.run("n1", command)
            let list = "(ConfigMap/ended/a, ConfigMap/ended/n1)"
            #expect(result.errors.contains("set 'ended'") && result.errors.contains(list), "\(result.errors)")
            #expect(result.errors.contains("'\(nodes.removal)'"), "\(result.errors)")
        }
        try nodes.writeRemoval("n1")
        let planned = try await nodes.run("n1", "run", "--dry-run")
        #expect(planned.output.contains("ConfigMap/ended/n1 would be deleted"), "\(planned.output)")
        #expect(try await nodes.maps().keys.sorted() == ["a", "n1", "n2"])
        let first = try await nodes.run("n1")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("end: changed"), "\(first.output)")
        #expect((first.output + first.errors).contains("kept ConfigMap/ended/a: "), "\(first.output)\(first.errors)")
        #expect(try await nodes.maps().keys.sorted() == ["a", "n2"])
        try nodes.writeRemoval("n2")
        let second = try await nodes.run("n2")
        #expect(second.status == 0, "\(second.errors)")
        #expect(try await nodes.maps().isEmpty)
        #expect(try await nodes.cluster.kubectl("get", "configmap", "beside", "-n", "ended").status == 0)
        #expect(try await !nodes.hasParent())
        for name in ["n1", "n2"] {
            try nodes.writeOtherTask(name)
            let result = try await nodes.run(name)
            #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            #expect(try await nodes.run(name, "status").errors.isEmpty)
        }
    }

    @Test func `nodes that remove a set at the same time leave none of its objects`() async throws {
        let nodes = try await SetNodes("together", "n1", "n2")
        for name in ["n1", "n2"] {
            try nodes.write(name, ["a": "1"])
            #expect(try await nodes.run(name).status == 0)
            try nodes.writeRemoval(name)
        }
        async let first = nodes.run("n1")
        async let second = nodes.run("n2")
        for result in try await [first, second] { #expect(result.status == 0, "\(result.errors)") }
        #expect(try await nodes.maps().isEmpty)
    }

    @Test func `a task removes a set from the node that has applied it, also if its ConfigMap is gone`() async throws {
        let nodes = try await SetNodes("dropped", "cp", "worker")
        try nodes.write("cp", ["a": "1"])
        #expect(try await nodes.run("cp").status == 0)
        for name in ["worker", "cp"] { try nodes.writeRemoval(name) }
        let other = try await nodes.run("worker")
        #expect(other.status == 0, "\(other.errors)")
        #expect((other.output + other.errors).contains("has not applied set 'dropped'"), "\(other)")
        #expect(try await nodes.maps() == ["a": "1"])
        try await nodes.cluster.mustRunKubectl("delete", "configmap", "nest-bootstrap-dropped", "-n", "kube-system")
        for expected in ["1 task: 1 changed\n", "1 task: 1 unchanged\n"] {
            let result = try await nodes.run("cp")
            #expect(result.output.hasSuffix(expected), "\(result.output)\(result.errors)")
        }
        #expect(try await nodes.maps().isEmpty)
    }
}
