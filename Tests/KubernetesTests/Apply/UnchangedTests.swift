import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects that need no request but the one that reads them, and objects that only look like it.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct UnchangedTests {
    private func map(_ namespace: String, _ data: String) -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace)}, data: \(data)}"
    }

    @Test func `a line that is taken out of the manifest is given up, although no value changes`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        try await session.write(map(namespace, "{b: '2'}"), to: path, as: "other")
        _ = await session.apply(map(namespace, "{a: '1', b: '2'}"))
        let lines = await session.apply(map(namespace, "{a: '1'}"))
        #expect(lines == ["configured ConfigMap/\(namespace)/a"])
        let live = try #require(try await session.object(path))
        #expect(live["data"] == (try node("{a: '1', b: '2'}")))
        #expect(!ManagedMetadata.fields(in: live).contains { FieldSet($0).has(["f:data", "f:b"]) })
        #expect(await session.apply(map(namespace, "{a: '1'}")) == ["unchanged ConfigMap/\(namespace)/a"])
    }

    @Test func `false that another client has removed is applied again`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let metadata = "metadata: {name: a, namespace: \(namespace)}"
        let text = "{apiVersion: v1, kind: ServiceAccount, \(metadata), automountServiceAccountToken: false}"
        _ = await session.apply(text)
        #expect(await session.apply(text) == ["unchanged ServiceAccount/\(namespace)/a"])
        let path = "/api/v1/namespaces/\(namespace)/serviceaccounts/a"
        try await session.update("PATCH", "{automountServiceAccountToken: null}", at: path, as: "other")
        #expect(await session.apply(text).first?.hasPrefix("configured ") == true)
        #expect(try await session.object(path)?["automountServiceAccountToken"]?.boolean == false)
    }

    @Test func `a label of the manifest is the agent's, and so is what follows it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let text = { (labels: String) in
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace), labels: \(labels)}}"
        }
        _ = await session.apply(text("{app.kubernetes.io/managed-by: foo}"))
        #expect(await session.apply(text("{}")).first?.hasPrefix("configured ") == true)
        #expect(await session.apply(text("{}")) == ["unchanged ConfigMap/\(namespace)/a"])
        let live = try await session.object("/api/v1/namespaces/\(namespace)/configmaps/a")
        #expect(live?["metadata"]?["labels"]?[ManagedMetadata.managedByLabel]?.string == ManagedMetadata.manager)
    }

    @Test func `a key that somebody adds to a mapping that is owned as a whole is noticed`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(namespace)}, spec: {paused: true,
             selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
             spec: {nodeSelector: {c: d}, containers: [{name: c, image: x}]}}}}
            """
        _ = await session.apply(manifest)
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let change = "{spec: {template: {spec: {nodeSelector: {e: f}}}}}"
        try await session.update("PATCH", change, at: path, as: "other")
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].contains("nodeSelector' is owned by 'other'"), "\(lines)")
        #expect(await session.apply(manifest, forceConflicts: true).first?.hasPrefix("configured ") == true)
        let selector = try await session.object(path)?["spec"]?["template"]?["spec"]?["nodeSelector"]
        #expect(selector == (try node("{c: d}")))
    }

    @Test(arguments: [
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: NAMESPACE}, "
            + "subjects: [], roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}}",
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: NAMESPACE}, imagePullSecrets: []}",
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: NAMESPACE}, stringData: {a: '1'}}",
    ])
    func `values that the server leaves out move no version`(text: String) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = text.replacing("NAMESPACE", with: namespace)
        #expect(await session.apply(manifest).first?.hasPrefix("created ") == true)
        let identity = try #require(try manifests(manifest).first?.identity)
        let before = try await session.client.find(identity, until: .now + .seconds(600))
        #expect(await session.apply(manifest).first?.hasPrefix("unchanged ") == true)
        let after = try await session.client.find(identity, until: .now + .seconds(600))
        #expect(before?["metadata"]?["resourceVersion"] == after?["metadata"]?["resourceVersion"])
    }

    @Test func `many objects of a kind are read by one list, and what others did to them is found`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let objects = (0..<20).map { map(namespace, "{a: b}").replacing("name: a", with: "name: m-\($0)") }
        let text = objects.joined(separator: "\n---\n")
        func words() async -> [String: Int] {
            Dictionary(await session.apply(text).map { (String($0.prefix { $0 != " " }), 1) }, uniquingKeysWith: +)
        }
        #expect(await words() == ["created": 20])
        #expect(await words() == ["unchanged": 20])
        let collection = "/api/v1/namespaces/\(namespace)/configmaps"
        try await session.update("PATCH", "{metadata: {labels: null}}", at: "\(collection)/m-3", as: "other")
        _ = try await session.client.object("DELETE", "\(collection)/m-4", until: .now + .seconds(600))
        #expect(await words() == ["created": 1, "configured": 1, "unchanged": 18])
    }
}

/// The number of requests in flight.
@Suite(.timeLimit(.minutes(15)))
struct RequestSlotsTests {
    @Test func `prompt replies widen it to sixteen, and one that was cut off halves it`() async throws {
        let slots = RequestSlots()
        var width: Int { slots.state.withLock { $0.width } }
        for _ in 0..<40 {
            #expect(await slots.take())
            slots.giveBack(sentAt: .now, isOverload: false)
        }
        #expect(width == 16)
        for _ in 0..<9 { #expect(await slots.take()) }
        slots.giveBack(sentAt: .now, isOverload: true)
        #expect(width == 8)
        let ninth = Task { await slots.take() }
        #expect(try await becomes { slots.state.withLock { $0.waiting.count == 1 } })
        slots.giveBack(sentAt: .now - .seconds(5), isOverload: false)
        #expect(await ninth.value)
        #expect(width == 8)
    }
}
