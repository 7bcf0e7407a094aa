import Base
import Glibc
import TestSupport
import Testing
@testable import Kubernetes

/// The order of the requests of an apply.
@Suite(.timeLimit(.minutes(15)))
struct ApplyScheduleTests {
    /// Starts what is due, and returns the kinds that have been started so far.
    private func started(
        _ schedule: ApplySchedule,
        _ objects: [ManifestObject],
        _ known: inout Set<String>
    ) -> Set<String> {
        for case (let index, .start) in schedule.takeTurns() { known.insert(objects[index].identity.type.kind) }
        return known
    }

    @Test func `an earlier kind goes first, and a webhook waits for what may serve it although that is retried`() throws
    {
        let objects = ApplyOrder.sorted(
            try manifests(
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns}}
                ---
                {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}}
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: w}
                webhooks: [{clientConfig: {service: {namespace: ns, name: s}}}]
                """
            )
        )
        let schedule = ApplySchedule(objects, ApplyNeeds(objects, defaultNamespace: "default"))
        var known: Set<String> = []
        #expect(started(schedule, objects, &known) == ["ConfigMap"])
        schedule.succeed(0)
        #expect(started(schedule, objects, &known) == ["ConfigMap", "Deployment"])
        schedule.stepAside(1)
        #expect(started(schedule, objects, &known) == ["ConfigMap", "Deployment"])
        schedule.succeed(1)
        #expect(started(schedule, objects, &known).contains("ValidatingWebhookConfiguration"))
    }

    @Test func `objects are sent after those that they need, and webhooks after what may serve them`() async throws {
        let events = Locked<[String]>([])
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            let name = request.target.prefix { $0 != "?" }.split(separator: "/").last.map(String.init) ?? ""
            events.withLock { $0.append("begin \(name)") }
            // Long enough for requests to arrive that are not sent one after the other.
            usleep(20_000)
            events.withLock { $0.append("end \(name)") }
            return nil
        }
        let text = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata: {name: webhook}
            webhooks: [{clientConfig: {service: {namespace: ns, name: s}}}]
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: workload, namespace: ns}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: ns}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
            """
        let lines = await (try fake.session()).apply(text)
        #expect(lines.allSatisfy { $0.hasPrefix("created ") }, "\(lines)")
        let order = ["ns", "settings", "workload", "webhook"]
        #expect(events.withLock { $0 } == order.flatMap { ["begin \($0)", "end \($0)"] })
    }
}

/// Objects that are stuck, on a server.
@Suite(.timeLimit(.minutes(15)))
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
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: stuck}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: late}}
            """
        let (changes, changed) = AsyncStream<String>.makeStream()
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            changed.yield(request.target)
            return request.target.contains("/configmaps/stuck") ? .silence : nil
        }
        let session = try fake.session()
        let run = Task { await session.apply(text) }
        #expect(await changes.contains { $0.contains("/deployments/late") })
        // It has not been given up and sent again.
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
        let lines = await (try fake.session()).apply(text, retryPolicy: Session.retryPolicy(.seconds(5)))
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("m.yaml:1:1: Namespace/ns: not ") == true, "\(lines)")
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

/// An apply that is cancelled while a rank is under way that others need.
@Suite(.timeLimit(.minutes(15)))
struct InterruptionTests {
    @Test func `nothing fails when the wait for a definition is interrupted`() async throws {
        let fake = try FakeAPIServer { request in
            // It is never established.
            if request.target.hasPrefix("/apis/a.test/v1?") { return FakeAPIServer.json(404, "{}") }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            return FakeAPIServer.json(200, FakeAPIServer.definition(established: false, version: 5))
        }
        let session = try fake.session()
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy { waited.yield($0) }
        let run = Task { await session.apply(FakeAPIServer.widget, retryPolicy: retryPolicy) }
        let words = await waits.first { _ in true } ?? ""
        #expect(words.hasPrefix("CustomResourceDefinition/widgets.a.test: not established yet: "), "\(words)")
        run.cancel()
        #expect(await run.value == [])
        #expect(fake.requests("PATCH /apis/a.test/") == [])
    }

    @Test func `nothing fails when the request for a namespace is interrupted`() async throws {
        let (requests, requested) = AsyncStream<Void>.makeStream()
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH", request.target.hasPrefix("/api/v1/namespaces/ns?") else { return nil }
            requested.yield()
            return .silence
        }
        let session = try fake.session()
        let text = """
            {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns}}
            """
        let run = Task { await session.apply(text) }
        _ = await requests.first { true }
        run.cancel()
        #expect(await run.value == [])
    }
}

/// How objects that failed for one reason are reported together.
struct FailureGroupTests {
    /// The report of objects that failed at the locations of a file.
    private func report(at positions: [Base.SourceLocation.Position]) -> [String] {
        let failures = positions.enumerated().map { number, position in
            ObjectFailure(
                object: ObjectIdentity(
                    type: GroupVersionKind(apiVersion: "v1", kind: "ConfigMap"),
                    namespace: "n",
                    name: "c\(number)"
                ),
                cause: .other,
                faults: [
                    ObjectFailure.Fault(
                        location: Base.SourceLocation(file: "f.yaml", position: position),
                        message: "held",
                        hint: "wait"
                    )
                ],
            )
        }
        return FailureGroup.groups(of: failures).flatMap(\.problems).map(\.description)
    }

    @Test func `objects of several places are listed by place`() {
        let positions = (1...5).map { Base.SourceLocation.Position(line: $0, column: 3) }
        #expect(report(at: positions) == ["5 ConfigMaps (f.yaml:1:3, 2:3, 3:3 and 2 more): held; wait"])
    }

    @Test func `objects with one place, as in a prune, are listed by name`() {
        let positions = Array(repeating: Base.SourceLocation.Position(line: 3, column: 3), count: 5)
        #expect(report(at: positions) == ["5 ConfigMaps (n/c0, n/c1, n/c2 and 2 more; f.yaml:3:3): held; wait"])
    }
}
