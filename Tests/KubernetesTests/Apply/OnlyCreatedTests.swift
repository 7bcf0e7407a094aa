import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects with annotation `nest-bootstrap/apply: if-absent`.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct OnlyCreatedTests {
    private static let setting = "nest-bootstrap/apply: if-absent"

    private func map(_ namespace: String, annotations: String = setting, data: String = "1") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace), annotations: {\(annotations)}}, "
            + "data: {a: '\(data)'}}"
    }

    private static let left = "\n  left to others (its manifest has the annotation '\(setting)')"

    @Test(arguments: [false, true])
    func `an object is created, and then not changed`(isDryRun: Bool) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let name = "ConfigMap/\(namespace)/a"
        #expect(await session.apply(map(namespace)) == ["created \(name)"])
        let created = try #require(try await session.object(path))
        #expect(created["metadata"]?["annotations"]?["nest-bootstrap/task"]?.string == "t")
        #expect(created["metadata"]?["labels"]?["app.kubernetes.io/managed-by"]?.string == "nest-bootstrap")
        try await session.update("PATCH", "{data: {a: '2', b: '3'}}", at: path, as: "other")
        let version = try await session.resourceVersion(path)
        for data in ["1", "4"] {
            let lines = await session.apply(
                map(namespace, data: data),
                forceConflicts: true,
                dryRunOverlay: isDryRun ? DryRunOverlay() : nil
            )
            #expect(lines == ["unchanged \(name)\(Self.left)"])
        }
        #expect(try await session.resourceVersion(path) == version)
    }

    @Test func `an existing object of another manager is not changed`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        try await session.write(map(namespace, annotations: "", data: "theirs"), to: path, as: "other")
        let version = try await session.resourceVersion(path)
        #expect(await session.apply(map(namespace)) == ["unchanged ConfigMap/\(namespace)/a\(Self.left)"])
        #expect(try await session.resourceVersion(path) == version)
    }

    @Test func `the annotation counts on the object until it is removed there`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let name = "ConfigMap/\(namespace)/a"
        _ = await session.apply(map(namespace))
        let other = map(namespace, annotations: "", data: "2")
        let note =
            "left to others (it has the annotation '\(Self.setting)', which its manifest does not have); to apply the "
            + "manifest again: 'kubectl annotate configmap a -n \(namespace) nest-bootstrap/apply-'"
        #expect(await session.apply(other) == ["unchanged \(name)\n  \(note)"])
        let cluster = try await TestCluster.shared.value
        let command = try #require(note.split(separator: "'").last).split(separator: " ").dropFirst().map(String.init)
        #expect(try await cluster.kubectl(command).status == 0)
        #expect(await session.apply(other).first?.hasPrefix("configured \(name)\n") == true)
        let object = try await session.object(path)
        #expect(object?["data"] == .mapping(["a": .string("2")]))
        #expect(await session.apply(other) == ["unchanged \(name)"])
    }

    @Test func `an object that is only created is checked for unknown fields`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = map(namespace).replacing(", data:", with: ", daat:")
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].contains("field 'daat'"), "\(lines)")
        #expect(try await session.object("/api/v1/namespaces/\(namespace)/configmaps/a") == nil)
    }

    @Test(arguments: [
        (
            "nest-bootstrap/aply: if-absent",
            "'nest-bootstrap/aply' does not exist; did you mean 'nest-bootstrap/apply'?"
        ),
        (
            "nest-bootstrap/apply: always",
            "'nest-bootstrap/apply' has no other value than 'if-absent'; write 'if-absent'"
        ),
        ("nest-bootstrap/prune: false", "'nest-bootstrap/prune' has no other value than \"false\"; write \"false\""),
        ("nest-bootstrap/replace: on_immutable", "'nest-bootstrap/replace' has no other value than 'on-immutable'"),
    ])
    func `a wrong annotation is refused, and nothing is written`(annotation: String, words: String) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = map(namespace, annotations: annotation)
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].hasPrefix("m.yaml:1:"), "\(lines)")
        #expect(lines[0].contains("ConfigMap/\(namespace)/a: annotation \(words)"), "\(lines)")
        #expect(try await session.object("/api/v1/namespaces/\(namespace)/configmaps/a") == nil)
        let found = findings(in: manifest).problems
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }
}
