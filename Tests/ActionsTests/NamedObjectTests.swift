import TestSupport
import Testing

@testable import Actions

/// Objects that tasks wait for or delete.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct NamedObjectTests {
    @Test func `names of objects that are only named are checked`() async throws {
        let tasks = """
            tasks:
              fine: {wait: {kubeconfig: k, object: {apiVersion: e.test/v1, kind: Gizmo, name: a}}}
              r:
                remove:
                  kubeconfig: k
                  objects:
                    - {apiVersion: v1, kind: Pod, name: My_Pod, namespace: b}
            """
        try await withBench(tasks) { bench in
            try bench.write("kind: Config\n", to: "k")
            let problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") }
            #expect(
                problems == [
                    "DIR/bootstrap.yaml:7:11: Pod/b/My_Pod: field 'metadata.name': expected up to 253 lowercase "
                        + "letters, digits, '-' and '.', a letter or digit at both ends, found \"My_Pod\""
                ]
            )
        }
    }
}
