import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects with annotation `nest-bootstrap/replace: on-immutable`.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct ReplacementTests {
    /// A change that no server makes.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The path of the object without its namespace.
        var resource: String
        var manifest: String
        var change: (old: String, new: String)
        /// The field with its new value.
        var expected: (path: String, value: String)
    }

    static let metadata =
        "metadata: {name: a, namespace: NAMESPACE, annotations: {nest-bootstrap/replace: on-immutable}}"
    private static let pod =
        "{metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}"

    static let cases = [
        Case(
            testDescription: "the template of a Job",
            resource: "apis/batch/v1 jobs",
            manifest: "{apiVersion: batch/v1, kind: Job, \(metadata), spec: {template: \(pod)}}",
            change: ("image: x", "image: 'y'"),
            expected: ("spec.template.spec.containers[0].image", #""y""#)
        ),
        Case(
            testDescription: "the selector of a Deployment",
            resource: "apis/apps/v1 deployments",
            manifest: """
                {apiVersion: apps/v1, kind: Deployment, \(metadata), spec: {replicas: 1, selector: {matchLabels: {a: b}},
                 template: \(pod.replacing("restartPolicy: Never, ", with: ""))}}
                """,
            change: ("{a: b}", "{a: c}"),
            expected: ("spec.selector.matchLabels.a", #""c""#)
        ),
        Case(
            testDescription: "the address of a Service",
            resource: "api/v1 services",
            manifest: """
                {apiVersion: v1, kind: Service, \(metadata), spec: {type: NodePort, clusterIP: 10.96.99.10,
                 ports: [{port: 80, protocol: TCP, nodePort: 31987}]}}
                """,
            change: ("99.10", "99.11"),
            expected: ("spec.clusterIP", #""10.96.99.11""#)
        ),
        Case(
            testDescription: "an immutable ConfigMap",
            resource: "api/v1 configmaps",
            manifest: "{apiVersion: v1, kind: ConfigMap, \(metadata), immutable: true, data: {a: '1'}}",
            change: ("a: '1'", "a: '2'"),
            expected: ("data.a", #""2""#)
        ),
    ]

    private func path(_ resource: String, _ namespace: String) -> String {
        let parts = resource.split(separator: " ")
        return "/\(parts[0])/namespaces/\(namespace)/\(parts[1])/a"
    }

    private func uid(_ path: String, on session: Session) async throws -> String? {
        try await session.object(path)?["metadata"]?["uid"]?.string
    }

    @Test(arguments: cases)
    func `an object with a field that cannot be changed is deleted and created again`(test: Case) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = path(test.resource, namespace)
        let first = test.manifest.replacing("NAMESPACE", with: namespace)
        let second = first.replacing(test.change.old, with: test.change.new)
        _ = await session.apply(first)
        let old = try #require(try await uid(path, on: session))

        let planned = await session.apply(second, dryRunOverlay: DryRunOverlay())
        #expect(planned.count == 1 && planned[0].hasPrefix("replaced "), "\(planned)")
        #expect(planned[0].contains("\n  deleted and created again, because field '"), "\(planned)")
        #expect(try await uid(path, on: session) == old)

        let lines = await session.apply(second)
        #expect(lines.count == 1 && lines[0].hasPrefix("replaced "), "\(lines)")
        #expect(lines[0].contains("\n  deleted and created again, because field '"), "\(lines)")
        let object = try #require(try await session.object(path))
        #expect(object["metadata"]?["uid"]?.string != old)
        let value = FieldPath(test.expected.path).resolve(in: object).node.map {
            String(decoding: $0.json(), as: UTF8.self)
        }
        #expect(value == test.expected.value)
        let again = await session.apply(second)
        #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
    }

    @Test func `without the annotation the refusal names it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let first = Self.map.replacing("NAMESPACE", with: namespace)
            .replacing(", annotations: {nest-bootstrap/replace: on-immutable}", with: "")
        _ = await session.apply(first)
        let old = try #require(try await uid(path, on: session))
        let lines = await session.apply(first.replacing("a: '1'", with: "a: '2'"))
        #expect(lines.count == 1 && lines[0].contains("annotation 'nest-bootstrap/replace: on-immutable'"), "\(lines)")
        #expect(try await uid(path, on: session) == old)
    }

    private static let map = "{apiVersion: v1, kind: ConfigMap, \(metadata), immutable: true, data: {a: '1'}}"

    @Test func `an object that another manager applies, or that has an owner, is not deleted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let first = Self.map.replacing("NAMESPACE", with: namespace)
        let second = first.replacing("a: '1'", with: "a: '2'")
        _ = await session.apply(first)
        let old = try #require(try await uid(path, on: session))
        let theirs =
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace), labels: {flux: f}}}"
        try await session.write(theirs, to: path, as: "flux")
        for overlay in [DryRunOverlay(), nil] {
            let lines = await session.apply(second, dryRunOverlay: overlay)
            #expect(lines.count == 1 && lines.contains { $0.contains("cannot be changed") }, "\(lines)")
        }
        #expect(try await uid(path, on: session) == old)

        let space = try #require(try await uid("/api/v1/namespaces/\(namespace)", on: session))
        let owner =
            "{metadata: {ownerReferences: [{apiVersion: v1, kind: Namespace, name: \(namespace), uid: \(space)}]}}"
        try await session.update("PATCH", owner, at: path, as: "other")
        let lines = await session.apply(second)
        #expect(lines.contains { $0.contains("cannot be changed") }, "\(lines)")
        #expect(try await uid(path, on: session) == old)
    }

    @Test func `an object that the agent has never applied is not deleted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let first = Self.map.replacing("NAMESPACE", with: namespace)
        try await session.update("POST", first, at: String(path.dropLast(2)), as: "other")
        let old = try #require(try await uid(path, on: session))
        let lines = await session.apply(first.replacing("a: '1'", with: "a: '2'"), forceConflicts: true)
        #expect(lines.contains { $0.contains("cannot be changed") }, "\(lines)")
        #expect(try await uid(path, on: session) == old)
    }

    @Test func `an object that the server would not create is not deleted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/batch/v1/namespaces/\(namespace)/jobs/a"
        let first = Self.cases[0].manifest.replacing("NAMESPACE", with: namespace)
        _ = await session.apply(first)
        let old = try #require(try await uid(path, on: session))
        let wrong = first.replacing("image: x", with: "image: x, ports: [{containerPort: 99999, protocol: TCP}]")
        let lines = await session.apply(wrong)
        #expect(lines.count == 1 && lines[0].hasPrefix("m.yaml:"), "\(lines)")
        #expect(try await uid(path, on: session) == old)
    }

    /// The server refuses a probe with two handlers, and says nothing of a field that cannot be changed.
    @Test func `an object with a field of another manager that excludes ours is not deleted`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let text = { (probe: String) in
            """
            {apiVersion: apps/v1, kind: Deployment, \(Self.metadata), spec: {paused: true, replicas: 0, selector: {matchLabels:
             {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x\(probe)}]}}}}
            """.replacing("NAMESPACE", with: namespace)
        }
        _ = await session.apply(text(""))
        let old = try #require(try await uid(path, on: session))
        let probe = "[{name: c, livenessProbe: {tcpSocket: {port: 1}}}]"
        try await session.update(
            "PATCH",
            "{spec: {template: {spec: {containers: \(probe)}}}}",
            at: path,
            as: "other",
            contentType: "application/strategic-merge-patch+json"
        )
        let lines = await session.apply(text(", livenessProbe: {httpGet: {port: 1}}"))
        #expect(lines.count == 1 && lines[0].contains("livenessProbe.tcpSocket' is refused: "), "\(lines)")
        #expect(try await uid(path, on: session) == old)
    }

    /// The state that a kill between the two requests leaves.
    @Test(arguments: [false, true])
    func `an object that was deleted but not created again is created by the next run`(isGone: Bool) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let first = Self.map.replacing("NAMESPACE", with: namespace)
        _ = await session.apply(first)
        // Foreground deletion, as the agent requests it; the finalizer keeps the object for a moment.
        let options = "{apiVersion: v1, kind: DeleteOptions, propagationPolicy: Foreground}"
        _ = try await session.client.object(
            "DELETE",
            path,
            body: try node(options).json(),
            contentType: "application/json",
            until: .now + .seconds(600)
        )
        if isGone { #expect(try await becomes { try await session.object(path) == nil }) }
        let lines = await session.apply(first.replacing("a: '1'", with: "a: '2'"))
        #expect(lines == ["created ConfigMap/\(namespace)/a"])
        #expect(try await session.object(path)?["data"]?["a"]?.string == "2")
    }

    @Test(arguments: [("v1", "PersistentVolumeClaim"), ("v1", "Namespace"), ("apps/v1", "StatefulSet")])
    func `kinds with data or other objects in them are refused`(apiVersion: String, kind: String) {
        let annotation = "annotations: {nest-bootstrap/replace: on-immutable}"
        let text = "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a, \(annotation)}}"
        let words = "annotation 'nest-bootstrap/replace' is not allowed for a \(kind); "
        #expect(findings(in: text).problems.contains { $0.hasPrefix("m.yaml:1:") && $0.contains(words) })
    }
}
