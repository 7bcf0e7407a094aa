import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Fields of other managers that a task with `conflicts: keep` leaves as they are.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct KeptFieldTests {
    /// A field that another manager sets to another value.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The path of the object without its namespace.
        var resource: String
        /// The object of the agent, and that with another change of the agent's.
        var ours: String
        var changed: String
        /// The object that the other manager applies.
        var theirs: String
        /// The fields with the other manager's values.
        var kept: [String]
        /// The fields that the agent changes.
        var applied: [String]
    }

    private static func deployment(_ spec: String, container: String = "image: x") -> String {
        """
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: NAMESPACE}, spec: {paused: true, \(spec),
         selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, \(container)}]}}}}
        """
    }

    private static func partial(_ spec: String) -> String {
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: NAMESPACE}, spec: {\(spec)}}"
    }

    private static func map(_ data: String, kind: String = "ConfigMap", metadata: String = "") -> String {
        "{apiVersion: v1, kind: \(kind), metadata: {name: a, namespace: NAMESPACE\(metadata)}, \(data)}"
    }

    private static let cases = [
        Case(
            testDescription: "a scalar",
            resource: "apis/apps/v1 deployments",
            ours: deployment("replicas: 1, minReadySeconds: 5"),
            changed: deployment("replicas: 1, minReadySeconds: 6"),
            theirs: partial("replicas: 3"),
            kept: ["spec.replicas: 3 1"],
            applied: ["spec.minReadySeconds: 6"]
        ),
        Case(
            testDescription: "an entry of a mapping",
            resource: "api/v1 configmaps",
            ours: map("data: {a: '1', b.c: '1', d: '1'}"),
            changed: map("data: {a: '1', b.c: '1', d: '2'}"),
            theirs: map("data: {b.c: '9', e: '9'}"),
            kept: [#"data.b.c: "9" "1""#],
            applied: [#"data.d: "2""#]
        ),
        Case(
            testDescription: "fields of a list item",
            resource: "apis/apps/v1 deployments",
            ours: deployment("replicas: 0", container: "image: x, env: [{name: A, value: '1'}, {name: B, value: '1'}]"),
            changed: deployment(
                "replicas: 0",
                container: "image: x, env: [{name: A, value: '1'}, {name: B, value: '2'}]"
            ),
            theirs: partial(
                "template: {spec: {containers: [{name: c, image: 'y', env: [{name: A, value: '9'}, {name: Z, value: '9'}]}]}}"
            ),
            kept: [
                #"spec.template.spec.containers[name="c"].env[name="A"].value: "9" "1""#,
                #"spec.template.spec.containers[name="c"].image: "y" "x""#,
            ],
            applied: [#"spec.template.spec.containers[name="c"].env[name="B"].value: "2""#]
        ),
        Case(
            testDescription: "a list that is owned as a whole",
            resource: "apis/apps/v1 deployments",
            ours: deployment("replicas: 0, minReadySeconds: 5", container: "image: x, args: [a, b]"),
            changed: deployment("replicas: 0, minReadySeconds: 6", container: "image: x, args: [a, b]"),
            theirs: partial("template: {spec: {containers: [{name: c, args: [z]}]}}"),
            kept: [#"spec.template.spec.containers[name="c"].args: ["z"] ["a","b"]"#],
            applied: ["spec.minReadySeconds: 6"]
        ),
        Case(
            testDescription: "an item of a set",
            resource: "api/v1 configmaps",
            ours: map("data: {a: '1'}", metadata: ", finalizers: [test.example/a]"),
            changed: map("data: {a: '2'}", metadata: ", finalizers: [test.example/a]"),
            theirs: map("data: {}", metadata: ", finalizers: [test.example/a, test.example/b]"),
            kept: [],
            applied: [#"data.a: "2""#, #"metadata.finalizers: ["test.example/a","test.example/b"]"#]
        ),
        Case(
            testDescription: "a Secret",
            resource: "api/v1 secrets",
            ours: map("stringData: {a: first, b: first}", kind: "Secret"),
            changed: map("stringData: {a: first, b: second}", kind: "Secret"),
            theirs: map("data: {a: dGhlaXJz}", kind: "Secret"),
            kept: ["stringData.a: *** ***"],
            applied: [#"data.b: "c2Vjb25k""#]
        ),
    ]

    private func path(_ resource: String, _ namespace: String) -> String {
        let parts = resource.split(separator: " ")
        return "/\(parts[0])/namespaces/\(namespace)/\(parts[1])/a"
    }

    private func notes(_ kept: [String]) -> [String] {
        kept.map { line in
            let (path, values) = (line.prefix { $0 != ":" }, line.drop { $0 != ":" }.dropFirst(2))
            let parts = values.split(separator: " ", maxSplits: 1).map(String.init)
            return "field '\(path)' is kept, because 'other' owns it: \(parts[0]) on the server, \(parts[1]) here"
        }
    }

    /// Checks that a field has a value, both in one line.
    private func expect(_ line: String, in object: Node) {
        let path = FieldPath(String(line.prefix { $0 != ":" }))
        let value = path.resolve(in: object).node.map { String(decoding: $0.json(), as: UTF8.self) }
        #expect(value == String(line.drop { $0 != ":" }.dropFirst(2)), "\(line)")
    }

    /// The parts of an object that a write of the agent would change.
    private func state(of object: Node) -> [Node] {
        let entries = (object["metadata"]?["managedFields"]?.sequence ?? []).filter(ManagedMetadata.isOwn)
        return entries + [Difference.settled(object, hasStatusSubresource: true)]
    }

    enum Beginning: CaseIterable {
        /// The agent applies the object, and the other manager takes the field.
        case ours
        /// The other manager takes the field by an update.
        case updated
        /// The other manager has applied the object first.
        case theirs
    }

    @Test(arguments: cases, Beginning.allCases)
    func `a field of another manager stays, and the rest is applied`(test: Case, beginning: Beginning) async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        session.keepsConflicts = true
        let path = path(test.resource, namespace)
        let kept = test.kept
        let text = { (text: String) in text.replacing("NAMESPACE", with: namespace) }
        if beginning == .theirs {
            session.takenManagers = ["creator"]
            try await session.write(text(test.ours), to: path, as: "creator")
        } else {
            _ = await session.apply(text(test.ours))
        }
        if beginning == .updated, test.resource.hasSuffix("deployments") {
            try await session.update(
                "PATCH",
                text(test.theirs),
                at: path,
                as: "other",
                contentType: "application/strategic-merge-patch+json"
            )
        } else if beginning == .updated {
            try await session.update("PATCH", text(test.theirs), at: path, as: "other")
        } else {
            try await session.write(text(test.theirs), to: path, as: "other")
        }
        let before = try #require(try await session.object(path))
        let planned = await session.apply(text(test.changed), dryRunOverlay: DryRunOverlay())
        let afterDryRun = try #require(try await session.object(path))
        #expect(state(of: afterDryRun) == state(of: before))
        let lines = await session.apply(text(test.changed))
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        let notes = notes(kept)
        for note in notes {
            #expect(lines[0].contains("\n  \(note)"), "\(note) in \(lines)")
            #expect(planned.first?.contains("\n  \(note)") == true, "\(note) in \(planned)")
        }
        #expect(!lines[0].contains("Zmlyc3Q") && !lines[0].contains("dGhlaXJz"), "\(lines)")
        let after = try #require(try await session.object(path))
        for line in test.applied { expect(line, in: after) }
        for field in kept.map({ FieldPath(String($0.prefix { $0 != ":" }.trimmingPrefix("stringD"))) }) {
            let name = field.text.hasPrefix("ata.") ? FieldPath("d\(field.text)") : field
            #expect(name.resolve(in: after).node == name.resolve(in: before).node, "\(name)")
        }
        // The second run sends nothing that is stored.
        let second = await session.apply(text(test.changed))
        #expect(
            second == [
                (["unchanged \(lines[0].split(separator: "\n")[0].dropFirst(11))"] + notes.map { "  \($0)" })
                    .joined(separator: "\n")
            ]
        )
        let last = try #require(try await session.object(path))
        #expect(state(of: last) == state(of: after))
    }

    @Test func `the replicas that an autoscaler has set are kept`() async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        session.keepsConflicts = true
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        let text = { (spec: String) in Self.deployment(spec).replacing("NAMESPACE", with: namespace) }
        let scaler = """
            {apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: \(namespace)},
             spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}}
            """
        _ = await session.apply(text("replicas: 1"))
        _ = await session.apply(scaler)
        try await session.update("PATCH", "{spec: {replicas: 4}}", at: "\(path)/scale", as: "scaler")
        let lines = await session.apply(text("replicas: 1, minReadySeconds: 3"))
        #expect(lines.count == 1 && lines[0].hasPrefix("configured "), "\(lines)")
        #expect(lines[0].contains(" owns it: 4 on the server, 1 here"), "\(lines)")
        for _ in 1...2 {
            let object = try #require(try await session.object(path))
            expect("spec.replicas: 4", in: object)
            expect("spec.minReadySeconds: 3", in: object)
            let second = await session.apply(text("replicas: 1, minReadySeconds: 3"))
            #expect(second.first?.hasPrefix("unchanged ") == true, "\(second)")
        }
    }

    @Test(arguments: [false, true])
    func `what another manager owns beside a kept value of a custom resource stays`(isIgnored: Bool) async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        session.keepsConflicts = !isIgnored
        let definition = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
             metadata: {name: kepts.\(namespace).example},
             spec: {group: \(namespace).example, scope: Namespaced, names: {plural: kepts, kind: Kept}, versions: [
              {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {
               spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}]}}
            """
        _ = await session.apply(definition)
        let annotations = isIgnored ? ", annotations: {nest-bootstrap/ignore: spec.f.a.b}" : ""
        let manifest = """
            {apiVersion: \(namespace).example/v1, kind: Kept, metadata: {name: a, namespace: \(namespace)\(annotations)},
             spec: {f: {a: {b: 1}, z: 1}}}
            """
        let path = "/apis/\(namespace).example/v1/namespaces/\(namespace)/kepts/a"
        #expect(await session.apply(manifest).count == 1)
        try await session.update("PATCH", "{spec: {f: {a: {b: 2, c: 2}}}}", at: path, as: "other")
        for _ in 1...2 {
            _ = await session.apply(manifest)
            expect("spec.f.a: {\"b\":2,\"c\":2}", in: try #require(try await session.object(path)))
        }
    }

    @Test(arguments: [false, true])
    func `a value that another manager has set through another API version is a conflict`(keeps: Bool) async throws {
        var (session, namespace) = try await Session.inNewNamespace()
        session.keepsConflicts = keeps
        let manifest = """
            {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: \(namespace)},
             spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, metrics: [
              {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}}
            """
        #expect(await session.apply(manifest).first?.hasPrefix("created ") == true)
        let path = "/apis/autoscaling/v1/namespaces/\(namespace)/horizontalpodautoscalers/h"
        try await session.update("PATCH", "{spec: {targetCPUUtilizationPercentage: 77}}", at: path, as: "other")
        let lines = await session.apply(manifest)
        #expect(lines.count == 1 && lines[0].contains("owned by 'other'"), "\(lines)")
        expect("spec.targetCPUUtilizationPercentage: 77", in: try #require(try await session.object(path)))
    }

    @Test func `an object whose managers were cleared is applied again`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let text = { (data: String) in Self.map("data: {\(data)}").replacing("NAMESPACE", with: namespace) }
        _ = await session.apply(text("a: '1'"))
        try await session.update("PATCH", "{metadata: {managedFields: [{}]}}", at: path, as: "other")
        for data in ["a: '1'", "a: '1', b: '1'"] {
            _ = await session.apply(text(data))
            #expect(await session.apply(text(data)) == ["unchanged ConfigMap/\(namespace)/a"])
        }
    }
}
