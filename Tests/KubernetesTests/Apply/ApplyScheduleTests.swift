import Base
import TestSupport
import Testing
@testable import Kubernetes

/// Which objects wait for which.
@Suite(.timeLimit(.minutes(1)))
struct ApplyScheduleTests {
    /// A schedule and its objects, by kind and name.
    private func schedule(_ text: String) throws -> (ApplySchedule, [String: Int]) {
        let objects = ApplyOrder.sorted(try manifests(text))
        let names = objects.enumerated().map { ("\($1.identity)", $0) }
        return (ApplySchedule(objects, defaultNamespace: "default"), Dictionary(uniqueKeysWithValues: names))
    }

    /// The objects whose turn has come, sorted.
    private func started(_ schedule: ApplySchedule, _ names: [String: Int]) async -> [String] {
        var started: [String] = []
        for (name, index) in names {
            let turn = Task { await schedule.turn(of: index) }
            turn.cancel()
            if case .start = await turn.value { started.append(name) }
        }
        return started.sorted()
    }

    private static let text = """
        {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: inside, namespace: ns}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: outside}}
        ---
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: late}}
        """

    @Test func `an earlier rank goes first`() async throws {
        let (schedule, names) = try schedule(Self.text)
        #expect(await started(schedule, names) == ["Namespace/ns"])
        schedule.succeed(try #require(names["Namespace/ns"]))
        let maps = ["ConfigMap/ns/inside", "ConfigMap/outside"]
        #expect(await started(schedule, names) == maps + ["Namespace/ns"])
        for map in maps { schedule.succeed(try #require(names[map])) }
        #expect(await started(schedule, names) == maps + ["Deployment/late", "Namespace/ns"])
        #expect(schedule.applied.count == 3)
    }

    @Test func `an object that is retried holds up only what needs it`() async throws {
        let (schedule, names) = try schedule(Self.text)
        schedule.stepAside(try #require(names["Namespace/ns"]))
        #expect(await started(schedule, names) == ["ConfigMap/outside", "Namespace/ns"])
        schedule.stepAside(try #require(names["ConfigMap/outside"]))
        #expect(await started(schedule, names) == ["ConfigMap/outside", "Deployment/late", "Namespace/ns"])
        schedule.succeed(try #require(names["Namespace/ns"]))
        #expect(await started(schedule, names).contains("ConfigMap/ns/inside"))
    }

    @Test func `what needs a failed object is not started`() async throws {
        let (schedule, names) = try schedule(Self.text)
        let failure = ObjectFailure(try manifests(Self.text)[0], .other, "no")
        schedule.fail(try #require(names["Namespace/ns"]), failure)
        guard case .blocked(let needed) = await schedule.turn(of: try #require(names["ConfigMap/ns/inside"])) else {
            Issue.record("it may start")
            return
        }
        #expect(needed.object.name == "ns")
        #expect(await started(schedule, names).contains("ConfigMap/outside"))
    }

    @Test func `the number of objects under way is limited`() async throws {
        let text = (0..<100).map { "{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0)}}" }
        let (schedule, names) = try schedule(text.joined(separator: "\n---\n"))
        #expect(await started(schedule, names).count == ApplySchedule.limit)
        #expect(schedule.retryPause == .zero)
        for index in 0..<64 { schedule.stepAside(index) }
        #expect(await started(schedule, names).count == 96)
        #expect(schedule.retryPause == .seconds(2))
    }

    @Test func `a webhook waits for the end of what may serve it`() async throws {
        let text = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: m}}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata: {name: w}
            webhooks: [{clientConfig: {service: {namespace: ns, name: s}}}]
            """
        let (schedule, names) = try schedule(text)
        schedule.stepAside(try #require(names["Deployment/ns/d"]))
        schedule.stepAside(try #require(names["Deployment/m/d"]))
        let webhook = "ValidatingWebhookConfiguration/w"
        #expect(await !started(schedule, names).contains(webhook))
        let failure = ObjectFailure(try manifests(text)[0], .other, "no")
        schedule.fail(try #require(names["Deployment/ns/d"]), failure)
        #expect(await started(schedule, names).contains(webhook))
    }
}

/// Objects that are stuck, on a server.
@Suite(.timeLimit(.minutes(1)))
struct StuckObjectTests {
    @Test func `a stuck object does not hold up later kinds`() async throws {
        let (lines, said) = AsyncStream<String>.makeStream()
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            guard request.target.contains("/configmaps/stuck") else { return nil }
            let message = "failed calling webhook: no endpoints"
            return FakeAPIServer.json(500, #"{"reason":"InternalError","message":"\#(message)"}"#)
        }
        let session = try fake.session()
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: stuck}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: late}}
            """
        // Until long after the end of the test, unless the deployment is applied.
        let run = Task {
            await session.apply(text, retryPolicy: Session.retryPolicy(.seconds(600))) { said.yield($0) }
        }
        #expect(await lines.contains("created Deployment/default/late"))
        run.cancel()
        #expect(await run.value == ["created Deployment/default/late"])
    }

    @Test func `a request that hangs does not hold up later kinds`() async throws {
        let (changes, changed) = AsyncStream<String>.makeStream()
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            changed.yield(request.target)
            return request.target.contains("/configmaps/stuck") ? .silence : nil
        }
        let session = try fake.session()
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: stuck}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: late}}
            """
        let run = Task { await session.apply(text, retryPolicy: Session.retryPolicy(.seconds(600))) }
        #expect(await changes.contains { $0.contains("/deployments/late") })
        #expect(fake.requests("PATCH").filter { $0.contains("/configmaps/stuck") }.count == 1)
        run.cancel()
        _ = await run.value
    }

    @Test func `what no time is left for names what went before`() async throws {
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH", request.target.contains("/namespaces/ns?") else { return nil }
            return .silence
        }
        let text = """
            {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: ns}}
            """
        let lines = await (try fake.session()).apply(text, retryPolicy: Session.retryPolicy(.seconds(10)))
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("m.yaml:1:1: Namespace/ns: not applied: no response from ") == true)
        #expect(
            lines.last == "m.yaml:3:1: ConfigMap/ns/b: not tried: Namespace/ns, which it needs, could not be applied"
        )
        let late = await (try fake.session()).apply(text, retryPolicy: Session.retryPolicy(.zero))
        #expect(
            late.first == "m.yaml:1:1: Namespace/ns: not tried: no time was left of the task's timeout; "
                + "increase 'timeout' of task 't'"
        )
    }
}
