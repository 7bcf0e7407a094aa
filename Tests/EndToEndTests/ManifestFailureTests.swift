import TestSupport
import Testing

/// One broken manifest among thirty.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct BrokenManifestTests {
    @Test func `29 of 30 are applied, one error is reported, and only dependants are skipped`() async throws {
        let cluster = try await TestCluster.shared(namespace: "thirty")
        let apply = "apply: {kubeconfig: \(cluster.kubeconfig), manifests: "
        let node = try TestNode(
            """
            tasks:
              thirty: {\(apply)[thirty]}}
              dependant: {after: [thirty], \(apply)[other.yaml]}}
              last: {after: [dependant], exec: {command: "true"}}
              independent: {\(apply)[other.yaml]}}
            """
        )
        for number in 10..<40 {
            let key = number == 27 ? "dataa" : "data"
            try node.write(
                """
                # Two documents, of which the first holds nothing.
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: m\(number), namespace: thirty}
                \(key): {number: "\(number)"}
                """,
                to: "thirty/m\(number).yaml",
            )
        }
        try node.write(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: thirty}}",
            to: "other.yaml"
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let path = node.path("thirty/m27.yaml")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.hasPrefix("thirty: error: \(path):6:1: ConfigMap/thirty/m27: field 'dataa'"))
        let ends = result.output.masked.split(separator: "\n").filter { !$0.hasSuffix(" created") }
        #expect(
            Set(ends.dropLast()) == [
                "thirty: failed in SOON (29 created, 1 failed)",
                "independent: changed in SOON (1 created)",
                "dependant: skipped: 'thirty' did not succeed",
                "last: skipped: 'dependant' did not succeed",
            ]
        )
        #expect(ends.last == "4 tasks: 1 changed, 1 failed, 2 skipped")
        let maps = try await cluster.kubectl("get", "configmaps", "-n", "thirty", "-o", "name")
        #expect(maps.outputLines.filter { $0.contains("/m") }.count == 29)
        let status = try await node.run("status")
        #expect(status.status == 1)
        #expect(status.output.contains("field 'dataa' does not exist"))
    }
}
