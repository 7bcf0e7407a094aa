import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Fields that others may change, from the annotation `nest-bootstrap/ignore`.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct IgnoredFieldTests {
    private static func deployment(
        _ namespace: String,
        ignore: String? = "spec.replicas",
        _ spec: String,
        container: String = "image: x",
    ) -> String {
        let annotations = ignore.map { ", annotations: {nest-bootstrap/ignore: '\($0)'}" } ?? ""
        return """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(namespace)\(annotations)}, spec: {paused: true,
             \(spec), selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers:
             [{name: c, \(container)}]}}}}
            """
    }

    private static func map(_ namespace: String, ignore: String, _ data: String, kind: String = "ConfigMap") -> String {
        "{apiVersion: v1, kind: \(kind), metadata: {name: a, namespace: \(namespace), annotations: "
            + "{nest-bootstrap/ignore: '\(ignore)'}}, \(data)}"
    }

    private func value(_ path: String, in object: Node?) -> String? {
        object.flatMap { FieldPath(path).resolve(in: $0).node }.map { String(decoding: $0.json(), as: UTF8.self) }
    }

    /// Whether the agent owns a field.
    private func owns(_ keys: String..., in object: Node?) -> Bool {
        object.map { ManagedMetadata.fields(in: $0).contains { FieldSet($0).has(keys.map { "f:\($0)" }) } } ?? false
    }

    enum Change: CaseIterable { case applied, updated, scaled }

    @Test(arguments: Change.allCases)
    func `a field that another manager changes is not changed back, and the rest is applied`(
        change: Change
    ) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let first = Self.deployment(namespace, "replicas: 1, minReadySeconds: 1")
        #expect(await session.apply(first) == ["created Deployment/\(namespace)/a"])
        #expect(value("spec.replicas", in: try await session.object(path)) == "1")
        #expect(owns("spec", "replicas", in: try await session.object(path)))
        switch change {
        case .applied:
            let theirs =
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: \(namespace)}, spec: {replicas: 3}}"
            try await session.write(theirs, to: path, as: "other")
        case .updated: try await session.update("PATCH", "{spec: {replicas: 3}}", at: path, as: "other")
        case .scaled: try await session.update("PATCH", "{spec: {replicas: 3}}", at: "\(path)/scale", as: "other")
        }
        for (seconds, result) in [(1, "unchanged"), (2, "configured"), (2, "unchanged")] {
            let text = Self.deployment(namespace, "replicas: 1, minReadySeconds: \(seconds)")
            let planned = await session.apply(text, dryRunOverlay: DryRunOverlay())
            let lines = await session.apply(text)
            #expect(lines.count == 1 && lines[0].hasPrefix("\(result) "), "\(lines)")
            #expect(!"\(lines)\(planned)".contains("replicas"), "\(lines)\(planned)")
            let object = try await session.object(path)
            #expect(value("spec.replicas", in: object) == "3")
            #expect(value("spec.minReadySeconds", in: object) == "\(seconds)")
        }
        #expect(!owns("spec", "replicas", in: try await session.object(path)))
    }

    @Test func `another value in the manifest changes nothing, and the field stays the agent's`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        _ = await session.apply(Self.deployment(namespace, "replicas: 1"))
        #expect(
            await session.apply(Self.deployment(namespace, "replicas: 5"), forceConflicts: true).first
                == "unchanged Deployment/\(namespace)/a"
        )
        let object = try await session.object(path)
        #expect(value("spec.replicas", in: object) == "1" && owns("spec", "replicas", in: object))
        // Without the annotation the manifest counts again.
        _ = await session.apply(Self.deployment(namespace, ignore: nil, "replicas: 5"))
        #expect(value("spec.replicas", in: try await session.object(path)) == "5")
    }

    @Test(arguments: ["POST", "PATCH"])
    func `a field that both have set to one value is not lost`(method: String) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let theirs = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace)}, data: {a: '7'}}"
        if method == "POST" {
            try await session.update("POST", theirs, at: String(path.dropLast(2)), as: "other")
        } else {
            try await session.write(theirs, to: path, as: "other")
        }
        _ = await session.apply(theirs.replacing(", data: {", with: ", data: {b: '1', "))
        let object = try await session.object(path)
        #expect(owns("data", "a", in: object))
        for _ in 1...2 {
            _ = await session.apply(Self.map(namespace, ignore: "data.a", "data: {a: '1', b: '1'}"))
            #expect(value("data.a", in: try await session.object(path)) == #""7""#)
        }
        #expect(!owns("data", "a", in: try await session.object(path)))
        let last = await session.apply(Self.map(namespace, ignore: "data.a", "data: {a: '1', b: '1'}"))
        #expect(last == ["unchanged ConfigMap/\(namespace)/a"])
    }

    @Test func `a field of kubectl's is not lost when the object is taken over`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let manifest = Self.deployment(namespace, "replicas: 1")
        let created = try await TestCluster.shared.value.kubectl("apply", "-f", "-", input: "---\n\(manifest)\n")
        try #require(created.status == 0, "\(created.errors)")
        for _ in 1...2 {
            _ = await session.apply(Self.deployment(namespace, "replicas: 6"))
            let object = try await session.object(path)
            #expect(value("spec.replicas", in: object) == "1" && owns("spec", "replicas", in: object))
        }
        #expect(await session.apply(manifest) == ["unchanged Deployment/\(namespace)/a"])
    }

    /// The server has another item before that of the manifest.
    @Test func `an item of a list is found by its key`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let text = { (container: String) in
            let image = "spec.template.spec.containers[name=c].image"
            return Self.deployment(namespace, ignore: "\(image), spec.replicas", "replicas: 1", container: container)
        }
        _ = await session.apply(text("image: x, env: [{name: A, value: '1'}]"))
        let list = "/spec/template/spec/containers"
        let patch =
            "[{op: add, path: \(list)/0, value: {name: first, image: z}}, {op: replace, path: \(list)/1/image, value: w}]"
        try await session.update("PATCH", patch, at: path, as: "other", contentType: "application/json-patch+json")
        #expect(value("spec.template.spec.containers[0].name", in: try await session.object(path)) == #""first""#)
        for (value, result) in [("1", "unchanged"), ("2", "configured"), ("2", "unchanged")] {
            let lines = await session.apply(text("image: x, env: [{name: A, value: '\(value)'}]"))
            #expect(lines.count == 1 && lines[0].hasPrefix("\(result) "), "\(lines)")
            let object = try await session.object(path)
            let item = "spec.template.spec.containers[name=\"c\"]"
            #expect(self.value("\(item).image", in: object) == #""w""#)
            #expect(self.value("\(item).env[0].value", in: object) == "\"\(value)\"")
        }
    }

    @Test func `an item that the server does not have is created with the value of the manifest`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let ignore = "spec.template.spec.containers[name=d].image"
        _ = await session.apply(Self.deployment(namespace, ignore: nil, "replicas: 1"))
        let text = Self.deployment(namespace, ignore: ignore, "replicas: 1", container: "image: x}, {name: d, image: w")
        _ = await session.apply(text)
        #expect(value("spec.template.spec.containers[name=\"d\"].image", in: try await session.object(path)) == #""w""#)
        #expect(await session.apply(text) == ["unchanged Deployment/\(namespace)/a"])
    }

    @Test func `a part of a list that is owned as a whole keeps its value`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let ignore = "spec.template.spec.containers[name=c].args[1]"
        let text = { (args: String) in
            Self.deployment(namespace, ignore: ignore, "replicas: 0", container: "image: x, args: \(args)")
        }
        _ = await session.apply(text("[a, b, c]"))
        _ = await session.apply(text("[z, y, c]"))
        let args = "spec.template.spec.containers[name=\"c\"].args"
        #expect(value(args, in: try await session.object(path)) == #"["z","b","c"]"#)
        #expect(await session.apply(text("[z, x, c]")) == ["unchanged Deployment/\(namespace)/a"])
    }

    @Test func `a whole mapping is left to others, but what the agent owns in it is not lost`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        _ = await session.apply(Self.map(namespace, ignore: "data", "data: {a: '1', b.c: '1'}"))
        try await session.update("PATCH", "{data: {a: '2', d: '2'}}", at: path, as: "other")
        for text in ["data: {a: '1', b.c: '1'}", "data: {a: '3', e: '3'}"] {
            let lines = await session.apply(Self.map(namespace, ignore: "data", text))
            #expect(lines == ["unchanged ConfigMap/\(namespace)/a"])
            #expect(try await session.object(path)?["data"] == (try node("{a: '2', b.c: '1', d: '2'}")))
        }
    }

    @Test func `a key of a Secret is left to others`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/secrets/a"
        let text = { (value: String) in
            Self.map(namespace, ignore: "stringData.a", "stringData: {a: '\(value)', b: '\(value)'}", kind: "Secret")
        }
        _ = await session.apply(text("1"))
        try await session.update("PATCH", "{data: {a: OTk=}}", at: path, as: "other")
        #expect(await session.apply(text("1")) == ["unchanged Secret/\(namespace)/a"])
        #expect(await session.apply(text("2")).first?.hasPrefix("configured Secret/\(namespace)/a\n") == true)
        let object = try await session.object(path)
        #expect(value("data.a", in: object) == #""OTk=""# && value("data.b", in: object) == #""Mg==""#)
    }

    @Test(arguments: [
        ("spec.replicsa", "names field 'spec.replicsa', which the manifest does not have"),
        ("spec.template.spec.containers[name=d].image", "which the manifest does not have"),
        ("spec.template.spec.containers[0].image", "names item '[0]' by its index, which others may change"),
        ("spec..replicas", "names field 'spec..replicas', which"), ("", "names ''"),
        ("metadata.name", "names 'metadata.name', which the agent needs; name a field below it"),
    ])
    func `a wrong path is refused at its place`(ignore: String, words: String) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let text = Self.deployment(namespace, ignore: ignore, "replicas: 1")
        let place =
            "m.yaml:1:\(11 + "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: , annotations: ".count + namespace.count + 14):"
        let lines = await session.apply(text)
        #expect(lines.count == 1 && lines[0].hasPrefix(place), "\(lines)")
        #expect(lines[0].contains("annotation 'nest-bootstrap/ignore' ") && lines[0].contains(words), "\(lines)")
        #expect(findings(in: text).problems.contains { $0.hasPrefix(place) && $0.contains(words) })
        #expect(try await session.object("/apis/apps/v1/namespaces/\(namespace)/deployments/a") == nil)
    }
}
