import Base
@testable import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(15)))
struct FieldSetTests {
    private func set(_ text: String) throws -> FieldSet { FieldSet(try node(text)) }

    @Test(arguments: [
        ("{f:a: {}}", "{f:b: {}}", "{f:a: {}, f:b: {}}"),
        ("{f:a: {f:b: {}}}", "{f:a: {f:c: {}}}", "{f:a: {f:b: {}, f:c: {}}}"),
        // A field that has fields below it is written as '.'.
        ("{f:a: {}}", "{f:a: {f:b: {}}}", "{f:a: {.: {}, f:b: {}}}"),
        ("{f:a: {f:b: {}}}", "{f:a: {}}", "{f:a: {.: {}, f:b: {}}}"),
    ])
    func `a union has the fields of both`(left: String, right: String, both: String) throws {
        #expect(try set(left).union(try set(right)) == (try set(both)))
    }

    @Test(arguments: [
        ("{f:status: {f:a: {}}}", true),
        ("{f:metadata: {f:annotations: {.: {}, f:a: {}}, f:finalizers: {'v:\"a\"': {}}}}", true),
        ("{f:metadata: {f:labels: {f:a: {}}}, f:status: {}}", true), ("{f:spec: {f:replicas: {}}}", false),
        ("{f:metadata: {f:ownerReferences: {}}}", false), ("{f:status: {}, f:data: {f:a: {}}}", false),
    ])
    func `fields of others are beside the content of an object or in it`(fields: String, isBeside: Bool) throws {
        #expect(try set(fields).isBesideContent == isBeside)
    }

    @Test(arguments: [
        ("{f:data: {.: {}, f:a: {}}}", "{data: {a: '1', b: '2'}}", "{data: {b: '2'}}"),
        ("{f:data: {f:a: {}}}", "{data: {a: '1'}, kind: X}", "{kind: X}"),
        (#"{f:l: {'k:{"name":"a"}': {.: {}, f:name: {}}}}"#, "{l: [{name: a, v: 1}, {name: b}]}", "{l: [{name: b}]}"),
        (#"{f:l: {'k:{"name":"a"}': {f:v: {}}}}"#, "{l: [{name: a, v: 1}]}", "{l: [{name: a}]}"),
        (#"{f:l: {'v:"a"': {}}}"#, "{l: [a, b]}", "{l: [b]}"),
        ("{}", "{data: {a: '1'}}", "{data: {a: '1'}}"),
    ])
    func `the fields of a set are removed from an object`(fields: String, before: String, after: String) throws {
        #expect(try set(fields).removed(from: try node(before), keepingParentsOf: .null()) == (try node(after)))
    }

    @Test func `a set has fields, and what is above them`() throws {
        let fields = try set("{f:a: {f:b: {}, f:c: {.: {}, f:d: {}}}}")
        #expect(fields.has(["f:a", "f:b"]) && fields.has(["f:a"]) && !fields.has(["f:a", "f:x"]))
    }
}

@Suite(.timeLimit(.minutes(15)))
struct OwnershipTests {
    private static let label = #""app.kubernetes.io/managed-by":"nest-bootstrap""#
    private static let annotation = #""annotations":{"nest-bootstrap/task":"t","nest-bootstrap/manifest":"DIGEST"}"#

    @Test(arguments: [
        ("{name: a}", #"{"name":"a","labels":{\#(label)},\#(annotation)}"#),
        ("{labels: null, annotations: null}", #"{"labels":{\#(label)},\#(annotation)}"#),
        (
            "{labels: {b: c}, annotations: {d: e}}",
            #"{"labels":{"b":"c",\#(label)},"annotations":{"d":"e","nest-bootstrap/task":"t","nest-bootstrap/manifest":"DIGEST"}}"#
        ),
        (
            "{labels: {app.kubernetes.io/managed-by: Helm}, annotations: {nest-bootstrap/task: other}}",
            #"{"labels":{"app.kubernetes.io/managed-by":"Helm"},\#(annotation)}"#
        ),
        // What is no mapping is left for the server to refuse.
        ("{labels: [a], annotations: text}", #"{"labels":["a"],"annotations":"text"}"#),
    ])
    func `an object gets a label and an annotation`(metadata: String, marked: String) throws {
        let root = try node("{apiVersion: v1, metadata: \(metadata), data: {a: ~}, spec: null}")
        let stamped = ManagedMetadata(task: "t").stamp(root, namespace: nil)
        let digest = ManagedMetadata.digest(of: stamped) ?? "none"
        let text = String(decoding: stamped.json(), as: UTF8.self).replacing(digest, with: "DIGEST")
        #expect(text == #"{"apiVersion":"v1","metadata":\#(marked),"data":{"a":null},"spec":null}"#)
    }

    @Test func `more labels are added, and a manifest's own are kept`() throws {
        let managedMetadata = ManagedMetadata(task: "t", labels: ["a": "1", "b": "2"])
        let marked = managedMetadata.stamp(try node("{metadata: {labels: {b: own}}}"), namespace: nil)
        #expect(
            marked["metadata"]?["labels"]
                == (try node("{a: '1', b: own, \(ManagedMetadata.managedByLabel): nest-bootstrap}"))
        )
    }

    @Test(arguments: [
        ("{apiVersion: v1, kind: ReplicationController", "{}", true),
        ("{apiVersion: batch/v1, kind: Job", "null", true),
        ("{apiVersion: v1, kind: ReplicationController", "{c: d}", false),
        ("{apiVersion: apps/v1, kind: Deployment", "{}", false),
    ])
    func `labels that the server would take from the pods are not lost`(
        head: String,
        labels: String,
        isTaken: Bool
    ) throws {
        let pods = "spec: {template: {metadata: {labels: {a: b}}}}"
        let marked = ManagedMetadata(task: "t").stamp(
            try node("\(head), metadata: {labels: \(labels)}, \(pods)}"),
            namespace: nil
        )
        #expect((marked["metadata"]?["labels"]?["a"]?.string == "b") == isTaken)
        #expect(marked["metadata"]?["labels"]?[ManagedMetadata.managedByLabel]?.string == "nest-bootstrap")
    }

    @Test(arguments: [
        ("{name: a}", "x"), ("{name: a, namespace: ''}", "x"), ("{name: a, namespace: null}", "x"),
        ("{name: a, namespace: own}", "own"),
    ])
    func `a namespace is filled in where none is written`(metadata: String, namespace: String) throws {
        let marked = ManagedMetadata(task: "t").stamp(try node("{metadata: \(metadata)}"), namespace: "x")
        #expect(marked["metadata"]?["namespace"]?.string == namespace)
    }

    @Test(arguments: ["{metadata: text}", "{spec: {}}", "[1]"])
    func `a node that is not an object is not changed`(text: String) throws {
        #expect(ManagedMetadata(task: "t").stamp(try node(text), namespace: "x") == (try node(text)))
    }
}
