import TestSupport
import Testing

/// A file with many objects.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct RunTests {
    @Test(.needsAPIServer) func `hundreds of documents and megabytes are applied from one file`() async throws {
        let cluster = try await TestCluster.shared(namespace: "many")
        let node = try TestNode("tasks: {many: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [many.yaml]}}}\n")
        let filling = String(repeating: "0123456789 abcdefghijklmnopqrstuvwxyz\n    ", count: 200)
        let documents = (1...300).map { number in
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: m\(number), namespace: many}
            data:
              number: "\(number)"
              text: |
                \(filling)
            """
        }
        try node.write(documents.joined(separator: "\n---\n"), to: "many.yaml")
        let first = try await node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.masked.contains("many: changed in SOON (300 created)\n"))
        let second = try await node.run("run")
        #expect(second.output.masked.contains("many: unchanged in SOON (300 unchanged)\n"))
        print("\(first.outputLines.suffix(2)) \(second.outputLines)")
    }
}
