import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Key `lock` of a task, with an API server whose Lease another process takes.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct LockTests {
    private static let lease = "Lease/kube-system/nest-bootstrap-t"

    private static let advice =
        "see who writes it: kubectl get lease -n kube-system nest-bootstrap-t -o yaml --show-managed-fields"

    private static let loss =
        "\(lease) was lost while the task ran (now held by 'thief'), so another node may run it too"

    private let kubeconfig = TemporaryDirectory.file("k")

    private var tasks: String { "tasks: {t: {lock: {kubeconfig: \(kubeconfig)}, exec: {command: \"true\"}}}" }

    /// Starts a server that refuses to change the Lease once it was created, and then shows another holder.
    private func server() throws -> LoopbackServer {
        let created = Locked<String?>(nil)
        let server = try LoopbackServer { request in
            guard request.target.contains("/leases") else {
                return Self.reply(200, #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}}"#)
            }
            switch request.method {
            case "POST":
                let object = String(decoding: request.body, as: UTF8.self).replacing(
                    #""metadata":{"#,
                    with: #""metadata":{"uid":"1","resourceVersion":"1","#,
                    maxReplacements: 1
                )
                created.withLock { $0 = object }
                return Self.reply(201, object)
            case "GET":
                guard let object = created.withLock({ $0 }) else {
                    return Self.reply(404, #"{"reason":"NotFound","message":"not found","details":{"name":"x"}}"#)
                }
                let stolen = #""holderIdentity":"thief""#
                return Self.reply(200, object.replacing(#/"holderIdentity":"[^"]*"/#, with: stolen))
            default: return Self.reply(409, #"{"reason":"Conflict","message":"conflict"}"#)
            }
        }
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
             clusters: [{name: c, cluster: {server: '\(server.url)'}}], users: [{name: me, user: {token: t}}]}
            """
        try FileSystem.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
        return server
    }

    private static func reply(_ status: Int, _ text: String) -> LoopbackServer.Reply {
        .response(status, body: Array(text.utf8))
    }

    /// Runs a task whose Lease another process takes, and returns what it says; a busy machine may notice only that the
    /// Lease was not renewed.
    private func lose(_ body: (Bench) async throws -> String) async throws -> String {
        let server = try server()
        defer { server.stop() }
        var result = ""
        try await withBench(tasks, root: nil) { bench async throws in result = try await body(bench) }
        return result.replacing(#/\(not renewed for [^)]*\)/#, with: "(now held by 'thief')")
    }

    @Test func `a task that succeeds although its Lease was lost gets a warning`() async throws {
        let lines = try await lose { bench in
            let hasChanged = try await bench.context("t").locked {
                // Work that is done before it notices the cancellation.
                while !Task.isCancelled { try? await ContinuousClock().sleep(for: .milliseconds(20)) }
                return true
            }
            #expect(hasChanged)
            return bench.lines.joined(separator: "\n")
        }
        #expect(lines == "warning: : \(Self.loss); \(Self.advice)")
    }

    @Test func `a task that ends because its Lease was lost fails with the reason`() async throws {
        let text = try await lose { bench in
            let context = try bench.context("t")
            let error = await #expect(throws: Problem.self) {
                try await context.locked {
                    try await ContinuousClock().sleep(for: .seconds(100_000))
                    return true
                }
            }
            return error?.description ?? ""
        }
        #expect(text == "\(Self.loss); \(Self.advice)")
    }

    @Test func `the Lease of a task whose program cannot be ended is not released`() async throws {
        let server = try server()
        try await withBench(tasks, root: nil) { bench async throws in
            let context = try bench.context("t")
            let error = await #expect(throws: Problem.self) {
                try await context.locked {
                    context.survivors.insert(99)
                    throw Problem("the program cannot be ended")
                }
            }
            #expect(error?.message == "the program cannot be ended")
            let words =
                "not released, because process 99 of the task still runs; it expires within 1m: end the process before"
            #expect(bench.lines == ["warning: \(Self.lease): \(words)"])
        }
        let methods = server.requests.filter { $0.target.contains("/leases") }.map(\.method)
        #expect(methods == ["GET", "POST"])
        server.stop()
    }
}
