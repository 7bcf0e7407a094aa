import Testing
import YAML

@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
struct ObjectDiffTests {
    private let configMap = GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")
    private let secret = GroupVersionKind(apiVersion: "v1", kind: "Secret")

    private func diff(_ old: String?, _ new: String, _ type: GroupVersionKind) throws -> [String] {
        ObjectDiff(from: try old.map { try node($0) }, to: try node(new), of: type, hasStatusSubresource: true).lines
    }

    @Test func `a text of several lines is compared line by line`() throws {
        let old = #"{"metadata":{"name":"c","generation":1},"data":{"f":"one\ntwo\nthree\n"},"status":{"a":1}}"#
        let new = #"{"metadata":{"name":"c","generation":2},"data":{"f":"one\n2\nthree\n"},"status":{"a":2}}"#
        #expect(
            try diff(old, new, configMap) == [
                "@@ -1,7 +1,7 @@", " data:", "   f: |", "     one", "-    two", "+    2", "     three", " metadata:",
                "   name: c",
            ]
        )
    }

    @Test func `a new object is shown whole`() throws {
        #expect(
            try diff(nil, "{kind: ConfigMap, data: {a: b}}", configMap) == [
                "@@ -0,0 +1,3 @@", "+data:", "+  a: b", "+kind: ConfigMap",
            ]
        )
    }

    @Test func `what the server writes is left out`() throws {
        let annotations = "annotations: {deprecated.daemonset.template.generation: '1', a: b}"
        let old = "{kind: DaemonSet, metadata: {uid: x, resourceVersion: '1', \(annotations)}}"
        #expect(try diff(old, old.replacing("'1'", with: "'2'").replacing("uid: x", with: "uid: y"), configMap) == [])
        func difference(_ kind: String) throws -> [String] {
            let annotation = "annotations: {deprecated.daemonset.template.generation: '1'}"
            let (old, new) = (
                try node("{kind: \(kind), metadata: {\(annotation)}}"), try node("{kind: \(kind), metadata: {}}")
            )
            return Difference(from: old, to: new, hasStatusSubresource: true).fields.map(\.path)
        }
        #expect(try difference("DaemonSet") == [])
        // On an object of another kind it is an annotation as any other.
        #expect(try difference("ConfigMap") == ["metadata.annotations"])
    }

    @Test func `the values of a Secret are shown only as changed`() throws {
        let applied = "annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}"
        let old = "{data: {a: hunter2, b: hunter2}, type: Opaque, metadata: {\(applied)}}"
        let new = "{data: {a: hunter3, b: hunter2, c: hunter4}, type: Opaque, metadata: {\(applied)}}"
        let lines = try diff(old, new, secret)
        #expect(
            lines.prefix(7) == [
                "@@ -1,6 +1,7 @@", " data:", #"-  a: "*** (before)""#, #"+  a: "*** (after)""#, #"   b: "***""#,
                #"+  c: "***""#, " metadata:",
            ]
        )
        #expect(!lines.joined().contains("hunter"))
        #expect(!(try diff(nil, new, secret).joined().contains("hunter")))
    }

    @Test func `a secret in an environment variable or in a file of a ConfigMap is hidden`() throws {
        let old =
            "{env: [{name: DB_PASSWORD, value: hunter2}, {name: HOST, value: a}], data: {k: \"x\\ntoken: hunter2\\n\"}}"
        let lines = try diff(old, old.replacing("hunter2", with: "hunter3"), configMap)
        #expect(!lines.joined().contains("hunter"))
        #expect(lines.contains(#"+  value: "*** (after)""#))
        #expect(lines.contains("+    token: *** (after)"))
    }
}
