import Glibc
import TestSupport
import Testing

/// What cannot be seen without a server of its own; the servers come one after the other, beside those of
/// ``MigrationTests`` and ``ReportTests``.
@Suite(.needsAPIServer, .serialized, .timeLimit(.minutes(15)))
struct FreshServerTests {}

extension FreshServerTests {
    /// Failures and interruptions that crashed optimised builds, repeated at random moments.
    ///
    /// `NEST_ROUNDS` says how often, 6 times if it is not set; signals are sent twice as often.
    @Suite(.temporaryDirectory) struct CrashTests {
        private static let rounds = TestProcess.environment["NEST_ROUNDS"].flatMap { Int($0) } ?? 6

        private static func text(_ counts: [Int32: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "code \($0.key): \($0.value) runs" }.joined(separator: ", ")
        }

        private static let manifest = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: widgets.crash.test}
            spec: {group: crash.test, scope: Cluster, names: {kind: Widget, plural: widgets}, versions: []}
            ---
            {apiVersion: crash.test/v1, kind: Widget, metadata: {name: w}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: crash, labels: {"not a label": ""}}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: crash}}
            """

        @Test func `objects that depend on an invalid object are reported as not tried`() async throws {
            let cluster = try await ShippedRun.shared.value.cluster
            let node = try TestNode(
                "tasks: {t: {timeout: 10m, apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]}}}\n"
            )
            try node.write(Self.manifest, to: "m.yaml")
            for round in 1...Self.rounds {
                let result = try await node.run("run")
                #expect(result.status == 1, "round \(round): \(result.errors)")
                for object in ["Widget/w", "ConfigMap/crash/c"] {
                    #expect(result.errors.contains("\(object): not tried: "), "round \(round): \(result.errors)")
                }
                #expect(result.errorLines.allSatisfy { $0.hasPrefix("t: ") }, "round \(round): \(result.errors)")
            }
        }

        @Test func `a signal at any moment of the whole graph ends it with its exit code`() async throws {
            let run = try await ShippedRun.shared.value
            let node = try ShippedRun.node("crash", of: run.cluster)
            let arguments = ["run", "--role", "control-plane"]
            // The first run also writes the node's files; the others are as long as the second.
            #expect(await (try node.start(arguments)).result().status == 0)
            let start = ContinuousClock.now
            #expect(await (try node.start(arguments)).result().status == 0)
            let length = start.duration(to: .now)
            // Signals are handled once the task file is read; before that they kill the program.
            let codes: [Int32: Set<Int32>] = [SIGTERM: [0, 143], SIGINT: [0, 130], SIGHUP: [0, 143, 129]]
            var counts: [Int32: Int] = [:]
            var interruptedCount = 0
            let total = 2 * Self.rounds
            for round in 0..<total {
                let signal = [SIGTERM, SIGINT, SIGHUP][round % 3]
                let tool = try node.start(arguments)
                // Spread over the whole run.
                let delay = length * ((Double(round) + Double.random(in: 0..<1)) / Double(total))
                try await ContinuousClock().sleep(for: delay)
                tool.signal(signal)
                let result = await tool.result()
                #expect(codes[signal]?.contains(result.status) == true, "\(signal) after \(delay): \(result)")
                #expect(result.errors == "", "\(signal) after \(delay)")
                counts[result.status, default: 0] += 1
                if result.output.contains("interrupted") { interruptedCount += 1 }
            }
            #expect(interruptedCount > 0, "no signal arrived while a task was running")
            print("signals at random moments, runs and their exit codes: \(Self.text(counts))")
            let last = await (try node.start(arguments)).result()
            #expect(last.status == 0, "\(last.errors)")
        }
    }
}

/// A few seeds of the campaign of `make chaos`, one of each way in the network; `docs/faults.md` describes it.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct ChaosTests {
    @Test func `disturbed runs end in the cluster of an undisturbed one`() async throws {
        let result = try await Tool.run(
            "\(TestCluster.sourceRoot)/Tests/chaos/chaos",
            ["--program", TestNode.program, "--workers", "1", "--length", "1.5"]
                + ["--seed", "195", "--schedules", "3", "--kills", "5", "--limit", "power loss"],
        )
        #expect(result.status == 0, "\(result.output)\n\(result.errors)")
        print(result.output)
    }
}
