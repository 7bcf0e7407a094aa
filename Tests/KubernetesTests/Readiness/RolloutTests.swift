import Base
import TestSupport
import Testing
@testable import Kubernetes

/// With which requests objects are awaited.
@Suite(.timeLimit(.minutes(5)))
struct RolloutTests {
    private static let collection = "/apis/apps/v1/namespaces/n/deployments"

    private func identity(_ name: String) -> ObjectIdentity {
        ObjectIdentity(type: .init(apiVersion: "apps/v1", kind: "Deployment"), namespace: "n", name: name)
    }

    /// A wait that never looks up the cause, which would send requests of its own on a busy machine.
    private func rollout(
        on fake: FakeAPIServer,
        report: @escaping @Sendable (Wait) -> Void = { _ in }
    ) throws -> Rollout {
        Rollout(
            client: try fake.session().client,
            minimumNodeCount: 1,
            task: "t",
            retryPolicy: RetryPolicy(
                deadline: .now + .seconds(100_000),
                gracePeriod: .milliseconds(300),
                report: report
            ),
            diagnosisInterval: .seconds(3600),
        )
    }

    private static func deployment(_ name: String, isReady: Bool) -> String {
        let count = isReady ? 1 : 0
        return #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\#(name)","namespace":"n"},"#
            + #""spec":{"replicas":1},"status":{"replicas":1,"updatedReplicas":1,"#
            + #""availableReplicas":\#(count),"readyReplicas":\#(count),"#
            + #""conditions":[{"type":"Available","status":"True"}]}}"#
    }

    /// A server with two objects, which are ready as the closure says for the name and the number of the list.
    private static func server(_ isReady: @escaping @Sendable (String, Int) -> Bool) throws -> FakeAPIServer {
        let lists = Counter()
        return try FakeAPIServer { request in
            guard request.target.hasPrefix(collection) else { return nil }
            guard !request.target.contains("watch=1") else {
                return FakeAPIServer.stream(#"{"type":"MODIFIED","object":{}}"#)
            }
            let count = lists.next()
            let items = ["a", "b"].map { deployment($0, isReady: isReady($0, count)) }
            let list = #"{"metadata":{"resourceVersion":"\#(count)"},"items":[\#(items.joined(separator: ","))]}"#
            return FakeAPIServer.json(200, list)
        }
    }

    @Test func `objects of one kind are read by one list and watched from its version`() async throws {
        // One of the two is ready at first. Only its first event ends a watch: the server sends nothing more, and the
        // deadline is after the time limit of the suite.
        let fake = try Self.server { name, count in name == "a" || count > 2 }
        try await rollout(on: fake).wait(for: [AwaitedObject(identity("a")), AwaitedObject(identity("b"))])
        let selector = "fieldSelector=metadata.name%3Db"
        // The limit of a watch is spread by a tenth, and grows.
        let requests = fake.requests("GET \(Self.collection)").map {
            $0.replacing(/timeoutSeconds=[45]\b/, with: "timeoutSeconds=5").replacing(
                /timeoutSeconds=[78]\b/,
                with: "timeoutSeconds=8"
            )
        }
        #expect(
            requests == [
                "GET \(Self.collection)?timeout=13s",
                "GET \(Self.collection)?watch=1&resourceVersion=1&timeoutSeconds=5",
                "GET \(Self.collection)?\(selector)&timeout=13s",
                "GET \(Self.collection)?watch=1&resourceVersion=2&timeoutSeconds=8&\(selector)",
                "GET \(Self.collection)?\(selector)&timeout=13s",
            ]
        )
    }

    @Test func `each report names all objects that are not ready, so that it replaces the one before`() async throws {
        let fake = try Self.server { name, count in count > (name == "a" ? 1 : 2) }
        let reported = Locked<[Wait]>([])
        let rollout = try rollout(on: fake) { wait in reported.withLock { $0.append(wait) } }
        try await rollout.wait(for: [AwaitedObject(identity("a")), AwaitedObject(identity("b"))])
        let waits = reported.withLock { $0 }
        #expect(waits.map(\.subject.kind) == [.object, .object])
        #expect(waits.map(\.subject.text) == ["Deployment/n/a", "Deployment/n/b"])
        #expect(waits.first?.reason?.contains("; Deployment/n/b: ") == true)
        #expect(waits.map(\.isComplete) == [true, true])
        fake.server.stop()
    }

    @Test func `a Node that was ready on the boot before is awaited until its kubelet has started`() async throws {
        let lists = Counter()
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix("/api/v1/nodes") else {
                let nodes = #"{"name":"nodes","kind":"Node","namespaced":false}"#
                let isDiscovery = request.target.prefix { $0 != "?" } == "/api/v1"
                return isDiscovery ? FakeAPIServer.json(200, FakeAPIServer.resourceList("v1", nodes)) : nil
            }
            guard !request.target.contains("watch=1") else {
                return FakeAPIServer.stream(#"{"type":"MODIFIED","object":{}}"#)
            }
            let boot = lists.next() > 1 ? "new" : "old"
            let status = #"{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"bootID":"\#(boot)"}}"#
            return FakeAPIServer.json(
                200,
                #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"cp"},"status":\#(status)}]}"#
            )
        }
        let reported = Locked<[Wait]>([])
        var rollout = try rollout(on: fake) { wait in reported.withLock { $0.append(wait) } }
        rollout.boot = "new"
        let identity = ObjectIdentity(type: .init(apiVersion: "v1", kind: "Node"), namespace: nil, name: "cp")
        try await rollout.wait(for: [AwaitedObject(identity)])
        #expect(
            reported.withLock { $0 }.map(\.reason) == [
                "its status is that of an earlier boot: the kubelet has not updated it yet"
            ]
        )
    }

    @Test func `a user who may only get objects waits for them by polling`() async throws {
        let polls = Counter()
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.collection) else { return nil }
            guard request.target.hasPrefix("\(Self.collection)/a") else {
                return FakeAPIServer.json(403, #"{"reason":"Forbidden","message":"cannot list"}"#)
            }
            let count = polls.next()
            return FakeAPIServer.json(200, Self.deployment("a", isReady: count > 2))
        }
        try await rollout(on: fake).wait(for: [AwaitedObject(identity("a"))])
        #expect(polls.value == 3)
    }
}
