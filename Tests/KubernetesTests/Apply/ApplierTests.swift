import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Applying to a real API server.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct ApplierTests {
    private func configMap(_ name: String, _ namespace: String, _ data: String = "{a: '1'}") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)}, data: \(data)}"
    }

    /// A definition with a field that old servers drop and a status as controller-gen writes it, and one of its objects.
    private func widgets(_ namespace: String) -> String {
        """
        {apiVersion: \(namespace).test/v1, kind: Widget, metadata: {name: w, namespace: \(namespace)}, spec: {size: 1}}
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.\(namespace).test}
        spec:
          group: \(namespace).test
          scope: Namespaced
          preserveUnknownFields: false
          names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec: {type: object, properties: {size: {type: integer, minimum: 1}}}
        status: {acceptedNames: {kind: "", plural: ""}, conditions: [], storedVersions: []}
        """
    }

    @Test func `an object is created, then left alone, then configured`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let name = "ConfigMap/\(namespace)/a"
        let first = await session.apply(configMap("a", namespace))
        #expect(first == ["created \(name)"])
        let version = try await session.resourceVersion(path)
        let second = await session.apply(configMap("a", namespace))
        #expect(second == ["unchanged \(name)"])
        #expect(try await session.resourceVersion(path) == version)
        let third = await session.apply(configMap("a", namespace, "{b: '2'}"))
        #expect(third == ["configured \(name)\n  data.b\n  data.a"])
        let many = await session.apply(configMap("a", namespace, "{b: '2', c: x, d: x, e: x, f: x, g: x, h: x}"))
        #expect(many.first?.hasSuffix("\n  data.g\n  and 1 more") == true, "\(many)")
        _ = await session.apply(configMap("a", namespace, "{b: '2'}"))
        let live = try await session.object(path)
        #expect(live?["data"] == (try node("{b: '2'}")))
        #expect(live?["metadata"]?["labels"] == (try node("{app.kubernetes.io/managed-by: nest-bootstrap}")))
        #expect(live?["metadata"]?["annotations"]?["nest-bootstrap/task"]?.string == "t")
        #expect(live?["metadata"]?["managedFields"]?[0]?["manager"]?.string == "nest-bootstrap")
    }

    @Test func `a definition and its object come in one set`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let objects = ["CustomResourceDefinition/widgets.\(namespace).test", "Widget/\(namespace)/w"]
        #expect(await session.apply(widgets(namespace)) == objects.map { "created \($0)" })
        #expect(await session.apply(widgets(namespace)) == objects.map { "unchanged \($0)" })
    }

    @Test func `an exported manifest is applied, on its cluster and on another`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: \(namespace), generation: 3, uid: gone,
             resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z", managedFields: [{manager: a}]}}
            """
        #expect(await session.apply(manifest) == ["created ConfigMap/\(namespace)/m"])
        #expect(await session.apply(manifest) == ["unchanged ConfigMap/\(namespace)/m"])
    }

    @Test func `an object that fails stops only those that need it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let text =
            widgets(namespace).replacing("integer", with: "integr") + "\n---\n" + configMap("a", namespace)
            + "\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)-, labels: {a: b}}}"
            + "\n---\n" + configMap("b", "\(namespace)-")
        let lines = await session.apply(text)
        #expect(lines.count == 5)
        #expect(lines.contains("created ConfigMap/\(namespace)/a"))
        for start in ["1:1: Widget/\(namespace)/w", "26:1: ConfigMap/\(namespace)-/b"] {
            #expect(lines.contains { $0.hasPrefix("m.yaml:\(start): not tried: ") }, "\(lines)")
        }
        #expect(lines.contains { $0.hasPrefix("m.yaml:19:52: CustomResourceDefinition/widgets.") }, "\(lines)")
    }

    @Test func `a dry run reports objects of planned definitions and namespaces, and writes nothing`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let other = "\(namespace)-other"
        let text =
            widgets(namespace) + "\n---\n" + configMap("a", other)
            + "\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: \(other)}}"
        #expect(
            await session.apply(text, dryRunOverlay: DryRunOverlay()).sorted() == [
                "created ConfigMap/\(other)/a", "created CustomResourceDefinition/widgets.\(namespace).test",
                "created Namespace/\(other)", "created Widget/\(namespace)/w",
            ]
        )
        #expect(try await session.object("/api/v1/namespaces/\(other)") == nil)
    }

    @Test func `a dry run does not hold an object to the definition that would change before it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply(widgets(namespace))
        let text = widgets(namespace).replacing("properties: {size:", with: "properties: {color: {type: string}, size:")
            .replacing("spec: {size: 1}", with: "spec: {size: 1, color: red}")
        for overlay in [DryRunOverlay(), nil] {
            let lines = await session.apply(text, dryRunOverlay: overlay)
            #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("configured ") }, "\(lines)")
        }
    }

    @Test func `a dry run reports the fields that would change`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply(configMap("a", namespace))
        let secret =
            "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: \(namespace)}, stringData: {a: one}}"
        _ = await session.apply(secret)
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let version = try await session.resourceVersion(path)
        #expect(
            await session.apply(configMap("a", namespace, "{a: '2', b: '3'}"), dryRunOverlay: DryRunOverlay()) == [
                "configured ConfigMap/\(namespace)/a\n  data.a: \"1\" -> \"2\"\n  data.b: (none) -> \"3\""
            ]
        )
        #expect(
            await session.apply(secret.replacing("one", with: "two"), dryRunOverlay: DryRunOverlay()) == [
                "configured Secret/\(namespace)/s\n  data.a: *** -> ***"
            ]
        )
        #expect(
            await session.apply(configMap("a", namespace), dryRunOverlay: DryRunOverlay()) == [
                "unchanged ConfigMap/\(namespace)/a"
            ]
        )
        #expect(try await session.resourceVersion(path) == version)
    }

    @Test func `a cluster-wide object has no namespace, even if its manifest names one`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let role = "kind: ClusterRole, metadata: {name: \(namespace), namespace: nosuch}, rules: []"
        #expect(
            await session.apply("{apiVersion: rbac.authorization.k8s.io/v1, \(role)}") == [
                "created ClusterRole/\(namespace)"
            ]
        )
    }

    @Test func `a namespace that is created within the grace period is waited for`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let other = "\(namespace)-late"
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy(gracePeriod: .seconds(600)) { waited.yield($0) }
        async let lines = session.apply(configMap("a", other), retryPolicy: retryPolicy)
        let words = await waits.first { _ in true } ?? ""
        #expect(
            words.hasPrefix(
                "ConfigMap/\(other)/a: the server answered 404: namespaces \"\(other)\" not found (gives up at "
            )
        )
        _ = await session.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(other)}}")
        #expect(await lines == ["created ConfigMap/\(other)/a"])
    }
}
