import TestSupport
import Testing

@testable import Actions

/// The most tasks that there may be, in processes of their own: the time of one is that of all its threads.
@Suite(.timeLimit(.minutes(5)))
struct ScaleTests {
    /// How long the processors are busy with something.
    private static func time(_ body: () async throws -> Void) async rethrows -> Duration {
        let start = processTime()
        try await body()
        return processTime() - start
    }

    /// Checks that ten times as much takes far less than a hundred times as long, which comparing each pair would.
    private static func expectNoPairs(_ time: @Sendable (_ count: Int) async throws -> Duration) async throws {
        try await TemporaryDirectory.with {
            let small = try await time(1000)
            let large = try await time(10_000)
            #expect(large < small * 40, "\(large), and \(small) for a tenth")
        }
    }

    @Test func `10,000 tasks that need each other are checked without comparing each pair`() async {
        await #expect(processExitsWith: .success) {
            try await ScaleTests.expectNoPairs { try await ScaleTests.checkTasks($0) }
        }
    }

    @Test func `a file that one of 10,000 tasks waits for is found without comparing each pair`() async {
        await #expect(processExitsWith: .success) {
            try await ScaleTests.expectNoPairs { try await ScaleTests.checkReaders($0) }
        }
    }

    @Test func `10,000 objects are checked without comparing each pair`() async {
        await #expect(processExitsWith: .success) {
            try await ScaleTests.expectNoPairs { try await ScaleTests.checkObjects($0) }
        }
    }

    private static func checkTasks(_ count: Int) async throws -> Duration {
        // Every task reads what the first one writes, and runs after it by way of all others.
        let tasks = (1..<count / 2).map { index in
            "  t\(index): {after: [t\(index - 1)], file: {path: /etc/nest-test/\(index), source: /etc/nest-test/0}}"
        }
        let others = (0..<count / 2).map { "  u\($0): {file: {path: /etc/nest-test/u\($0), source: /etc/nest-test/0}}" }
        let first = "  t0: {file: {path: /etc/nest-test/0, content: x}}"
        let text = (["tasks:", first] + tasks + others).joined(separator: "\n")
        var duration = Duration.zero
        try await withBench(text) { bench async throws in
            var problems: [String] = []
            duration = await time { problems = await bench.problems() }
            #expect(problems.count == count / 2)
            #expect(problems.first?.hasSuffix("but does not run after it; write 'after: [t0]'") == true)
        }
        return duration
    }

    private static func checkReaders(_ count: Int) async throws -> Duration {
        let readers = (0..<count / 2).map {
            "  r\($0): {after: [wait], file: {path: /etc/nest-test/r\($0), source: /nowhere/awaited}}"
        }
        let others = (1..<count / 2).map { "  w\($0): {wait: {file: /nowhere/other\($0)}}" }
        let text = (["tasks:", "  wait: {wait: {file: /nowhere/awaited}}"] + readers + others).joined(separator: "\n")
        var duration = Duration.zero
        try await withBench(text) { bench async throws in
            duration = await time { #expect(await bench.problems() == []) }
        }
        return duration
    }

    private static func checkObjects(_ count: Int) async throws -> Duration {
        let definition = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gizmos.e.test}, spec: {
             group: e.test, scope: Namespaced, names: {plural: gizmos, kind: Gizmo},
             versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema:
             {type: object, properties: {spec: {type: object, properties: {size: {type: string, pattern: '^[a-z]+$'}}}}}}}]}}

            """
        let last = count / 2 - 1
        let gizmos = (0...last).map {
            "---\n{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g\($0)}, spec: {size: \($0 == last ? "A" : "a")}}\n"
        }
        let maps = (0...last).map {
            "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0), labels: {a: b}}, data: {a: \($0 == last ? "1" : "x")}}\n"
        }
        var duration = Duration.zero
        try await withBench("tasks: {a: {apply: {kubeconfig: k, manifests: [m.yaml]}}}") { bench async throws in
            try bench.write("kind: Config\n", to: "k")
            try bench.write(definition + (gizmos + maps).joined(), to: "m.yaml")
            var problems: [String] = []
            duration = await time { problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") } }
            #expect(problems.count == 1, "\(problems)")
        }
        return duration
    }
}
