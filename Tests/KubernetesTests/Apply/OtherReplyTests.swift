import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Replies with status 200 that are not about the object of the request, as a proxy may send them.
@Suite(.timeLimit(.minutes(15)))
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
    private func lines(
        _ method: String,
        _ reply: String,
        code: Int = 200,
        exists: Bool,
        headers: [String] = [],
    ) async throws -> [String] {
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.path) else { return nil }
            if request.method == method { return .response(code, headers: headers, body: Array(reply.utf8)) }
            if request.method == "GET" { return exists ? FakeAPIServer.json(200, Self.object()) : nil }
            return FakeAPIServer.json(200, Self.object(data: "1"))
        }
        let address = "127.0.0.1:\(fake.server.port)"
        return await (try fake.session()).apply(Self.text).map { $0.replacing(address, with: "SERVER") }
    }

    private static func message(_ method: String, _ difference: String, _ sender: String = "") -> String {
        line("200 to \(method)", "another object: \(difference)", sender)
    }

    private static func line(_ answer: String, _ content: String, _ sender: String = "") -> String {
        "m.yaml:1:1: ConfigMap/ns/a: not applied: 'SERVER' answered \(answer) with \(content); "
            + "is there a proxy or load balancer\(sender) in front of the API server?"
    }

    /// Discovery that something in front of the server answers, once or always.
    @Test(arguments: [
        (404, "{}", "404 to GET with a refusal, as if it had no '/api/v1', which every API server has"),
        (
            200, FakeAPIServer.resourceList("apps/v1", ""),
            "200 to GET /api/v1 with another object: groupVersion is 'apps/v1', not 'v1'"
        ),
    ])
    func `a wrong reply to discovery is no missing kind, and heals`(
        code: Int,
        body: String,
        answer: String
    ) async throws {
        let isHealed = Locked(false)
        let fake = try FakeAPIServer { request in
            let isDiscovery = request.target.prefix { $0 != "?" } == "/api/v1"
            return isDiscovery && !isHealed.withLock { $0 } ? .response(code, body: Array(body.utf8)) : nil
        }
        let session = try fake.session()
        let failed = await session.apply(Self.text)
        let expected =
            "'127.0.0.1:\(fake.server.port)' answered \(answer); is there a proxy or load balancer in front of the API "
            + "server?"
        #expect(failed.count == 1 && failed[0].hasSuffix(expected), "\(failed)")
        let waiting = await session.apply(
            Self.text,
            retryPolicy: Session.retryPolicy(gracePeriod: .seconds(600)) { _ in isHealed.withLock { $0 = true } }
        )
        #expect(waiting == ["created ConfigMap/ns/a"])
    }

    @Test func `a group that the server lists is not believed to be missing`() async throws {
        let isHealed = Locked(false)
        let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}}"
        let groups = #"{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"version":"v1"}]}]}"#
        let fake = try FakeAPIServer { request in
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/apis": FakeAPIServer.json(200, groups)
            case "/apis/apps/v1" where !isHealed.withLock { $0 }: .response(404, body: Array("not found\n".utf8))
            default: nil
            }
        }
        let retryPolicy = Session.retryPolicy(gracePeriod: .seconds(600)) { _ in isHealed.withLock { $0 = true } }
        #expect(await (try fake.session()).apply(deployment, retryPolicy: retryPolicy) == ["created Deployment/ns/d"])
    }

    /// Replies to requests for an object, and to discovery, each wrong twice.
    @Test(arguments: [
        ("GET", "/configmaps/a", #"{"error":"x"}"#),
        ("PATCH", "/configmaps/a", "404 page not found\n"),
        ("GET", "/api/v1", FakeAPIServer.resourceList("v1", "")),
    ])
    func `a kind that the server has is not believed to be missing`(
        method: String,
        path: String,
        body: String
    ) async throws {
        let wrongReplies = Locked(2)
        let fake = try FakeAPIServer { request in
            guard request.method == method, request.target.prefix(while: { $0 != "?" }).hasSuffix(path) else {
                return nil
            }
            let isWrong = wrongReplies.withLock { count in
                count -= 1
                return count >= 0
            }
            return isWrong ? FakeAPIServer.json(path == "/api/v1" ? 200 : 404, body) : nil
        }
        let session = try fake.session()
        let policy = Session.retryPolicy(gracePeriod: .seconds(600))
        #expect(await session.apply(Self.text, retryPolicy: policy) == ["created ConfigMap/ns/a"])
    }

    @Test func `the object as it was is no answer to an apply`() async throws {
        let said = try await lines("PATCH", Self.object(), exists: true)
        #expect(
            said.count == 1 && said[0].contains("with the object as it was, to which nothing was applied"),
            "\(said)"
        )
    }

    @Test(arguments: [
        ("{}", "kind is missing, not 'ConfigMap'"),
        (object("Pod", "someone-else"), "kind is 'Pod', not 'ConfigMap'"),
        (object("ConfigMap", "someone-else"), "metadata.name is 'someone-else', not 'a'"),
        (object(namespace: "other"), "metadata.namespace is 'other', not 'ns'"),
        (object().replacing(#""v1""#, with: #""apps/v1""#), "apiVersion is 'apps/v1', not 'v1'"),
    ])
    func `a reply that is not the object is not a success`(reply: String, difference: String) async throws {
        for exists in [true, false] {
            #expect(try await lines("PATCH", reply, exists: exists) == [Self.message("PATCH", difference)])
        }
        #expect(try await lines("GET", reply, exists: true) == [Self.message("GET", difference)])
    }

    @Test func `the request sent back is not a success`() async throws {
        let fake = try FakeAPIServer { $0.method == "PATCH" ? .response(201, body: $0.body) : nil }
        let echo = "an object that is not stored: metadata.uid is missing"
        let said = await (try fake.session()).apply(Self.text)
        #expect(
            said.map { $0.replacing("127.0.0.1:\(fake.server.port)", with: "SERVER") } == [
                Self.line("201 to PATCH", echo)
            ]
        )
        let reply = Self.object(data: "1").replacing(#","uid":"1""#, with: "")
        #expect(try await lines("PATCH", reply, exists: true) == [Self.line("200 to PATCH", echo)])
    }

    @Test func `an object with another UID than the one that was read is another object`() async throws {
        let said = try await lines("PATCH", Self.object(uid: "2"), exists: true)
        #expect(said == [Self.message("PATCH", "metadata.uid is '2', not '1'")])
        #expect(
            try await lines("PATCH", Self.object(data: "1"), exists: true) == ["configured ConfigMap/ns/a\n  data.a"]
        )
    }

    private static let page = "an HTML page, which the API server never sends"

    @Test(arguments: [
        (403, "<html><title>Forbidden</title></html>", page),
        (404, "\n <!DOCTYPE html><html></html>", page),
        (200, "<html>Sign in</html>", page),
        (403, "Access denied", "a text without a Status object, which the API server always sends"),
        (200, "hello", "a text that is not JSON: expected a value, found 'h'"),
    ])
    func `a page is not an answer of the API server`(code: Int, body: String, content: String) async throws {
        let headers = ["Server: nginx/1.22"]
        let said = try await lines("PATCH", body, code: code, exists: false, headers: headers)
        #expect(said == [Self.line("\(code) to PATCH", content, " ('nginx/1.22')")])
    }

    @Test func `a redirection of a request is reported with its target`() async throws {
        let headers = ["Location: https://login.example/"]
        let said = try await lines("PATCH", "", code: 302, exists: true, headers: headers)
        #expect(
            said == [
                "m.yaml:1:1: ConfigMap/ns/a: the server answered 302: a redirection to 'https://login.example/'; "
                    + "check the server in kubeconfig 'k:2:41'"
            ]
        )
    }

    @Test func `an object waits while a page of a load balancer says that there is no server`() async throws {
        let isDown = Locked(true)
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            guard isDown.withLock({ $0 }) else { return FakeAPIServer.json(201, Self.object(data: "1")) }
            return .response(502, headers: ["Server: nginx"], body: Array("<html>Bad Gateway</html>".utf8))
        }
        let session = try fake.session()
        let reason = Locked("")
        let retryPolicy = Session.retryPolicy { wait in
            reason.withLock { $0 = wait }
            isDown.withLock { $0 = false }
        }
        let said = await session.apply(Self.text, retryPolicy: retryPolicy)
        #expect(said == ["created ConfigMap/ns/a"])
        let words = "answered 502 to PATCH with an HTML page, which the API server never sends"
        #expect(reason.withLock { $0 }.contains(words))
    }
}
