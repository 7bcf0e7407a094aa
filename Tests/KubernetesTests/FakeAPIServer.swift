import Base
@testable import Kubernetes
import TestSupport

/// A server on loopback that answers as an API server would, for replies that a real one does not give on demand.
struct FakeAPIServer {
    let server: LoopbackServer

    /// Starts a server; `answer` gets the method and the target, and returns `nil` for the usual reply.
    init(_ answer: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply?) throws {
        server = try LoopbackServer { request in answer(request) ?? Self.usualReply(to: request) }
    }

    /// The requests whose method and target begin with a text.
    func requests(_ start: String) -> [String] {
        server.requests.map { "\($0.method) \($0.target)" }.filter { $0.hasPrefix(start) }
    }

    func session() throws -> Session {
        try Session(server: server.url)
    }

    static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    /// Discovery, a server that is ready, and no objects.
    private static func usualReply(to request: LoopbackServer.Request) -> LoopbackServer.Reply {
        switch request.target.prefix(while: { $0 != "?" }) {
        case "/readyz": return json(200, "ok")
        case "/api/v1/namespaces/kube-system":
            return json(200, #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system","uid":"1"}}"#)
        case "/api/v1":
            return resources("v1", ["namespaces": "Namespace", "configmaps": "ConfigMap"], clusterWide: ["namespaces"])
        case "/apis/apps/v1": return resources("apps/v1", ["deployments": "Deployment"])
        case "/apis/admissionregistration.k8s.io/v1":
            let plural = "validatingwebhookconfigurations"
            let kinds = [plural: "ValidatingWebhookConfiguration"]
            return resources("admissionregistration.k8s.io/v1", kinds, clusterWide: [plural])
        case "/apis/a.test/v1": return resources("a.test/v1", ["widgets": "Widget"])
        case "/apis/apiextensions.k8s.io/v1":
            let plural = "customresourcedefinitions"
            return resources("apiextensions.k8s.io/v1", [plural: "CustomResourceDefinition"], clusterWide: [plural])
        default: break
        }
        if request.method == "PATCH" { return .response(201, body: stored(request.body)) }
        return json(404, #"{"reason":"NotFound","message":"not found","details":{"name":"x"}}"#)
    }

    /// An object as a server returns it that has stored it.
    static func stored(_ object: [UInt8]) -> [UInt8] {
        Array(
            String(decoding: object, as: UTF8.self).replacing(
                #""metadata":{"#,
                with: #""metadata":{"uid":"1","#,
                maxReplacements: 1
            ).utf8
        )
    }

    private static func resources(
        _ groupVersion: String,
        _ kinds: [String: String],
        clusterWide: Set<String> = [],
    ) -> LoopbackServer.Reply {
        let list = kinds.map { #"{"name":"\#($0)","kind":"\#($1)","namespaced":\#(!clusterWide.contains($0))}"# }
        return json(200, resourceList(groupVersion, list.joined(separator: ",")))
    }

    /// The discovery document of a group and version.
    static func resourceList(_ groupVersion: String, _ resources: String) -> String {
        #"{"kind":"APIResourceList","groupVersion":"\#(groupVersion)","resources":[\#(resources)]}"#
    }

    static func json(_ status: Int, _ text: String) -> LoopbackServer.Reply {
        .response(status, body: Array(text.utf8))
    }

    /// A definition and one of its objects.
    static let widget = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.a.test}
        spec:
          group: a.test
          names: {kind: Widget, plural: widgets}
          versions: [{name: v1, served: true}]
        ---
        {apiVersion: a.test/v1, kind: Widget, metadata: {name: w}}
        """
}
