import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects of `kubectl apply` and `kubectl create`.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct TakeoverTests {
    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    private func configMap(_ namespace: String, _ data: String, _ annotations: String = "{}") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace), annotations: \(annotations)}, "
            + "data: \(data)}"
    }

    private func annotation(_ namespace: String, _ data: String) throws -> String {
        let applied = String(decoding: try node(configMap(namespace, data)).json(), as: UTF8.self)
        return String(decoding: Node.mapping([Self.lastApplied: .string(applied)]).json(), as: UTF8.self)
    }

    private func managers(of object: Node?) -> [String] {
        (object?["metadata"]?["managedFields"]?.sequence ?? []).compactMap { $0["manager"]?.string }.sorted()
    }

    @Test func `fields that kubectl has written in two versions of an API go`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = { (version: String) in
            "/apis/autoscaling/\(version)/namespaces/\(namespace)/horizontalpodautoscalers"
        }
        let scaler = { (version: String) in
            "{apiVersion: autoscaling/\(version), kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: \(namespace)}, "
                + "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}}"
        }
        let manager = "kubectl-client-side-apply"
        try await session.update("POST", scaler("v1"), at: path("v1"), as: manager)
        let change = "{metadata: {labels: {old: x}}, spec: {behavior: {scaleDown: {stabilizationWindowSeconds: 5}}}}"
        try await session.update("PATCH", change, at: "\(path("v2"))/a", as: manager)
        #expect(await session.apply(scaler("v2")).first?.hasPrefix("configured ") == true)
        let live = try await session.object("\(path("v2"))/a")
        #expect(live?["metadata"]?["labels"]?["old"] == nil && live?["spec"]?["behavior"] == nil)
        #expect(managers(of: live) == ["nest-bootstrap"])
    }

    @Test func `a dry run leaves an ignored field that kubectl has changed, as the run does`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        try await session.update("POST", configMap(namespace, "{a: '5'}"), at: path, as: "kubectl-client-side-apply")
        let manifest = configMap(namespace, "{a: '1'}", "{nest-bootstrap/ignore: data.a}")
        let planned = await session.apply(manifest, dryRunOverlay: DryRunOverlay())
        #expect(planned.count == 1 && !planned[0].contains("\n  data"), "\(planned)")
        _ = await session.apply(manifest)
        #expect(try await session.object("\(path)/a")?["data"]?["a"]?.string == "5")
    }

    @Test(arguments: [
        ("kubectl-client-side-apply", true), ("kubectl-create", false), ("own-name", true),
    ])
    func `fields that the manifest no longer has go, and nothing else`(manager: String, isAnnotated: Bool) async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        let data = "{kept: '1', gone: '2'}"
        let annotations = isAnnotated ? try annotation(namespace, data) : "{mine: x}"
        try await session.update("POST", configMap(namespace, data, annotations), at: path, as: manager)
        try await session.update("PATCH", "{data: {theirs: '3'}}", at: "\(path)/a", as: "controller")
        let manifest = configMap(namespace, "{kept: '1', new: '4'}")
        let version = try await session.resourceVersion("\(path)/a")
        let planned = await session.apply(manifest, dryRunOverlay: DryRunOverlay()).first ?? ""
        #expect(planned.contains("\n  data.gone: \"2\" -> (none)"), "\(planned)")
        #expect(!planned.contains("data.theirs") && !planned.contains("data.kept"), "\(planned)")
        #expect(planned.contains(Self.lastApplied) == isAnnotated)
        #expect(try await session.resourceVersion("\(path)/a") == version)
        let lines = await session.apply(manifest)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("configured ConfigMap/\(namespace)/a\n") == true, "\(lines)")
        #expect(lines.first?.contains("\n  data.gone") == true, "\(lines)")
        let live = try await session.object("\(path)/a")
        #expect(live?["data"] == (try node("{kept: '1', new: '4', theirs: '3'}")))
        #expect(live?["metadata"]?["annotations"]?.mapping?.entries.count == 2)
        #expect(managers(of: live) == ["controller", "nest-bootstrap"])
        #expect(await session.apply(manifest) == ["unchanged ConfigMap/\(namespace)/a"])
        #expect(try await session.resourceVersion("\(path)/a") == live?["metadata"]?["resourceVersion"]?.string)
    }

    @Test func `a value that kubectl apply wrote is changed, unless it was changed since`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        let data = "{kept: '1', gone: '2', edited: '3'}"
        let manager = "kubectl-client-side-apply"
        let first = configMap(namespace, data, try annotation(namespace, data))
        try await session.update("POST", first, at: path, as: manager)
        try await session.update("PATCH", "{data: {edited: '4'}}", at: "\(path)/a", as: "kubectl-edit")
        let lines = await session.apply(configMap(namespace, "{kept: '9', edited: '5'}"))
        #expect(lines.count == 1)
        #expect(lines.first?.contains("field 'data.edited' is owned by 'kubectl-edit', ") == true, "\(lines)")
        #expect(lines.first?.contains("kept") == false)
        #expect(try await session.object("\(path)/a")?["data"] == (try node("{kept: '1', gone: '2', edited: '4'}")))
        let manifest = configMap(namespace, "{kept: '9'}")
        let changed = await session.apply(manifest)
        #expect(changed.first?.hasPrefix("configured ConfigMap/\(namespace)/a\n") == true, "\(changed)")
        let live = try await session.object("\(path)/a")
        #expect(live?["data"] == (try node("{kept: '9', edited: '4'}")))
        #expect(managers(of: live) == ["kubectl-edit", "nest-bootstrap"])
        #expect(await session.apply(manifest) == ["unchanged ConfigMap/\(namespace)/a"])
    }

    @Test func `a value that kubectl apply wrote is changed, also if the server stores it in another form`()
        async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/networking.k8s.io/v1/namespaces/\(namespace)/networkpolicies"
        // The server adds a default within a value that is owned as a whole.
        func text(_ port: Int, _ annotations: String = "{}") -> String {
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: \(namespace), "
                + "annotations: \(annotations)}, "
                + "spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: \(port)}]}]}}"
        }
        let applied = String(decoding: try node(text(80)).json(), as: UTF8.self)
        let annotation = String(decoding: Node.mapping([Self.lastApplied: .string(applied)]).json(), as: UTF8.self)
        try await session.update("POST", text(80, annotation), at: path, as: "kubectl-client-side-apply")
        let lines = await session.apply(text(81))
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        let ingress = try await session.object("\(path)/a")?["spec"]?["ingress"]?[0]
        #expect(ingress?["ports"]?[0]?["port"]?.integer == 81)
        let again = await session.apply(text(81))
        #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
    }

    @Test func `a key that is taken out of stringData goes, and its value is shared with other managers`() async throws
    {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/secrets/a"
        func secret(_ data: String) -> String {
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: \(namespace)}, stringData: \(data)}"
        }
        #expect(await session.apply(secret("{a: A, b: B}")) == ["created Secret/\(namespace)/a"])
        #expect(await session.apply(secret("{a: A, b: B}")) == ["unchanged Secret/\(namespace)/a"])
        let planned = await session.apply(secret("{a: A}"), dryRunOverlay: DryRunOverlay())
        #expect(planned == ["configured Secret/\(namespace)/a\n  data.b: *** -> (none)"])
        #expect(await session.apply(secret("{a: A}")) == ["configured Secret/\(namespace)/a\n  data.b"])
        #expect(try await session.object(path)?["data"] == (try node("{a: QQ==}")))
    }

    @Test func `a value that the server writes in another form survives`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(namespace)}, spec: {paused: true,
             selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [
             {name: c, image: x, env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}]}}}}
            """
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments"
        try await session.update("POST", manifest, at: path, as: "kubectl-create")
        let before = try await session.object("\(path)/a")
        let planned = await session.apply(manifest, dryRunOverlay: DryRunOverlay()).first ?? ""
        #expect(!planned.contains("spec"), "\(planned)")
        let lines = await session.apply(manifest)
        #expect(lines.first?.hasPrefix("configured Deployment/\(namespace)/a") == true, "\(lines)")
        #expect(lines.first?.contains("spec") == false)
        let after = try await session.object("\(path)/a")
        #expect(after?["spec"] == before?["spec"])
        #expect(!managers(of: after).contains("kubectl-create"))
        #expect(await session.apply(manifest) == ["unchanged Deployment/\(namespace)/a"])
    }
}
