import Base
import Testing

@testable import Kubernetes

/// Refusals that name no field.
@Suite(.timeLimit(.minutes(30)))
struct PluginRefusalTests {
    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          priorityClassName: high
          containers:
          - name: a
            resources: {requests: {memory: 1Gi}, limits: {memory: 3Gi}}
          - name: b
            resources: {requests: {memory: 1Gi}, limits: {memory: 4Gi}}
        """

    @Test(arguments: [
        ("no PriorityClass with name high was found", "m.yaml:5:3"),
        ("pod node label selector conflicts with its namespace node label selector", "m.yaml:4:1"),
        ("pod rejected: RuntimeClass \"r\" not found", "m.yaml:4:1"),
    ])
    func `the field of the pod is found`(text: String, place: String) throws {
        let refusal = try #require(PluginRefusal(text))
        let manifest = try #require(try manifests(Self.pod).first)
        #expect(refusal.location(in: manifest)?.description == place)
        #expect(!refusal.hint.isEmpty)
    }

    @Test(arguments: ["", "quota exceeded", "PriorityClass"])
    func `other words are not recognised`(text: String) {
        #expect(PluginRefusal(text) == nil)
    }

    @Test(arguments: [
        ("maximum memory usage per Container is 2Gi, but limit is 4Gi", "m.yaml:10:51"),
        ("[maximum memory usage per Pod is 1Gi, but limit is 7Gi, x]", "m.yaml:8:51"),
        ("memory max limit to request ratio per Container is 2, but provided ratio is 3.000000", "m.yaml:8:51"),
    ])
    func `the value that a LimitRange refuses is found`(text: String, place: String) throws {
        let manifest = try #require(try manifests(Self.pod).first)
        #expect(PodField.location(namedBy: text, in: manifest)?.description == place)
    }
}

/// Patches that do not apply.
@Suite(.timeLimit(.minutes(30)))
struct PatchFaultTests {
    @Test func `the field that a patch misses is found, and where it would add`() throws {
        let message = #"add operation does not apply: doc is missing path: "/metadata/labels/a.b~1c": missing value"#
        let fault = try #require(PatchFault(message))
        #expect(fault.parent == "metadata.labels")
        let manifest = try #require(try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}").first)
        #expect(fault.location(in: manifest).description == "m.yaml:1:35")
        let removal = #"remove operation does not apply: doc is missing path: "/spec/nothere": missing value"#
        #expect(try #require(PatchFault(removal)).parent == nil)
        #expect(PatchFault("denied") == nil)
    }
}
