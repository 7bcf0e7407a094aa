import Base
@testable import Kubernetes
import TestSupport
import Testing

/// The wait for a definition to be served.
@Suite(.timeLimit(.minutes(15)))
struct DefinitionTests {
    private static let resources = FakeAPIServer.resourceList(
        "a.test/v1",
        #"{"name":"widgets","kind":"Widget","namespaced":true}"#
    )

    @Test func `a definition is served when discovery lists it`() async throws {
        let requests = Counter()
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix("/apis/a.test/v1?") else { return nil }
            return switch requests.next() {
            case 1: FakeAPIServer.json(404, "{}")
            case 2: FakeAPIServer.json(200, FakeAPIServer.resourceList("a.test/v1", ""))
            case 3: FakeAPIServer.json(503, "{}")
            default: FakeAPIServer.json(200, Self.resources)
            }
        }
        let lines = await (try fake.session()).apply(FakeAPIServer.widget)
        #expect(lines == ["created CustomResourceDefinition/widgets.a.test", "created Widget/default/w"])
        #expect(requests.value == 4)
    }

    @Test func `another definition with the same kind is not this one`() async throws {
        let conflict =
            #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","#
            + #""metadata":{"name":"widgets.a.test","uid":"1"},"status":{"conditions":[{"type":"NamesAccepted","#
            + #""status":"False","reason":"KindConflict","message":"\"Widget\" is already in use"}]}}"#
        let isWritten = Locked(false)
        let fake = try FakeAPIServer { request in
            if request.target.hasPrefix("/apis/a.test/v1?") {
                let gadgets = #"{"name":"gadgets","kind":"Widget","namespaced":true}"#
                return FakeAPIServer.json(200, FakeAPIServer.resourceList("a.test/v1", gadgets))
            }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            if request.method == "PATCH" { isWritten.withLock { $0 = true } }
            return request.method == "GET" && isWritten.withLock { $0 } ? FakeAPIServer.json(200, conflict) : nil
        }
        let lines = await (try fake.session()).apply(FakeAPIServer.widget)
        #expect(lines.first?.contains("is already in use") == true, "\(lines)")
        #expect(lines.last?.contains("Widget/w: not tried: ") == true, "\(lines)")
    }
}
