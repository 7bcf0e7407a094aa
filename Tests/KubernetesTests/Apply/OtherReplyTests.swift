import TestSupport
import Testing
@testable import Kubernetes

/// Replies with status 200 that are not about the object of the request, as a proxy may send them.
@Suite(.timeLimit(.minutes(1)))
struct OtherReplyTests {
    private static let path = "/api/v1/namespaces/ns/configmaps/a"
    private static let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns}, data: {a: '1'}}"

    private static func object(
        _ kind: String = "ConfigMap",
        _ name: String = "a",
        namespace: String = "ns",
        uid: String = "1",
        data: String = "0",
    ) -> String {
        #"{"apiVersion":"v1","kind":"\#(kind)","metadata":{"name":"\#(name)","namespace":"\#(namespace)","#
            + #""uid":"\#(uid)"},"data":{"a":"\#(data)"}}"#
    }

    /// Applies to a server with the object, or without, whose replies to a method are something else.
    private func lines(_ method: String, _ reply: String, exists: Bool, headers: [String] = []) async throws -> [String]
    {
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            if request.method == method { return .response(200, headers: headers, body: Array(reply.utf8)) }
            if request.method == "GET" { return exists ? FakeAPIServer.json(200, Self.object()) : nil }
            return FakeAPIServer.json(200, Self.object(data: "1"))
        }
        let address = "127.0.0.1:\(fake.server.port)"
        return await (try fake.session()).apply(Self.text).map { $0.replacing(address, with: "SERVER") }
    }

    private static func message(_ method: String, _ difference: String, _ sender: String = "") -> String {
        "m.yaml:1:1: ConfigMap/ns/a: not applied: 'SERVER' answered 200 to \(method) with another object: \(difference); "
            + "is there a proxy or load balancer\(sender) in front of the API server?"
    }

    private static let nothing =
        "kind is missing, not 'ConfigMap', apiVersion is missing, not 'v1', "
        + "metadata.name is missing, not 'a', metadata.namespace is missing, not 'ns'"

    @Test(arguments: [
        ("{}", nothing),
        (
            #"{"apiVersion":1,"kind":[],"metadata":"x"}"#,
            "kind is a list, not 'ConfigMap', apiVersion is a number, not 'v1', "
                + "metadata.name is missing, not 'a', metadata.namespace is missing, not 'ns'"
        ),
        (object("Pod", "someone-else"), "kind is 'Pod', not 'ConfigMap', metadata.name is 'someone-else', not 'a'"),
        (object(namespace: "other"), "metadata.namespace is 'other', not 'ns'"),
        (
            object().replacing(#""v1""#, with: #""apps/v1""#), "apiVersion is 'apps/v1', not 'v1'"
        ),
    ])
    func `a reply that is not the object is not a success`(reply: String, difference: String) async throws {
        for exists in [true, false] {
            // Only of an object that was read the UID is known.
            let more = exists && !reply.contains("uid") ? ", metadata.uid is missing, not '1'" : ""
            #expect(try await lines("PATCH", reply, exists: exists) == [Self.message("PATCH", difference + more)])
        }
        #expect(try await lines("GET", reply, exists: true) == [Self.message("GET", difference)])
    }

    @Test func `an object with another UID than the one that was read is another object`() async throws {
        let said = try await lines("PATCH", Self.object(uid: "2"), exists: true)
        #expect(said == [Self.message("PATCH", "metadata.uid is '2', not '1'")])
        #expect(
            try await lines("PATCH", Self.object(data: "1"), exists: true) == ["configured ConfigMap/ns/a\n  data.a"]
        )
    }

    @Test func `the message names who says that it answered`() async throws {
        let said = try await lines("PATCH", "{}", exists: false, headers: ["Server: nginx/1.22", "Via: 1.1 edge"])
        #expect(said == [Self.message("PATCH", Self.nothing, " ('nginx/1.22, 1.1 edge')")])
    }

    @Test func `the list of a definition's objects must be a list`() async throws {
        let fake = try FakeAPIServer { request in
            if request.target.hasPrefix("/apis/a.test/v1/widgets?") { return FakeAPIServer.json(200, "{}") }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            return FakeAPIServer.json(200, FakeAPIServer.definition(established: true, version: 5))
        }
        let session = try fake.session()
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy(.seconds(600)) { waited.yield($0) }
        let run = Task { await session.apply(FakeAPIServer.widget, retryPolicy: retryPolicy) }
        let words = await waits.first { $0.contains("a list of them has no items") }
        #expect(words?.hasPrefix("CustomResourceDefinition/widgets.a.test: ") == true)
        run.cancel()
        #expect(await run.value == [])
    }
}
