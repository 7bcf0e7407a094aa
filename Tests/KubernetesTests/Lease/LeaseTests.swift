import Base
import Host
@testable import Kubernetes
import TestSupport
import Testing

/// Leases on a real API server.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct LeaseTests {
    /// Times with which a test need not wait for a minute.
    static let timing = LeaseTiming(
        duration: .seconds(12),
        renewInterval: .milliseconds(500),
        renewDeadline: .seconds(5),
        retryPause: .milliseconds(200),
        requestLimit: .seconds(3),
    )

    /// Times that a busy machine does not use up, for tests of what does not depend on time.
    static let slowTiming = LeaseTiming(
        duration: .seconds(1200),
        renewInterval: .milliseconds(500),
        renewDeadline: .seconds(600),
        requestLimit: .seconds(300),
    )

    private static func lease(
        _ session: Session,
        _ namespace: String,
        _ identity: String,
        _ timing: LeaseTiming = timing,
    ) -> ClusterLease {
        var lease = ClusterLease(
            session.client,
            namespace: namespace,
            name: "l",
            identity: identity,
            task: "t",
            location: SourceLocation(file: "bootstrap.yaml"),
        )
        lease.timing = timing
        return lease
    }

    private static func path(_ namespace: String) -> String {
        "/apis/coordination.k8s.io/v1/namespaces/\(namespace)/leases/l"
    }

    @Test func `of many that begin at the same moment one holds the Lease at a time`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let visits = Visits()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...6 {
                group.addTask {
                    let lease = Self.lease(session, namespace, "n\(number)", Self.slowTiming)
                    let held = try await lease.acquire(Session.retryPolicy()) { _ in }
                    visits.begin("n\(number)")
                    let loss = try await withThrowingTaskGroup(of: Problem?.self) { group in
                        func renewed() async throws -> String? {
                            try await session.object(Self.path(namespace))?["spec"]?["renewTime"]?.string
                        }
                        let first = try await renewed()
                        group.addTask { await lease.renew(held) }
                        let isRenewed = try await becomes { try await renewed() != first }
                        #expect(isRenewed)
                        group.cancelAll()
                        return try await group.next() ?? nil
                    }
                    #expect(loss?.message == nil)
                    visits.end()
                    #expect(try await lease.release()?.message == nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(visits.mostAtOnce == 1)
        #expect(Set(visits.order).count == 6)
        let object = try #require(try await session.object(Self.path(namespace)))
        #expect(object["spec"]?["leaseTransitions"]?.integer == 5)
        #expect(LeaseState(object).holder == "")
    }

    @Test(arguments: [-7200, 7200])
    func `a holder that is gone is succeeded after the duration, whatever its clock says`(offset: Int64) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let time = Timestamp.text(milliseconds: Timestamp.millisecondsNow() + offset * 1000).dropLast() + "000Z"
        try await session.update(
            "POST",
            """
            {apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l},
             spec: {holderIdentity: gone, leaseDurationSeconds: 3, acquireTime: "\(time)", renewTime: "\(time)"}}
            """,
            at: String(Self.path(namespace).dropLast(2)),
            as: "gone",
        )
        let start = ContinuousClock.now
        let held = try await Self.lease(session, namespace, "me").acquire(Session.retryPolicy()) { holder in
            #expect(holder.identity == "gone")
        }
        let waited = start.duration(to: .now)
        #expect(waited >= .seconds(3))
        #expect(held.state.holder == "me")
        #expect(held.state.object["spec"]?["leaseTransitions"] == .number(1))
    }

    @Test func `of two changes of one version the server refuses one`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let (one, two) = (Self.lease(session, namespace, "one"), Self.lease(session, namespace, "two"))
        let deadline = ContinuousClock.now + .seconds(600)
        let made = try await one.change(nil, .take(one.identity, one.timing), until: deadline)
        var codes: [Int] = []
        do throws(APIError) {
            _ = try await two.change(nil, .take(two.identity, two.timing), until: deadline)
        } catch .refused(let refusal) { codes.append(refusal.code) }
        let free = try await one.change(made, .release, until: deadline)
        let taken = try await one.change(free, .take("one", Self.timing), until: deadline)
        do throws(APIError) {
            _ = try await two.change(free, .take("two", Self.timing), until: deadline)
        } catch .refused(let refusal) { codes.append(refusal.code) }
        #expect(codes == [409, 409])
        #expect(try await two.read(until: deadline)?.holder == "one")
        #expect(taken.object["spec"]?["leaseTransitions"] == .number(1))
    }

    @Test func `time that is up while another one holds the Lease is reported with the holder`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let holder = Self.lease(session, namespace, "other", Self.slowTiming)
        let held = try await holder.acquire(Session.retryPolicy()) { _ in }
        let said = Locked<[String]>([])
        let error = await #expect(throws: Problem.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = await holder.renew(held) }
                defer { group.cancelAll() }
                _ = try await Self.lease(session, namespace, "me").acquire(
                    Session.retryPolicy(.seconds(30)) { text in said.withLock { $0.append(text) } }
                ) { _ in }
            }
        }
        let since = try #require(held.since)
        let words = "Lease/\(namespace)/l: held by 'other' since \(since)"
        #expect(
            error?.description == "bootstrap.yaml: \(words); "
                + "look at task 't' on that node, or increase 'timeout' of the task"
        )
        #expect(said.withLock { $0 }.allSatisfy { $0.hasPrefix("\(words) (gives up at ") })
        #expect(said.withLock { !$0.isEmpty })
    }

    @Test(
        arguments: [
            ("now held by 'thief'", "thief"), ("released by another process", ""), ("deleted", nil),
        ] as [(String, String?)]
    )
    func `a holder whose Lease another process changes stops`(reason: String, holder: String?) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let lease = Self.lease(session, namespace, "me", Self.slowTiming)
        let held = try await lease.acquire(Session.retryPolicy()) { _ in }
        if let holder {
            let body = "{spec: {holderIdentity: '\(holder)'}}"
            try await session.update("PATCH", body, at: Self.path(namespace), as: "thief")
        } else {
            _ = try await session.client.object("DELETE", Self.path(namespace), until: .now + .seconds(600))
        }
        let loss = await lease.renew(held)
        #expect(loss?.message == reason)
        let advice = "see who writes it: kubectl get lease -n \(namespace) l -o yaml --show-managed-fields"
        #expect(loss?.hint == (holder == nil ? "see in the audit log of the API server who deleted it" : advice))
    }

    @Test func `a holder that cannot renew the Lease stops`() async throws {
        let requests = Counter()
        let server = try FakeAPIServer { request in
            guard request.target.contains("/leases") else { return nil }
            // The first requests find that there is none, and create it; later ones a server whose storage is gone.
            let number = requests.next()
            if number == 1 { return nil }
            guard number == 2 else { return FakeAPIServer.json(503, #"{"message":"etcdserver: no leader"}"#) }
            let text = String(decoding: FakeAPIServer.stored(request.body), as: UTF8.self)
            return FakeAPIServer.json(201, text)
        }
        let session = try server.session()
        let lease = Self.lease(session, "kube-system", "me")
        let held = try await lease.acquire(Session.retryPolicy()) { _ in }
        let loss = await lease.renew(held)
        #expect(held.takenAt.duration(to: .now) >= Self.timing.renewDeadline)
        #expect(loss?.message == "not renewed for 5s: the server answered 503: etcdserver: no leader")
        #expect(loss?.hint == "see why API server '\(session.client.kubeconfig.address)' did not answer")
    }

    @Test func `another process of the same node does not release the Lease`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let lease = Self.lease(session, namespace, "me", Self.slowTiming)
        let deadline = ContinuousClock.now + .seconds(600)
        _ = try await lease.acquire(Session.retryPolicy()) { _ in }
        let other = Self.lease(session, namespace, "me_2", Self.slowTiming)
        #expect(try await other.release()?.message == "now held by 'me'")
        #expect(try await other.read(until: deadline)?.holder == "me")
        #expect(try await lease.release()?.message == nil)
        #expect(try await other.read(until: deadline)?.holder == "")
        #expect(try await lease.release()?.message == "released by another process")
    }
}

