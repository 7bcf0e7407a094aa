import TestSupport
import Testing

@testable import Actions

/// The most tasks that there may be.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct ScaleTests {
    @Test func `10,000 tasks that need each other are checked without comparing each pair`() async throws {
        // Every task reads what the first one writes, and runs after it by way of all others.
        let tasks = (1..<5000).map { index in
            "  t\(index): {after: [t\(index - 1)], file: {path: /etc/nest-test/\(index), source: /etc/nest-test/0}}"
        }
        let others = (0..<5000).map { "  u\($0): {file: {path: /etc/nest-test/u\($0), source: /etc/nest-test/0}}" }
        let first = "  t0: {file: {path: /etc/nest-test/0, content: x}}"
        let text = (["tasks:", first] + tasks + others).joined(separator: "\n")
        try await withBench(text) { bench async throws in
            let clock = ContinuousClock()
            let start = clock.now
            let problems = await bench.problems()
            #expect(start.duration(to: clock.now) < .seconds(60))
            #expect(problems.count == 5000)
            #expect(problems.first?.hasSuffix("but does not run after it; write 'after: [t0]'") == true)
        }
    }

    @Test func `a file that one of 10,000 tasks waits for is found without comparing each pair`() async throws {
        let readers = (0..<5000).map {
            "  r\($0): {after: [wait], file: {path: /etc/nest-test/r\($0), source: /nowhere/awaited}}"
        }
        let others = (0..<4999).map { "  w\($0): {wait: {file: /nowhere/other\($0)}}" }
        let text = (["tasks:", "  wait: {wait: {file: /nowhere/awaited}}"] + readers + others).joined(separator: "\n")
        try await withBench(text) { bench async throws in
            let clock = ContinuousClock()
            let start = clock.now
            #expect(await bench.problems() == [])
            #expect(start.duration(to: clock.now) < .seconds(60))
        }
    }

    @Test func `10,000 objects are checked without comparing each pair`() async throws {
        let definition = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gizmos.e.test}, spec: {
             group: e.test, names: {plural: gizmos, kind: Gizmo}, versions: [{name: v1, served: true, schema: {openAPIV3Schema:
             {type: object, properties: {spec: {type: object, properties: {size: {type: string, pattern: '^[a-z]+$'}}}}}}}]}}

            """
        let gizmos = (0..<5000).map {
            "---\n{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g\($0)}, spec: {size: \($0 == 4999 ? "A" : "a")}}\n"
        }
        let maps = (0..<5000).map {
            "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0), labels: {a: b}}, data: {a: \($0 == 4999 ? "1" : "x")}}\n"
        }
        try await withBench("tasks: {a: {apply: {kubeconfig: k, manifests: [m.yaml]}}}") { bench async throws in
            try bench.write("kind: Config\n", to: "k")
            try bench.write(definition + (gizmos + maps).joined(), to: "m.yaml")
            let clock = ContinuousClock()
            let start = clock.now
            let problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") }
            #expect(start.duration(to: clock.now) < .seconds(120))
            #expect(problems.count == 2, "\(problems)")
        }
    }
}
