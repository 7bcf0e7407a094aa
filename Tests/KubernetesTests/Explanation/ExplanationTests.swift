import Base
@testable import Kubernetes
import Synchronization
import TestSupport
import Testing

/// What is said of refusals as they come from servers of other versions than the one that is tested with.
@Suite(.timeLimit(.minutes(15)))
struct ExplanationTests {
    private static let manifest = """
        apiVersion: example.test/v1
        kind: Gadget
        metadata:
          name: d
          namespace: demo
        spec:
          replicas: '3'
          foo: 1
          template:
            spec:
              containers:
              - name: c
                ports:
                - containerPort: 80
                  portt: 80
                - containerPort: 80
        """

    /// The discovery document of a server with Gadgets.
    private static let resources = FakeAPIServer.resourceList(
        "example.test/v1",
        #"{"name":"gadgets","kind":"Gadget","namespaced":true}"#
    )

    /// A server that has Gadgets and refuses every write with a reply.
    private func server(_ reply: LoopbackServer.Reply, live: String? = nil) throws -> LoopbackServer {
        try LoopbackServer { request in
            switch request.target.split(separator: "?")[0] {
            case "/apis/example.test/v1":
                let list = Self.resources
                return .response(200, body: Array(list.utf8))
            case _ where request.method == "PATCH":
                return reply
            case "/apis/example.test/v1/namespaces/demo/gadgets/d":
                guard let live else {
                    return .response(404, body: Array(#"{"details":{"name":"d","kind":"gadgets"}}"#.utf8))
                }
                return .response(200, body: Array(live.utf8))
            default:
                return .response(404, body: Array("404 page not found".utf8))
            }
        }
    }

    private func lines(_ code: Int, _ message: String, headers: [String] = []) async throws -> [String] {
        let body = Node.mapping(["kind": .string("Status"), "message": .string(message)])
        let server = try server(.response(code, headers: headers, body: body.json()))
        return try await Session(server: server.url).apply(Self.manifest)
    }

    @Test(arguments: [
        (
            400,
            "failed to create typed patch object (demo/d; example.test/v1, Kind=Gadget): errors:\n"
                + "  .spec.foo: field not declared in schema\n"
                + "  .spec.replicas: expected numeric (int or float), got string",
            [
                #"7:3: Gadget/demo/d: field 'spec.replicas': expected numeric (int or float), got string: "3""#,
                "8:3: Gadget/demo/d: field 'spec.foo': field not declared in schema",
            ]
        ),
        (
            400,
            #"strict decoding error: unknown field "spec.foo", "#
                + #"unknown field "spec.template.spec.containers[0].ports[0].portt""#,
            [
                "8:3: Gadget/demo/d: field 'spec.foo': unknown field",
                "15:11: Gadget/demo/d: field 'spec.template.spec.containers[0].ports[0].portt': unknown field",
            ]
        ),
        (
            500,
            #"failed to create typed patch object (demo/d; example.test/v1, Kind=Gadget): .spec.template.spec"#
                + #".containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]"#,
            [
                #"16:11: Gadget/demo/d: field 'spec.template.spec.containers[name="c"].ports': duplicate entries for key "#
                    + #"[containerPort=80,protocol="TCP"]"#
            ]
        ),
        (
            403,
            #"gadgets.example.test "d" is forbidden: user "me" (groups=["a"]) is attempting to grant RBAC "#
                + "permissions not currently held:\n{APIGroups:[\"*\"]}",
            [
                "1:1: Gadget/demo/d: forbidden to kubeconfig 'k', user 'me', token of the kubeconfig: "
                    + #"gadgets.example.test "d" is forbidden: user "me" (groups=["a"]) is attempting to grant RBAC "#
                    + #"permissions not currently held: {APIGroups:["*"]}"#
            ]
        ),
        (
            403, #"admission webhook "a.test" denied the request: no"#,
            [
                #"1:1: Gadget/demo/d: refused by admission control: admission webhook "a.test" denied the request: no"#
            ]
        ),
        (
            401, "Unauthorized",
            [
                "1:1: Gadget/demo/d: API server SERVER does not accept kubeconfig 'k', user 'me', "
                    + "token of the kubeconfig; check that the token belongs to this cluster and has not expired"
            ]
        ),
    ])
    func `a refusal is explained at its location in the manifest`(
        code: Int,
        message: String,
        expected: [String]
    ) async throws {
        let said = try await lines(code, message).joined().split(separator: "\n").map {
            $0.replacing(/http:..127.0.0.1:\d+/, with: "SERVER")
        }
        #expect(said == expected.map { "m.yaml:\($0)" })
    }

    /// The object as a server answers that has taken it.
    private static let applied =
        #"{"apiVersion":"example.test/v1","kind":"Gadget","metadata":{"name":"d","namespace":"demo","uid":"1","#
        + #""managedFields":[{"manager":"nest-bootstrap","operation":"Apply","fieldsV1":{"f:spec":{}}}]}}"#

    @Test func `a conflict of a newer server names the manager, however it is written`() async throws {
        let body = #"""
            {"kind":"Status","reason":"Conflict","details":{"causes":[
            {"reason":"FieldManagerConflict","field":".spec.replicas","message":"conflict with \"kubectl-edit\" with subresource \"scale\" using example.test/v1 at 2024-05-01T10:00:00Z"}]}}
            """#
        let live = #"""
            {"apiVersion":"example.test/v1","kind":"Gadget","metadata":{"name":"d","namespace":"demo","managedFields":[{"manager":"kubectl-edit","time":"2024-05-01T10:00:00Z"},
            {"manager":"kubectl-edit","time":"2024-05-02T10:00:00Z"},{"manager":"x","time":"2025-01-01T00:00:00Z"}]},
            "spec":{"replicas":5}}
            """#
        let server = try server(.response(409, body: Array(body.utf8)), live: live)
        #expect(
            try await Session(server: server.url).apply(Self.manifest) == [
                "m.yaml:7:3: Gadget/demo/d: field 'spec.replicas' is owned by 'kubectl-edit', "
                    + #"which last wrote at 2024-05-02T10:00:00Z: 5 on the server, "3" here; "#
                    + "take it with 'apply: {conflicts: force}' in task 't', or remove it here"
            ]
        )
    }

    @Test func `warnings are reported with their object`() async throws {
        let headers = [#"Warning: 299 - "say \"please\"""#, #"Warning: 299 - "unavailable in v1.22+""#, "Warning: odd"]
        let server = try server(.response(201, headers: headers, body: Array(Self.applied.utf8)))
        #expect(
            try await Session(server: server.url).apply(Self.manifest) == [
                "warning Gadget/demo/d: say \"please\"", "warning Gadget/demo/d: unavailable in v1.22+",
                "warning Gadget/demo/d: odd", "created Gadget/demo/d",
            ]
        )
        let patch = try #require(server.requests.last { $0.method == "PATCH" })
        #expect(patch.target.contains("?fieldManager=nest-bootstrap&fieldValidation=Strict&timeout=30s"))
        #expect(patch.header("Content-Type") == "application/apply-patch+yaml")
    }

    @Test func `a write whose response was lost is reported as the change that it made`() async throws {
        let isDone = Flag()
        let list = Self.resources
        let server = try LoopbackServer { request in
            switch request.method {
            // The first write is carried out, but its reply is lost.
            case "PATCH" where !isDone.value.exchange(true, ordering: .relaxed): return .response(504)
            case "GET" where !request.target.contains("namespaces"): return .response(200, body: Array(list.utf8))
            case "GET" where !isDone.value.load(ordering: .relaxed):
                return .response(404, body: Array(#"{"details":{"name":"d"}}"#.utf8))
            default: return .response(200, body: Array(Self.applied.utf8))
            }
        }
        let lines = try await Session(server: server.url).apply(Self.manifest)
        #expect(lines == ["created Gadget/demo/d"])
    }

    @Test func `an overloaded server is asked again after the pause that it asks for`() async throws {
        let isRelieved = Flag()
        let list = Self.resources
        let server = try LoopbackServer { request in
            switch request.method {
            case "PATCH" where !isRelieved.value.exchange(true, ordering: .relaxed):
                return .response(429, headers: ["Retry-After: 1"], body: Array("Too many requests".utf8))
            case "PATCH": return .response(201, body: Array(Self.applied.utf8))
            case _ where request.target.contains("namespaces"):
                return .response(404, body: Array(#"{"details":{"name":"d"}}"#.utf8))
            default: return .response(200, body: Array(list.utf8))
            }
        }
        let (reports, reported) = AsyncStream<String>.makeStream()
        let start = ContinuousClock.now
        let lines = try await Session(server: server.url)
            .apply(Self.manifest, retryPolicy: Session.retryPolicy { reported.yield($0) })
        #expect(lines == ["created Gadget/demo/d"])
        #expect(ContinuousClock.now - start >= .seconds(1))
        let words = await reports.first { _ in true }
        #expect(
            words?.hasPrefix("Gadget/demo/d: the server answered 429: Too many requests (gives up at ") == true
        )
    }
}

/// Something that has happened or not, for a server's threads.
private final class Flag: Sendable {
    let value = Atomic(false)
}
