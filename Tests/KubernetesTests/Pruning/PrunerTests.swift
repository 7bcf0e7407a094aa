import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Changes that others make while a task prunes.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct PrunerTests {
    private func pruner(
        _ session: Session,
        _ set: ApplySet,
        _ kind: String,
        _ namespace: String,
        _ retryPolicy: RetryPolicy = Session.retryPolicy(),
    ) throws -> Pruner {
        let manifests = try manifests(
            "{apiVersion: v1, kind: \(kind), metadata: {name: kept, namespace: \(namespace)}}"
        )
        return Pruner(
            client: session.client,
            set: set,
            manifests: manifests,
            includesProtected: false,
            isDryRun: false,
            retryPolicy: retryPolicy,
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
        let parent = try await pruner.widen().parent
        let obsolete = try await pruner.obsolete(in: parent) { _ in nil }
        #expect(obsolete.deletions.map { $0.map(\.description) } == [["ConfigMap/\(namespace)/a"]])
        let described = try await pruner.obsolete(in: parent) { _ in Pruner.Reason("task 'b' describes it") }
        #expect(described.deletions.isEmpty)
        #expect(described.kept.map(\.reason.message) == ["kept (task 'b' describes it)"])

        try await session.write(body, to: path, as: "flux")
        for group in obsolete.deletions {
            await pruner.delete(group) { message in
                guard case .deleted(_, existed: false) = message else {
                    Issue.record("\(message)")
                    return
                }
            }
        }
        #expect(try await session.client.find(path, until: .now + .seconds(600)) != nil)
    }

    @Test func `the parent is not narrowed after another node has changed it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let pruner = try pruner(session, set, "ConfigMap", namespace)
        let parent = try await pruner.widen().parent
        _ = try await self.pruner(session, set, "Secret", namespace).widen()
        try await pruner.narrow(parent, after: Pruner.Obsolete())
        let path = "/api/v1/namespaces/kube-system/configmaps/\(set.parent.name)"
        let live = try #require(try await session.client.find(path, until: .now + .seconds(600)))
        #expect(ApplySetScope(parent: live).kinds.map(\.kind).sorted() == ["ConfigMap", "Secret"])
    }

    @Test func `an object whose deletion was requested counts as deleted when somebody applies it until it is gone`()
        async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let body = { (finalizers: String) in
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":[\#(finalizers)],"#
                + #""labels":{"applyset.kubernetes.io/part-of":"\#(set.id)"}}}"#
        }
        try await session.write(body(#""example.org/one""#), to: path, as: "nest-bootstrap")
        let pruner = try pruner(session, set, "ConfigMap", namespace)
        let obsolete = try await pruner.obsolete(in: try await pruner.widen().parent) { _ in nil }
        let messages = Locked<[Deleter.Message]>([])
        async let end: Void = pruner.delete(obsolete.deletions.flatMap { $0 }) { message in
            messages.withLock { $0.append(message) }
        }
        let isDeleted = try await becomes {
            try await session.object(path)?["metadata"]?["deletionTimestamp"] != nil
        }
        try #require(isDeleted)
        try await session.write(#"{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"}}"#, to: path, as: "flux")
        try await session.write(body(""), to: path, as: "nest-bootstrap")
        await end
        guard case .deleted(_, existed: true)? = messages.withLock({ $0.first }) else {
            Issue.record("\(messages.withLock { $0 })")
            return
        }
        #expect(try await session.object(path) == nil)
    }

    /// What the parent of a set lists, without the groups.
    private func kinds(_ session: Session, _ set: ApplySet) async throws -> [String] {
        let path = "/api/v1/namespaces/kube-system/configmaps/\(set.parent.name)"
        let live = try #require(try await session.client.find(path, until: .now + .seconds(600)))
        return ApplySetScope(parent: live).kinds.map(\.text).sorted()
    }

    private func applySecret(_ session: Session, _ set: ApplySet, _ namespace: String) async throws {
        let body =
            #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"kept","#
            + #""labels":{"applyset.kubernetes.io/part-of":"\#(set.id)"}}}"#
        try await session.write(body, to: "/api/v1/namespaces/\(namespace)/secrets/kept", as: "nest-bootstrap")
    }

    @Test func `an object that another node applies after the lists were read stays a member`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let (one, other) = (
            try pruner(session, set, "ConfigMap", namespace), try pruner(session, set, "Secret", namespace)
        )
        // The parent lists both kinds, so that neither node has to write it.
        try await other.widen()
        let parent = try await one.widen().parent
        try await other.widen()
        let obsolete = try await one.obsolete(in: parent) { _ in nil }
        try await applySecret(session, set, namespace)
        try await one.narrow(parent, after: obsolete)
        #expect(try await kinds(session, set) == ["ConfigMap", "Secret"])
    }

    @Test func `an object that another node applies after the parent was narrowed becomes a member again`() async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let (one, other) = (
            try pruner(session, set, "ConfigMap", namespace), try pruner(session, set, "Secret", namespace)
        )
        try await other.widen()
        let parent = try await one.widen().parent
        try await one.narrow(parent, after: try await one.obsolete(in: parent) { _ in nil })
        #expect(try await kinds(session, set) == ["ConfigMap"])
        try await applySecret(session, set, namespace)
        // As a node does once it has applied its objects.
        try await other.widen()
        #expect(try await kinds(session, set) == ["ConfigMap", "Secret"])
    }

    @Test func `a node that has applied objects keeps another one from narrowing the parent that is marked`()
        async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let pruner = try pruner(session, set, "Secret", namespace)
        let marked = try #require(try await pruner.mark(try await pruner.widen().parent))
        let written = try await pruner.widen().parent
        #expect(!written.isMarked)
        #expect(written.resourceVersion != marked.resourceVersion)
        // Now there is nothing to write.
        #expect(try await pruner.widen().parent.resourceVersion == written.resourceVersion)
    }

    @Test func `kinds that the server does not have are kept, with one warning`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let set = ApplySet(task: namespace)
        let retryPolicy = Session.retryPolicy(gracePeriod: .seconds(1))
        let pruner = try pruner(session, set, "ConfigMap", namespace, retryPolicy)
        try await pruner.widen()
        let path = "/api/v1/namespaces/kube-system/configmaps/\(set.parent.name)"
        let absent = (10..<40).map { "Absent\($0).absent.example.org" }
        let change =
            #"{"metadata":{"annotations":{"applyset.kubernetes.io/contains-group-kinds":"#
            + #""\#((absent + ["ConfigMap", "Gone.gone.example.org"]).joined(separator: ","))","#
            + #""nest-bootstrap/defined-kinds":"Gone.gone.example.org"}}}"#
        try await session.update("PATCH", change, at: path, as: "nest-bootstrap")
        let parent = try await pruner.widen().parent
        let obsolete = try await pruner.obsolete(in: parent) { _ in nil }
        let warning = try #require(obsolete.warning)
        #expect(warning.contains("does not have kinds 'Absent10.absent.example.org', 'Absent11."), "\(warning)")
        #expect(!warning.contains("Gone"))
        try await pruner.narrow(parent, after: obsolete)
        #expect(try await kinds(session, set) == absent.sorted() + ["ConfigMap"])
    }
}

extension Pruner {
    /// Finds the members that the manifests do not contain, as a node that has applied all members.
    fileprivate func obsolete(
        in parent: SetParent,
        reasonToKeep: @Sendable (ObjectIdentity) async -> Reason?,
    ) async throws(ObjectFailure) -> Obsolete {
        let served = try await serve(parent.scope.kinds)
        var record = SetRecord(kubeconfig: "admin.kubeconfig", includesProtected: false)
        let members = try await list(Array(served.values), in: parent.scope.namespaces)
        record.members = Set(members.map { MemberKey($0.identity) })
        return try await obsolete(in: parent, recordedIn: record, of: "node", reasonToKeep: reasonToKeep)
    }
}

/// What a task that prunes waits for while the server refuses its requests.
@Suite(.timeLimit(.minutes(15)))
struct PrunerWaitTests {
    private static let parent = Wait.Subject(.condition, "ConfigMap/kube-system/nest-bootstrap-t")
    private static let lists = Wait.Subject(.condition, "the lists of its objects")

    @Test func `the parent is not waited for as an object, for which there would be a result`() async throws {
        let waits = Locked<[Wait]>([])
        let fake = try FakeAPIServer { request in
            let isParent = request.target.hasPrefix("/api/v1/namespaces/kube-system/configmaps/")
            let isList = request.target.hasPrefix("/api/v1/nodes?")
            guard isParent || isList else { return nil }
            let subject = isList ? Self.lists : Self.parent
            if !waits.withLock({ $0.contains { $0.subject == subject } }) {
                return FakeAPIServer.json(503, #"{"message":"etcdserver: no leader"}"#)
            }
            let list = #"{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}"#
            return isList ? FakeAPIServer.json(200, list) : nil
        }
        let pruner = Pruner(
            client: try fake.session().client,
            set: ApplySet(task: "t"),
            manifests: [],
            includesProtected: false,
            isDryRun: false,
            retryPolicy: RetryPolicy(deadline: .now + .seconds(600)) { wait in waits.withLock { $0.append(wait) } },
            location: SourceLocation(file: "bootstrap.yaml"),
        )
        try await pruner.widen()
        let nodes = Pruner.ServedKind(
            type: GroupVersionKind(apiVersion: "v1", kind: "Node"),
            resource: APIResource(plural: "nodes", isNamespaced: false, hasStatusSubresource: true, verbs: []),
        )
        #expect(try await pruner.list([nodes], in: []).isEmpty)
        // Nor is an object whose list is refused, which only a result would end.
        let subjects = Set(waits.withLock { $0.map(\.subject) })
        #expect(subjects == [Self.parent, Self.lists])
        #expect(fake.requests("PATCH ").count == 1)
    }
}
