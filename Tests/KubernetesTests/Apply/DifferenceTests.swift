import Base
@testable import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DifferenceTests {
    private let configMap = GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")

    @Test(arguments: [
        ("{a: 1}", "{a: 1}", []),
        ("{a: 1}", "{a: 2}", ["a: 1 -> 2"]),
        ("{a: 1}", "{b: 1}", ["b: (none) -> 1", "a: 1 -> (none)"]),
        ("{a: {b: [1, 2]}}", "{a: {b: [1, 3, 4]}}", ["a.b[1]: 2 -> 3", "a.b[2]: (none) -> 4"]),
        ("{a: [1, 2]}", "{a: [1]}", ["a[1]: 2 -> (none)"]),
        ("{a: {x.y/z: 1}}", "{a: {x.y/z: 2}}", ["a[x.y/z]: 1 -> 2"]),
        ("{a: 1}", "{a: {b: 1}}", [#"a: 1 -> {"b":1}"#]),
        ("{a: {c: 1, b: 2}}", "{a: {b: 2, c: 1}}", []),
        ("{status: {a: 1}}", "{status: {a: 2}}", []),
        (
            "{metadata: {resourceVersion: '1', generation: 1, managedFields: [], uid: a, name: n}}",
            "{metadata: {resourceVersion: '2', generation: 2, uid: b, creationTimestamp: c, name: n}}", []
        ),
        ("{metadata: {labels: {a: b}}}", "{metadata: {}}", [#"metadata.labels: {"a":"b"} -> (none)"#]),
    ])
    func `differences are reported field by field`(old: String, new: String, lines: [String]) throws {
        let found = Difference.lines(
            from: try node(old),
            to: try node(new),
            of: configMap,
            hasStatusSubresource: true,
        )
        #expect(found == lines)
    }

    @Test func `a status without a subresource is compared like any other field`() throws {
        let (old, new) = (try node("{status: {a: 1}}"), try node("{status: {a: 2}}"))
        let lines = Difference.lines(from: old, to: new, of: configMap, hasStatusSubresource: false)
        #expect(lines == ["status.a: 1 -> 2"])
        let diff = Difference.diff(from: old, to: new, of: configMap, hasStatusSubresource: false)
        #expect(diff == ["@@ -1,2 +1,2 @@", " status:", "-  a: 1", "+  a: 2"])
    }

    @Test func `a Secret's values are never reported`() throws {
        let secret = GroupVersionKind(apiVersion: "v1", kind: "Secret")
        let annotation = "metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}}"
        let old = try node("{data: {a: hunter2}, type: Opaque, \(annotation)}")
        let new = try node(
            "{data: {a: hunter3}, type: Other, stringData: {b: hunter4}, immutable: hunter5, metadata: {}}"
        )
        #expect(
            Difference.lines(from: old, to: new, of: secret, hasStatusSubresource: true) == [
                "data.a: *** -> ***", #"type: "Opaque" -> "Other""#, "stringData: (none) -> ***",
                "immutable: (none) -> ***",
                "metadata.annotations: *** -> (none)",
            ]
        )
    }

    @Test func `a long value is cut`() throws {
        let text = ShownValue(.string(String(repeating: "x", count: 200))).description
        #expect(text.count == 81)
        #expect(text.hasSuffix("…"))
    }
}

@Suite(.timeLimit(.minutes(15)))
struct DryRunOverlayTests {
    /// A definition with versions, each as it is in the manifest.
    private func overlay(_ apiVersion: String, _ spec: String) throws -> DryRunOverlay {
        let definition = """
            apiVersion: \(apiVersion)
            kind: CustomResourceDefinition
            metadata: {name: gizmos.e.test}
            spec: {group: e.test, scope: Namespaced, names: {plural: gizmos, kind: Gizmo}, \(spec)}
            """
        let overlay = DryRunOverlay()
        for manifest in try manifests(definition) { overlay.recordPlanned(manifest, isChanged: false) }
        return overlay
    }

    @Test(arguments: [
        ("v1", "versions: [{name: v1, served: true, storage: true, subresources: {status: {}}}]", true),
        ("v1", "versions: [{name: v1, served: true, storage: true}]", false),
        ("v1", "versions: [{name: v2, served: true, storage: true, subresources: {status: {}}}]", false),
    ])
    func `a planned definition decides whether its objects have a status subresource`(
        version: String,
        spec: String,
        expected: Bool,
    ) throws {
        let overlay = try overlay("apiextensions.k8s.io/\(version)", spec)
        let gizmo = GroupVersionKind(apiVersion: "e.test/v1", kind: "Gizmo")
        #expect(overlay.hasStatusSubresource(gizmo) == expected)
        #expect(!overlay.hasStatusSubresource(GroupVersionKind(apiVersion: "e.test/v1", kind: "Other")))
    }
}
