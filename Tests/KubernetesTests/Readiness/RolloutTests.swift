import Base
@testable import Kubernetes
import TestSupport
import Testing

/// With which requests objects are awaited.
@Suite(.timeLimit(.minutes(15)))
struct RolloutTests {
    private static let collection = "/apis/apps/v1/namespaces/n/deployments"

    private func identity(_ name: String) -> ObjectIdentity {
        ObjectIdentity(type: .init(apiVersion: "apps/v1", kind: "Deployment"), namespace: "n", name: name)
    }

    /// A wait that never looks up the cause, which would send requests of its own on a busy machine.
    private func rollout(
        on fake: FakeAPIServer,
        boot: String? = nil,
        report: @escaping @Sendable (Wait) -> Void = { _ in }
    ) throws -> Rollout {
        Rollout(
            client: try fake.session().client,
            minimumNodeCount: 1,
            boot: boot,
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
            let count = lists.next()
            let items = ["a", "b"].map { deployment($0, isReady: isReady($0, count)) }
            let list = #"{"metadata":{"resourceVersion":"\#(count)"},"items":[\#(items.joined(separator: ","))]}"#
            return FakeAPIServer.json(200, list)
        }
    }

    @Test func `objects of one kind are read by one list until all are ready at once`() async throws {
        let fake = try Self.server { name, count in name == "a" ? count != 2 : count > 1 }
        try await rollout(on: fake).wait(for: [AwaitedObject(identity("a")), AwaitedObject(identity("b"))])
        let requests = fake.requests("GET \(Self.collection)")
        #expect(requests == Array(repeating: "GET \(Self.collection)?timeout=30s", count: 3))
    }

    @Test func `each report names all objects that are not ready, so that it replaces the one before`() async throws {
        let fake = try Self.server { name, count in count > (name == "a" ? 1 : 2) }
        let reported = Locked<[Wait]>([])
        let rollout = try rollout(on: fake) { wait in reported.withLock { $0.append(wait) } }
        try await rollout.wait(for: [AwaitedObject(identity("a")), AwaitedObject(identity("b"))])
        let waits = reported.withLock { $0 }
        #expect(waits.map(\.subject.kind) == [.object, .object])
        #expect(waits.map(\.subject.text) == ["Deployment/n/a", "Deployment/n/b"])
        #expect(waits.first?.reason?.contains(", Deployment/n/b: ") == true)
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
            let boot = lists.next() > 1 ? "new" : "old"
            let status = #"{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"bootID":"\#(boot)"}}"#
            return FakeAPIServer.json(
                200,
                #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"cp"},"status":\#(status)}]}"#
            )
        }
        let reported = Locked<[Wait]>([])
        let rollout = try rollout(on: fake, boot: "new") { wait in reported.withLock { $0.append(wait) } }
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

/// Causes for which objects are not ready, from events and from the status of pods.
@Suite(.timeLimit(.minutes(15)))
struct RolloutDiagnosisTests {
    @Test(arguments: [
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]",
            "container 'c' is waiting: ContainerCreating", false
        ),
        (
            "containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff}}, "
                + "lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]",
            "container 'c' is waiting: CrashLoopBackOff: OOMKilled, exit code 137", true
        ),
        (
            "initContainerStatuses: [{name: i, state: {terminated: {reason: Completed, exitCode: 0}}}], "
                + "containerStatuses: [{name: c, state: {running: {}}}]", "container 'c' is not ready", false
        ),
        (
            "conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: no node}]",
            "Unschedulable: no node", true
        ),
    ])
    func `a container is named with what it waits for or how it ended`(
        status: String,
        words: String,
        isExplained: Bool,
    ) throws {
        let state = try #require(
            RolloutDiagnosis.state(of: try node("{metadata: {name: p}, status: {phase: Pending, \(status)}}"))
        )
        #expect(state == (words, isExplained))
    }

    @Test func `the last warning about an object and its newest unready pod are the cause`() async throws {
        let pods = ["old", "new"].map { name in
            #"{"metadata":{"name":"\#(name)","creationTimestamp":"2024-05-0\#(name == "new" ? 2 : 1)T00:00:00Z"},"#
                + #""status":{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"Wait"}}}]}}"#
        }
        let fake = try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/apis/apps/v1/namespaces/n/deployments/w":
                let metadata = #"{"name":"w","namespace":"n","uid":"u"}"#
                return FakeAPIServer.json(
                    200,
                    #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":\#(metadata),"#
                        + #""spec":{"selector":{"matchLabels":{"app":"w"}}}}"#
                )
            case "/api/v1/namespaces/n/pods":
                return FakeAPIServer.json(200, #"{"items":[\#(pods.joined(separator: ","))]}"#)
            case "/api/v1/namespaces/n/events":
                let isPod = request.target.contains("kind%3DPod")
                let event = #"{"reason":"\#(isPod ? "FailedMount" : "FailedCreate")","message":"no"}"#
                return FakeAPIServer.json(200, #"{"items":[\#(event)]}"#)
            default: return nil
            }
        }
        let type = GroupVersionKind(apiVersion: "apps/v1", kind: "Deployment")
        let identity = ObjectIdentity(type: type, namespace: "n", name: "w")
        let object = UnreadyObject(identity: identity, reason: "replicas: 0 of 1")
        let session = try fake.session()
        let diagnosis = RolloutDiagnosis(client: session.client, deadline: .now + .seconds(1000))
        let causes = await diagnosis.causes(of: [object])
        #expect(causes[object] == "FailedCreate: no; pod 'new': container 'c' is waiting: Wait: FailedMount: no")
    }
}
