import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// What the wait for a definition asks the server.
@Suite(.timeLimit(.minutes(15)))
struct CRDReadinessTests {
    private static let objects = ["created CustomResourceDefinition/widgets.a.test", "created Widget/default/w"]
    private static let resources = FakeAPIServer.resourceList(
        "a.test/v1",
        #"{"name":"widgets","kind":"Widget","namespaced":true}"#
    )

    @Test func `a definition is served when discovery lists it`() async throws {
        // On a busy machine the definition may be read once a second as well.
        #expect(try await becomes { try await readingsUntilServed() == 1 })
    }

    /// Applies a definition that discovery lists at the fourth request, and returns how often it was read; it is read once
    /// before it is written.
    private func readingsUntilServed() async throws -> Int {
        let requests = Counter()
        let isWritten = Locked(false)
        let fake = try FakeAPIServer { request in
            if request.target.hasPrefix("/apis/a.test/v1?") {
                return switch requests.next() {
                case 1: FakeAPIServer.json(404, "{}")
                case 2: FakeAPIServer.json(200, FakeAPIServer.resourceList("a.test/v1", ""))
                case 3: FakeAPIServer.json(503, "{}")
                default: FakeAPIServer.json(200, Self.resources)
                }
            }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            if request.method == "PATCH" { isWritten.withLock { $0 = true } }
            guard isWritten.withLock({ $0 }) else { return nil }
            return FakeAPIServer.json(201, FakeAPIServer.definition(established: false, version: 5))
        }
        #expect(await (try fake.session()).apply(FakeAPIServer.widget) == Self.objects)
        #expect(requests.value == 4)
        return fake.requests("GET \(FakeAPIServer.definitions)").count
    }

    /// A server that keeps the definition as it answers, whatever discovery says.
    private func server(
        _ discovery: LoopbackServer.Reply,
        _ definition: @escaping @Sendable () -> LoopbackServer.Reply?
    ) throws -> FakeAPIServer {
        let readings = Counter()
        return try FakeAPIServer { request in
            if request.target.hasPrefix("/apis/a.test/v1?") { return discovery }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            guard request.method != "PATCH" else {
                return FakeAPIServer.json(201, FakeAPIServer.definition(established: false, version: 5))
            }
            // It does not exist before it is written.
            return readings.next() > 1 ? definition() : nil
        }
    }

    private static let conflict =
        #"{"metadata":{"uid":"1"},"status":{"conditions":[{"type":"NamesAccepted","status":"False","#
        + #""reason":"KindConflict","message":"\"Widget\" is already in use"}]}}"#

    @Test func `another definition with the same kind is not this one`() async throws {
        let others = FakeAPIServer.resourceList("a.test/v1", #"{"name":"gadgets","kind":"Widget","namespaced":true}"#)
        let fake = try server(FakeAPIServer.json(200, others)) { FakeAPIServer.json(200, Self.conflict) }
        let lines = await (try fake.session()).apply(FakeAPIServer.widget)
        #expect(lines.first?.contains("is already in use") == true, "\(lines)")
    }

    /// A server's controller that ended before it served a definition looks only at changes of it.
    @Test func `a server that does not go on with a definition is woken, and no annotation of that stays`() async throws
    {
        let isWoken = Locked(false)
        let fake = try FakeAPIServer { request in
            if request.target.hasPrefix("/apis/a.test/v1?") {
                return isWoken.withLock { $0 } ? FakeAPIServer.json(200, Self.resources) : FakeAPIServer.json(404, "{}")
            }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            if request.method == "PATCH" { isWoken.withLock { $0 = true } }
            return FakeAPIServer.json(
                200,
                FakeAPIServer.definition(established: isWoken.withLock { $0 }, version: 5)
            )
        }
        var readiness = CRDReadiness(
            client: try fake.session().client,
            retryPolicy: Session.retryPolicy(),
            manifest: try manifests(FakeAPIServer.widget)[0]
        )
        readiness.installationLimits = Backoff(first: .milliseconds(1))
        try await readiness.wait(from: try node(FakeAPIServer.definition(established: false, version: 5)))
        let changes = fake.server.requests.filter { $0.method == "PATCH" }
        #expect(changes.allSatisfy { $0.target.contains("fieldManager=nest-bootstrap-wake") })
        let isMarked = changes.map { String(decoding: $0.body, as: UTF8.self).contains("nest-bootstrap/woken-at") }
        #expect(isMarked.count > 1 && isMarked.first == true && isMarked.last == false, "\(isMarked)")
    }

    @Test func `a definition that is deleted meanwhile is not waited for long`() async throws {
        let fake = try server(FakeAPIServer.json(404, "{}")) { nil }
        let session = try fake.session()
        var retryPolicy = Session.retryPolicy(.seconds(600))
        retryPolicy.gracePeriod = .milliseconds(500)
        let lines = await session.apply(FakeAPIServer.widget, retryPolicy: retryPolicy)
        #expect(lines.first?.contains("it has been deleted") == true, "\(lines)")
    }

    @Test(arguments: [true, false])
    func `where the user may not ask discovery, the definition itself says it`(isEstablished: Bool) async throws {
        let fake = try server(FakeAPIServer.json(403, "{}")) {
            FakeAPIServer.json(
                200,
                isEstablished ? FakeAPIServer.definition(established: true, version: 6) : Self.conflict
            )
        }
        let documents = FakeAPIServer.widget.split(separator: "---\n", maxSplits: 1).map(String.init)
        let lines = await (try fake.session()).apply(documents[0])
        #expect(lines.first?.hasPrefix("created CustomResourceDefinition/widgets.a.test") == isEstablished, "\(lines)")
    }
}

/// Definitions on a server.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct EstablishedDefinitionTests {
    /// The server takes a short name that is also the definition's own singular name for one that is in use.
    @Test func `a definition that is established stays usable when a short name is not accepted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        func definition(_ names: String) -> String {
            """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: thingies.\(namespace).test}, spec: {
             group: \(namespace).test, scope: Namespaced, names: {kind: Thingy, plural: thingies, singular: thingy\(names)},
             versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}
            ---
            {apiVersion: \(namespace).test/v1, kind: Thingy, metadata: {name: a, namespace: \(namespace)}}
            """
        }
        let name = "CustomResourceDefinition/thingies.\(namespace).test"
        let object = "Thingy/\(namespace)/a"
        #expect(await session.apply(definition("")) == ["created \(name)", "created \(object)"])
        let later = definition(", shortNames: [thingy]")
        let lines = await session.apply(later)
        #expect(lines.first?.hasPrefix("configured \(name)") == true, "\(lines)")
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/thingies.\(namespace).test"
        let isRefused = try await becomes {
            let conditions = try await session.object(path)?["status"]?["conditions"]?.sequence ?? []
            return conditions.contains { $0["reason"]?.string == "ShortNamesConflict" }
        }
        #expect(isRefused)
        #expect(await session.apply(later) == ["unchanged \(name)", "unchanged \(object)"])
    }
}
