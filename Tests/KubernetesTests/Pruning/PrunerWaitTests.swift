import Base
import TestSupport
import Testing

@testable import Kubernetes

/// What a task that prunes waits for while the server refuses its requests.
@Suite(.timeLimit(.minutes(5)))
struct PrunerWaitTests {
    /// The waits that were reported.
    private final class Reported: Sendable {
        private let waits = Locked<[Wait]>([])

        var all: [Wait] { waits.withLock { $0 } }

        func add(_ wait: Wait) { waits.withLock { $0.append(wait) } }
    }

    private let reported = Reported()

    /// Starts a server that refuses requests for a path until a wait was reported.
    private func server(
        refusing path: String,
        then reply: LoopbackServer.Reply? = nil
    ) throws -> FakeAPIServer {
        try FakeAPIServer { [reported] request in
            guard request.target.hasPrefix(path) else { return nil }
            return reported.all.isEmpty ? FakeAPIServer.json(503, #"{"message":"etcdserver: no leader"}"#) : reply
        }
    }

    private func pruner(on fake: FakeAPIServer) throws -> Pruner {
        Pruner(
            client: try fake.session().client,
            set: ApplySet(task: "t"),
            manifests: [],
            includesProtected: false,
            isDryRun: false,
            retryPolicy: RetryPolicy(deadline: .now + .seconds(600)) { [reported] wait in reported.add(wait) },
            location: SourceLocation(file: "bootstrap.yaml"),
        )
    }

    @Test func `all lists are one wait, and not one for an object, which only a result would end`() async throws {
        let list = #"{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}"#
        let fake = try server(refusing: "/api/v1/", then: FakeAPIServer.json(200, list))
        let kinds = ["Namespace": "namespaces", "Node": "nodes"].map { kind, plural in
            Pruner.ServedKind(
                type: GroupVersionKind(apiVersion: "v1", kind: kind),
                resource: APIResource(plural: plural, isNamespaced: false, hasStatusSubresource: true, verbs: []),
            )
        }
        #expect(try await pruner(on: fake).list(kinds, in: []).isEmpty)
        #expect(Set(reported.all.map(\.subject)) == [Wait.Subject(.condition, "the lists of its objects")])
        #expect(fake.requests("GET /api/v1/nodes?").count > 1)
    }

    @Test func `the parent is not waited for as an object, for which there would be a result`() async throws {
        let fake = try server(refusing: "/api/v1/namespaces/kube-system/configmaps/")
        try await pruner(on: fake).widen()
        #expect(
            Set(reported.all.map(\.subject)) == [
                Wait.Subject(.condition, "ConfigMap/kube-system/nest-bootstrap-t")
            ]
        )
        #expect(fake.requests("PATCH ").count == 1)
    }
}
