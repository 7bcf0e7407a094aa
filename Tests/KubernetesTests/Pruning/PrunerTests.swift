import TestSupport
import Testing
import YAML

@testable import Kubernetes

/// Changes that others make while a task prunes.
@Suite(.needsAPIServer, .timeLimit(.minutes(3)))
struct PrunerTests {
    private func pruner(_ session: Session, _ set: ApplySet, _ kind: String, _ namespace: String) throws -> Pruner {
        let manifests = try manifests(
            "{apiVersion: v1, kind: \(kind), metadata: {name: kept, namespace: \(namespace)}}"
        )
        return Pruner(
            client: session.client,
            set: set,
            manifests: manifests,
            includesProtected: false,
            isDryRun: false,
            retryPolicy: Session.retryPolicy(),
            location: try #require(manifests.first).location,
        )
    }

    @Test func `an object that somebody takes after it was found is not deleted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let body =
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","#
            + #""labels":{"applyset.kubernetes.io/part-of":"\#(set.id)"}}}"#
        try await session.write(body, to: path, as: "nest-bootstrap")
        let pruner = try pruner(session, set, "ConfigMap", namespace)
        let parent = try await pruner.widen()
        let obsolete = try await pruner.obsolete(in: parent) { _ in false }
        #expect(obsolete.deletions.map { $0.map(\.description) } == [["ConfigMap/\(namespace)/a"]])
        let described = try await pruner.obsolete(in: parent) { _ in true }
        #expect(described.deletions.isEmpty)

        try await session.write(body, to: path, as: "flux")
        for group in obsolete.deletions {
            for message in await pruner.delete(group) {
                guard case .deleted(_, existed: false) = message else {
                    Issue.record("\(message)")
                    continue
                }
            }
        }
        #expect(try await session.client.find(path, until: .now + .seconds(20)) != nil)
    }

    @Test func `the parent is not narrowed after another node has changed it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let pruner = try pruner(session, set, "ConfigMap", namespace)
        let parent = try await pruner.widen()
        _ = try await self.pruner(session, set, "Secret", namespace).widen()
        try await pruner.narrow(parent, after: Pruner.Obsolete())
        let path = "/api/v1/namespaces/kube-system/configmaps/\(set.parent.name)"
        let live = try #require(try await session.client.find(path, until: .now + .seconds(20)))
        #expect(ApplySetScope(parent: live).kinds.map(\.kind).sorted() == ["ConfigMap", "Secret"])
    }
}
