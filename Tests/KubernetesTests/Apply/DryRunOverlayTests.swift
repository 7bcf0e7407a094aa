import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
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
        for manifest in try manifests(definition) { overlay.recordPlanned(manifest) }
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
