import Base
import TestSupport
import Testing
@testable import Kubernetes

/// How the wait for a definition goes with the replies that a watch may get.
@Suite(.timeLimit(.minutes(1)))
struct CRDReadinessTests {
    private static let objects = ["created CustomResourceDefinition/widgets.a.test", "created Widget/default/w"]

    @Test func `a definition is watched from the state in which it was written`() async throws {
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            if request.method == "PATCH" {
                return FakeAPIServer.json(201, FakeAPIServer.definition(established: false, version: 5))
            }
            guard request.target.contains("watch=1") else { return nil }
            let isFirst = request.target.contains("resourceVersion=5&")
            let object = FakeAPIServer.definition(established: !isFirst, version: isFirst ? 6 : 7)
            return FakeAPIServer.stream(#"{"type":"MODIFIED","object":\#(object)}"#)
        }
        #expect(await (try fake.session()).apply(FakeAPIServer.widget) == Self.objects)
        let watches = fake.requests("GET \(FakeAPIServer.definitions)?watch=1")
        let query = "timeoutSeconds=1&fieldSelector=metadata.name%3Dwidgets.a.test"
        #expect(
            watches == [5, 6].map { "GET \(FakeAPIServer.definitions)?watch=1&resourceVersion=\($0)&\(query)" }
        )
        // Only before it was written.
        #expect(fake.requests("GET \(FakeAPIServer.definitions)/widgets.a.test").count == 1)
    }

    private static let error = #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#
    private static let replies: [LoopbackServer.Reply] = [
        .response(403), .response(410), .response(200), .close, FakeAPIServer.stream(error),
        FakeAPIServer.stream("no JSON"),
    ]

    @Test(arguments: replies)
    func `a definition that cannot be watched is polled`(reply: LoopbackServer.Reply) async throws {
        let polls = Counter()
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            if request.target.contains("watch=1") { return reply }
            guard request.method == "PATCH" else {
                let count = polls.next()
                // It does not exist before it is written.
                guard count > 1 else { return nil }
                let object = FakeAPIServer.definition(established: count > 4, version: 5 + count)
                return FakeAPIServer.json(200, object)
            }
            return FakeAPIServer.json(201, FakeAPIServer.definition(established: false, version: 5))
        }
        #expect(await (try fake.session()).apply(FakeAPIServer.widget) == Self.objects)
        #expect(polls.value == 5)
    }

    @Test func `a definition that is established already is not asked for again`() async throws {
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            return FakeAPIServer.json(200, FakeAPIServer.definition(established: true, version: 5))
        }
        let lines = await (try fake.session()).apply(FakeAPIServer.widget)
        #expect(lines == ["unchanged CustomResourceDefinition/widgets.a.test", "created Widget/default/w"])
        #expect(fake.requests("GET \(FakeAPIServer.definitions)").count == 1)
    }
}
