import TestSupport
import Testing

@testable import Actions

@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct ScaleTests {
    @Test func `10,000 tasks that need each other are checked`() async throws {
        // Every task reads what the first one writes, and runs after it by way of all others.
        let tasks = (1..<5000).map { index in
            "  t\(index): {after: [t\(index - 1)], file: {path: /etc/nest-test/\(index), source: /etc/nest-test/0}}"
        }
        let others = (0..<5000).map { "  u\($0): {file: {path: /etc/nest-test/u\($0), source: /etc/nest-test/0}}" }
        let first = "  t0: {file: {path: /etc/nest-test/0, content: x}}"
        try await withBench((["tasks:", first] + tasks + others).joined(separator: "\n")) { bench async throws in
            let problems = await bench.problems()
            #expect(problems.count == 5000)
            #expect(problems.first?.hasSuffix("but does not run after it; write 'after: [t0]'") == true)
        }
    }

    @Test func `10,000 objects are checked`() async throws {
        let definition = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gizmos.e.test}, spec: {
             group: e.test, scope: Namespaced, names: {plural: gizmos, kind: Gizmo},
             versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema:
             {type: object, properties: {spec: {type: object, properties: {size: {type: string, pattern: '^[a-z]+$'}}}}}}}]}}

            """
        let objects = (0..<5000).map {
            "---\n{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g\($0)}, spec: {size: \($0 == 4999 ? "A" : "a")}}\n"
                + "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0), labels: {a: b}}, data: {a: x}}\n"
        }
        try await withBench("tasks: {a: {apply: {kubeconfig: k, manifests: [m.yaml]}}}") { bench async throws in
            try bench.write("kind: Config\n", to: "k")
            try bench.write(definition + objects.joined(), to: "m.yaml")
            let problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") }
            #expect(problems.count == 1, "\(problems)")
        }
    }
}
