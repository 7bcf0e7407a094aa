import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Leases on a server whose responses are lost, late, or refusals.
@Suite(.timeLimit(.minutes(15)))
struct LeaseFaultTests {
    /// A server that stores one Lease, and does something else with some of the requests.
    private final class Server: Sendable {
        let requests = Locked<[String]>([])
        private let stored = Locked<[UInt8]?>(nil)
        private let fault: @Sendable (_ request: String) -> LoopbackServer.Reply?

        /// Creates a server.
        ///
        /// - Parameter fault: Gets the method of a request and how often it has come, such as `GET 2`; returns the response,
        ///   or `nil` for what an API server does. What is to be created is stored in any case.
        init(_ fault: @escaping @Sendable (_ request: String) -> LoopbackServer.Reply?) {
            self.fault = fault
        }

        func start() throws -> FakeAPIServer {
            try FakeAPIServer { request in
                request.target.contains("/leases") ? self.reply(to: request) : nil
            }
        }

        private func reply(to request: LoopbackServer.Request) -> LoopbackServer.Reply {
            let number = requests.withLock { requests in
                requests.append(request.method)
                return requests.count { $0 == request.method }
            }
            let reply = fault("\(request.method) \(number)")
            switch request.method {
            case "POST": stored.withLock { $0 = FakeAPIServer.stored(request.body) }
            case "PUT" where reply == nil: stored.withLock { $0 = request.body }
            default: break
            }
            if let reply { return reply }
            guard let object = stored.withLock({ $0 }) else {
                return FakeAPIServer.json(404, #"{"reason":"NotFound","message":"not found","details":{"name":"l"}}"#)
            }
            return .response(request.method == "POST" ? 201 : 200, body: object)
        }

        /// The holder in the stored Lease.
        var holder: String? {
            stored.withLock { $0 }.flatMap { try? node(String(decoding: $0, as: UTF8.self)) }.map {
                LeaseState($0).holder
            }
        }
    }

    private static func lease(
        _ server: FakeAPIServer,
        _ timing: LeaseTiming = LeaseTests.timing,
    ) throws -> ClusterLease {
        var lease = ClusterLease(
            try server.session().client,
            namespace: "kube-system",
            name: "l",
            identity: "me",
            task: "t",
            location: SourceLocation(file: "bootstrap.yaml"),
        )
        lease.timing = timing
        return lease
    }

    @Test func `a Lease that a reply gives to somebody else is not held`() async throws {
        let other =
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","namespace":"kube-system","#
            + #""uid":"1","resourceVersion":"1"},"spec":{"holderIdentity":"other"}}"#
        let server = Server { $0.hasPrefix("POST") ? FakeAPIServer.json(201, other) : nil }
        let fake = try server.start()
        let lease = try Self.lease(fake)
        let problem = await #expect(throws: (any Error).self) {
            _ = try await lease.change(nil, .take(lease.identity, lease.timing), until: .now + .seconds(600))
        }
        #expect("\(problem as Any)".contains("spec.holderIdentity is 'other', not 'me'"), "\(problem as Any)")
    }

    @Test func `a Lease whose creation had no response is renewed before the work begins`() async throws {
        let start = ContinuousClock.now
        // The server is away for longer than the holder of a Lease may go without a renewal.
        let outage = LeaseTests.timing.renewDeadline + .milliseconds(500)
        let server = Server { request in
            // More than once: libcurl repeats a request on a new connection.
            if request.hasPrefix("POST") { return .close }
            let isAway = request != "GET 1" && start.duration(to: .now) < outage
            return isAway ? FakeAPIServer.json(503, #"{"message":"etcdserver: no leader"}"#) : nil
        }
        let api = try server.start()
        let lease = try Self.lease(api)
        let waits = Locked<[Wait]>([])
        let policy = RetryPolicy(deadline: .now + .seconds(600), gracePeriod: .milliseconds(300)) { wait in
            waits.withLock { $0.append(wait) }
        }
        let held = try await lease.acquire(policy) { _ in }
        #expect(start.duration(to: held.takenAt) >= outage)
        #expect(server.requests.withLock { $0.last } == "PUT")
        #expect(server.holder == "me")
        let subjects = Set(waits.withLock { $0.map(\.subject) })
        #expect(subjects == [Wait.Subject(.lock, "Lease/kube-system/l")])
    }

    @Test func `a Lease whose creation had no response is released if the wait for it fails`() async throws {
        let server = Server { request in
            if request.hasPrefix("POST") { return .close }
            return request == "GET 2" ? FakeAPIServer.json(400, #"{"message":"no"}"#) : nil
        }
        let api = try server.start()
        let lease = try Self.lease(api, LeaseTests.slowTiming)
        await #expect(throws: Problem.self) { _ = try await lease.acquire(Session.retryPolicy()) { _ in } }
        #expect(server.holder == "")
    }

    @Test func `conflicts without end are not answered with requests without a pause`() async throws {
        // Where the creation took long, the Lease is renewed before it counts as held.
        let isHeld = Locked(false)
        let server = Server { request in
            guard request.hasPrefix("PUT"), isHeld.withLock({ $0 }) else { return nil }
            return FakeAPIServer.json(409, #"{"reason":"Conflict","message":"conflict"}"#)
        }
        let api = try server.start()
        let lease = try Self.lease(api)
        let held = try await lease.acquire(Session.retryPolicy()) { _ in }
        isHeld.withLock { $0 = true }
        server.requests.withLock { $0 = [] }
        let loss = await lease.renew(held)
        #expect(loss?.message == "not renewed for 5s: the server answered 409: conflict")
        let timing = LeaseTests.timing
        // Two without a pause, and one after each pause until the end.
        let limit = 2 + Int((timing.renewDeadline - timing.renewInterval) / timing.retryPause)
        #expect(server.requests.withLock { $0.count { $0 == "PUT" } } <= limit)
    }
}
