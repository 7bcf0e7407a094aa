import Base
@testable import Kubernetes
import TestSupport
import Testing

/// What the replies to a deletion mean.
@Suite(.timeLimit(.minutes(15)))
struct DeletionReplyTests {
    private static let path = "/api/v1/namespaces/default/configmaps/c?"
    private static let map =
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","uid":"1"}}"#
    private static let success = FakeAPIServer.json(200, #"{"apiVersion":"v1","kind":"Status","status":"Success"}"#)

    /// Deletes an object, and returns whether it existed, `nil` if it was not deleted.
    private func delete(
        _ manifest: String = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}",
        on server: FakeAPIServer,
        _ retryPolicy: RetryPolicy = Session.retryPolicy(gracePeriod: .seconds(600))
    ) async throws -> Bool? {
        let client = try server.session().client
        let deletion = ObjectDeletion(client: client, task: "t", isDryRun: false, retryPolicy: retryPolicy)
        let object = try #require(try manifests(manifest).first)
        let existence = Locked<Bool?>(nil)
        await deletion.delete([(object.identity, object.location)]) { message in
            if case .applied(_, let result) = message { existence.withLock { $0 = result.change == .deleted } }
        }
        return existence.withLock { $0 }
    }

    /// Deletes an object that can be read twice, and returns the methods of the requests for it.
    private func requests(status: Int) async throws -> [String] {
        let readings = Locked(0)
        let server = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            if request.method == "DELETE" {
                return FakeAPIServer.json(status, #"{"apiVersion":"v1","kind":"Status","status":"Success"}"#)
            }
            let count = readings.withLock { count in
                count += 1
                return count
            }
            return count < 3 ? FakeAPIServer.json(200, Self.map) : nil
        }
        #expect(try await delete(on: server) == true)
        return server.server.requests.filter { $0.target.hasPrefix(Self.path) }.map(\.method)
    }

    @Test func `an object is gone when the reply says so`() async throws {
        #expect(try await requests(status: 200) == ["GET", "DELETE"])
    }

    /// A 404 that does not say what is missing is a proxy's, or that of a server without the kind.
    @Test(arguments: ["404 page not found\n", #"{"error":"x"}"#, #"{"kind":"Status","reason":"NotFound","code":404}"#])
    func `an object is not gone because a reply is a 404`(body: String) async throws {
        let wrongReplies = Locked(2)
        let isThere = Locked(true)
        let server = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            guard request.method == "DELETE" else {
                return isThere.withLock { $0 } ? FakeAPIServer.json(200, Self.map) : nil
            }
            let isWrong = wrongReplies.withLock { count in
                count -= 1
                return count >= 0
            }
            if isWrong { return FakeAPIServer.json(404, body) }
            isThere.withLock { $0 = false }
            return Self.success
        }
        #expect(try await delete(on: server) == true)
        #expect(!isThere.withLock { $0 })
    }

    @Test func `an object of a kind that only a reply denies is not gone`() async throws {
        let isHealed = Locked(false)
        let groups = #"{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"version":"v1"}]}]}"#
        let server = try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/apis": FakeAPIServer.json(200, groups)
            case "/apis/apps/v1" where !isHealed.withLock { $0 }: FakeAPIServer.json(404, "404 page not found")
            default: nil
            }
        }
        let policy = Session.retryPolicy(gracePeriod: .seconds(600)) { _ in isHealed.withLock { $0 = true } }
        let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}"
        #expect(try await delete(deployment, on: server, policy) == false)
        #expect(isHealed.withLock { $0 })
    }

    @Test func `an object that has changed during a request without an answer is decided upon again`() async throws {
        let deletions = Locked(0)
        let server = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            return deletions.withLock { count in
                if request.method == "DELETE" { count += 1 }
                let map = Self.map.replacing(#""uid""#, with: #""resourceVersion":"\#(count)","uid""#)
                return request.method == "DELETE" ? FakeAPIServer.json(503, "") : FakeAPIServer.json(200, map)
            }
        }
        var deletion = ObjectDeletion(
            client: try server.session().client,
            task: "t",
            isDryRun: false,
            retryPolicy: Session.retryPolicy(gracePeriod: .seconds(600))
        )
        deletion.isMeant = { _, live in live["metadata"]?["resourceVersion"]?.string == "0" }
        let object = try #require(try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}").first)
        await deletion.delete([(object.identity, object.location)]) { message in
            guard case .applied(_, let result) = message else { return #expect(Bool(false), "\(message)") }
            #expect(result.change == .unchanged)
        }
        #expect(deletions.withLock { $0 } == 1)
    }

    @Test func `an object that somebody creates again meanwhile stays`() async throws {
        let deletions = Locked(0)
        let server = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            return deletions.withLock { count in
                guard request.method == "DELETE" else {
                    let uid = #""uid":"\#(count + 1)""#
                    return count < 2 ? FakeAPIServer.json(200, Self.map.replacing(#""uid":"1""#, with: uid)) : nil
                }
                count += 1
                return FakeAPIServer.json(202, #"{"apiVersion":"v1","kind":"Status","status":"Success"}"#)
            }
        }
        #expect(try await delete(on: server) == true)
        #expect(deletions.withLock { $0 } == 1)
    }

    @Test func `an object whose deletion was only accepted is looked at again`() async throws {
        #expect(try await requests(status: 202) == ["GET", "DELETE", "GET", "DELETE", "GET"])
    }
}
