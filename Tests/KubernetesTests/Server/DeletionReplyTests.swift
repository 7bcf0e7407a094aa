import Base
import TestSupport
import Testing
@testable import Kubernetes

/// What the replies to a deletion mean.
@Suite(.timeLimit(.minutes(30)))
struct DeletionReplyTests {
    private static let path = "/api/v1/namespaces/default/configmaps/c?"

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
            guard count < 3 else { return nil }
            return FakeAPIServer.json(
                200,
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","uid":"1"}}"#
            )
        }
        let deleter = Deleter(
            client: try server.session().client,
            task: "t",
            isDryRun: false,
            retryPolicy: Session.retryPolicy()
        )
        let object = try #require(try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}").first)
        await deleter.delete([(object.identity, object.location)]) { message in
            guard case .deleted(_, existed: true) = message else {
                Issue.record("\(message)")
                return
            }
        }
        return server.server.requests.filter { $0.target.hasPrefix(Self.path) }.map(\.method)
    }

    @Test func `an object is gone when the reply says so`() async throws {
        #expect(try await requests(status: 200) == ["GET", "DELETE"])
    }

    @Test func `an object whose deletion was only accepted is looked at again`() async throws {
        #expect(try await requests(status: 202) == ["GET", "DELETE", "GET", "DELETE", "GET"])
    }
}
