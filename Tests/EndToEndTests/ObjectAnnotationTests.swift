import TestSupport
import Testing

/// The annotations with which a manifest says how its object is treated, on a real API server.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct ObjectAnnotationTests {
    private func map(_ set: PrunedSet, annotations: String, data: String = "1") -> String {
        set.map("only", metadata: "annotations: {\(annotations)}", data: data)
    }

    @Test func `an object that is only created is left to others, shown by diff and run, and pruned`() async throws {
        let set = try await PrunedSet("absent")
        let setting = "nest-bootstrap/apply: if-absent"
        try set.write(["a"], more: map(set, annotations: setting))
        let planned = try await set.node.run("diff")
        #expect(
            planned.output.contains("--- /dev/null\n+++ ConfigMap/absent/only (task 'absent')\n"),
            "\(planned.output)"
        )
        let created = try await set.node.run("run")
        #expect(created.status == 0, "\(created.errors)")
        #expect(created.output.contains("absent: ConfigMap/absent/only created\n"), "\(created.output)")
        let patch = #"{"data": {"a": "theirs"}}"#
        try await set.cluster.mustRunKubectl("patch", "cm", "only", "-n", "absent", "-p", patch)
        try set.write(["a"], more: map(set, annotations: setting, data: "2"))
        let line = "ConfigMap/absent/only: left to others (its manifest has the annotation '\(setting)')\n"
        let diff = try await set.node.run("diff")
        #expect(diff.status == 0, "\(diff.errors)")
        #expect(diff.output.hasPrefix(line) && !diff.output.contains("+++"), "\(diff.output)")
        for _ in 1...2 {
            let result = try await set.node.run("run")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("absent: \(line)"), "\(result.output)")
            #expect(result.outputLines.last?.contains("1 unchanged") == true, "\(result.output)")
        }
        #expect(try await set.cluster.object("cm", "only", namespace: "absent")["data"]?["a"]?.string == "theirs")
        try set.write(["a"])
        let pruned = try await set.node.run("run")
        #expect(pruned.output.contains("ConfigMap/absent/only deleted"), "\(pruned.output)\(pruned.errors)")
    }

    @Test func `an object that is only created is kept if its other annotation says so`() async throws {
        let set = try await PrunedSet("absent-kept")
        let annotations = "nest-bootstrap/apply: if-absent, nest-bootstrap/prune: 'false'"
        try set.write(["a"], more: map(set, annotations: annotations))
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let kept = try await set.node.run("run")
        #expect(kept.status == 0, "\(kept.errors)")
        #expect(try await set.names() == ["a", "only"])
    }
}