/// The holders that a Lease has had, and how many at once.
private final class Visits: Sendable {
    private let state = Locked<(count: Int, most: Int, order: [String])>((0, 0, []))

    var mostAtOnce: Int { state.withLock { $0.most } }
    var order: [String] { state.withLock { $0.order } }

    func begin(_ name: String) {
        state.withLock { state in
            state.count += 1
            state.most = max(state.most, state.count)
            state.order.append(name)
        }
    }

    func end() { state.withLock { $0.count -= 1 } }
}

/// When a Lease is taken, renewed and given up, with a clock that a test moves.
@Suite(.timeLimit(.minutes(15)))
struct LeaseDecisionTests {
    private let start = ContinuousClock.now

    private func lease(
        _ holder: String,
        version: Int,
        duration: Int? = 60,
        times: String = "2026-01-01T00:00:00.000000Z"
    )
        throws -> LeaseState
    {
        let seconds = duration.map { "leaseDurationSeconds: \($0), " } ?? ""
        return LeaseState(
            try node(
                """
                {metadata: {name: l, resourceVersion: '\(version)'},
                 spec: {holderIdentity: '\(holder)', \(seconds)acquireTime: '\(times)', renewTime: '\(times)'}}
                """
            )
        )
    }

    @Test func `a Lease that does not exist is created, and one that nobody holds is taken at once`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(nil, at: start)
        #expect(observation.step(at: start) == .create)
        observation.observe(try lease("", version: 1), at: start)
        #expect(observation.step(at: start) == .take)
        observation.observe(try lease("me", version: 2), at: start)
        #expect(observation.step(at: start) == .isHeld)
    }

    @Test(arguments: ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "x"])
    func `the time that counts is that since the last observed change, whatever clocks say`(times: String) throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(try lease("other", version: 1, times: times), at: start)
        #expect(observation.step(at: start) == .wait)
        observation.observe(try lease("other", version: 1, times: times), at: start + .seconds(50))
        #expect(observation.step(at: start + .seconds(59)) == .wait)
        #expect(observation.step(at: start + .seconds(60)) == .take)
        observation.observe(try lease("other", version: 2, times: times), at: start + .seconds(59))
        #expect(observation.step(at: start + .seconds(118)) == .wait)
        #expect(observation.step(at: start + .seconds(119)) == .take)
    }

    @Test func `a Lease is valid as long as it says, but never less than a minute`() throws {
        for (duration, expected) in [(90, 90), (15, 60), (nil, 60), (0, 60), (-1, 60)] as [(Int?, Int)] {
            var observation = LeaseObservation("me", LeaseTiming())
            observation.observe(try lease("other", version: 1, duration: duration), at: start)
            #expect(observation.step(at: start + .seconds(expected - 1)) == .wait)
            #expect(observation.step(at: start + .seconds(expected)) == .take)
        }
    }

    @Test func `a Lease that is deleted and created again is another one`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(try lease("other", version: 1), at: start)
        observation.observe(nil, at: start + .seconds(30))
        observation.observe(try lease("other", version: 9), at: start + .seconds(40))
        #expect(observation.step(at: start + .seconds(99)) == .wait)
        #expect(observation.step(at: start + .seconds(100)) == .take)
    }

    @Test func `the holder of a Lease that is deleted has the time to notice it`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        #expect(observation.step(at: start) == .create)
        observation.observe(try lease("other", version: 1), at: start)
        for second in [10, 59] {
            observation.observe(nil, at: start + .seconds(second))
            #expect(observation.step(at: start + .seconds(second)) == .wait)
        }
        #expect(observation.step(at: start + .seconds(60)) == .create)
        // Nobody held it.
        observation.observe(try lease("", version: 9), at: start + .seconds(61))
        observation.observe(nil, at: start + .seconds(62))
        #expect(observation.step(at: start + .seconds(62)) == .create)
    }

    @Test func `a holder renews in time, and stops before others may begin`() {
        let timing = LeaseTiming()
        var renewal = LeaseRenewal(timing, takenAt: start)
        #expect(renewal.step(at: start) == .wait(.seconds(10)))
        #expect(renewal.step(at: start + .seconds(10)) == .renew(until: start + .seconds(15)))
        renewal.noteFailure(at: start + .seconds(15))
        #expect(renewal.step(at: start + .seconds(15)) == .wait(.seconds(1)))
        #expect(renewal.step(at: start + .seconds(27)) == .renew(until: start + .seconds(30)))
        #expect(renewal.step(at: start + .seconds(30)) == .stop)
        // The request began before: what others have observed is later.
        renewal.noteSuccess(of: start + .seconds(27))
        #expect(renewal.step(at: start + .seconds(56)) == .renew(until: start + .seconds(57)))
        #expect(renewal.step(at: start + .seconds(57)) == .stop)
        // A machine that was suspended.
        #expect(renewal.step(at: start + .seconds(3600)) == .stop)
        // The time that a program has to end, with a margin.
        #expect(timing.renewDeadline + Command.grace + Command.killLimit <= timing.duration - .seconds(20))
    }

    @Test func `changes keep what others have written`() throws {
        let object = try node(
            "{metadata: {name: l, resourceVersion: '7', labels: {a: b}}, spec: {holderIdentity: x, strategy: s, leaseTransitions: 4}}"
        )
        let taken = LeaseState(object).changed(.take("me", LeaseTiming()), at: 1_767_225_600_250)
        #expect(taken["metadata"] == object["metadata"])
        let spec = try node(
            """
            {holderIdentity: me, strategy: s, leaseTransitions: 5, leaseDurationSeconds: 60,
             acquireTime: "2026-01-01T00:00:00.250000Z", renewTime: "2026-01-01T00:00:00.250000Z"}
            """
        )
        #expect(taken["spec"] == spec)
        let renewed = LeaseState(taken).changed(.renew, at: 1_767_225_601_000)
        #expect(renewed["spec"]?["acquireTime"]?.string == "2026-01-01T00:00:00.250000Z")
        #expect(renewed["spec"]?["renewTime"]?.string == "2026-01-01T00:00:01.000000Z")
        #expect(LeaseState(LeaseState(renewed).changed(.release)).holder == "")
    }
}
