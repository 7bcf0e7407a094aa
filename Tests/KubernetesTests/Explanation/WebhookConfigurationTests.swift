import Base
import Glibc
import TestSupport
import Testing
@testable import Kubernetes

/// Which configuration is named when the server cannot ask an admission webhook.
@Suite(.timeLimit(.minutes(30)))
struct WebhookConfigurationTests {
    /// How long the objects are retried at first, until its end.
    private static let timeout = Duration.seconds(20)

    private static let ending = "correct 'clientConfig' in MutatingWebhookConfiguration 'policy'"

    /// A server with an admission webhook that is down, and that takes a moment to list its configurations.
    private func server(
        _ list: LoopbackServer.Reply,
        validating: LoopbackServer.Reply = FakeAPIServer.json(200, #"{"items":[]}"#),
    ) throws -> FakeAPIServer {
        let refusal = """
            {"kind":"Status","reason":"InternalError","code":500,"message":"Internal error occurred: failed calling \
            webhook \\"down.example.test\\": Post \\"https://127.0.0.1:9/hook?timeout=2s\\": connection refused"}
            """
        return try FakeAPIServer { request in
            if ["PATCH", "DELETE"].contains(request.method) { return FakeAPIServer.json(500, refusal) }
            let object =
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","uid":"1"}}"#
            if request.target.contains("/configmaps/c?") { return FakeAPIServer.json(200, object) }
            guard request.target.hasPrefix("/apis/admissionregistration.k8s.io/v1/") else { return nil }
            usleep(300_000)
            return request.target.contains("/mutating") ? list : validating
        }
    }

    /// Applies twenty objects, and expects that all failures end with a text and the configurations are asked for once.
    private func expectFailures(_ ending: String, of server: () throws -> FakeAPIServer) async throws {
        let manifests = (0..<20).map { "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0)}}\n" }
        let (failures, requestCount) = try await retrying(
            from: Self.timeout,
            until: { failures, _ in failures.count == 20 && failures.allSatisfy { $0.hasSuffix(ending) } }
        ) { timeout in
            let server = try server()
            let policy = Session.retryPolicy(timeout)
            let failures = try await server.session().apply(manifests.joined(), retryPolicy: policy)
            return (failures, server.requests("GET /apis/admissionregistration").count)
        }
        #expect(failures.count == 20)
        for failure in failures { #expect(failure.hasSuffix(ending), "\(failure)") }
        #expect(requestCount <= 6)
    }

    @Test func `it is found before the time is up, once for all objects`() async throws {
        let list = #"{"items":[{"metadata":{"name":"policy"},"webhooks":[{"name":"down.example.test"}]}]}"#
        try await expectFailures(Self.ending) { try server(FakeAPIServer.json(200, list)) }
    }

    /// How the API server refuses a user.
    private let forbidden = FakeAPIServer.json(
        403,
        #"{"kind":"Status","reason":"Forbidden","code":403,"message":"forbidden"}"#
    )

    @Test func `it is found by a user who may read only one of the two kinds`() async throws {
        let list = #"{"items":[{"metadata":{"name":"policy"},"webhooks":[{"name":"down.example.test"}]}]}"#
        try await expectFailures(Self.ending) { try server(FakeAPIServer.json(200, list), validating: forbidden) }
    }

    @Test func `the deletion of an object names it too`() async throws {
        let list = #"{"items":[{"metadata":{"name":"policy"},"webhooks":[{"name":"down.example.test"}]}]}"#
        let object = try #require(try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}").first)
        let text = try await retrying(from: Self.timeout, until: { $0.hasSuffix(Self.ending) }) { timeout in
            let server = try server(FakeAPIServer.json(200, list))
            defer { withExtendedLifetime(server) {} }
            let deleter = Deleter(
                client: try server.session().client,
                task: "t",
                isDryRun: false,
                retryPolicy: Session.retryPolicy(timeout)
            )
            let messages = Locked<[Deleter.Message]>([])
            await deleter.delete([(object.identity, object.location)]) { message in
                messages.withLock { $0.append(message) }
            }
            guard case .failed(let failure)? = messages.withLock({ $0.first }) else {
                return "\(messages.withLock { $0 })"
            }
            return failure.problems.map(\.description).joined()
        }
        #expect(text.hasSuffix(Self.ending), "\(text)")
    }

    @Test func `a user who may not read it gets the command that finds it`() async throws {
        let command = "'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations'"
        try await expectFailures("correct 'clientConfig' in its configuration (\(command))") {
            try server(forbidden, validating: forbidden)
        }
    }
}
