import Testing
import YAML
@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
struct OwnershipTests {
    private static let label = #""app.kubernetes.io/managed-by":"nest-bootstrap""#
    private static let annotation = #""annotations":{"nest-bootstrap/task":"t"}"#

    @Test(arguments: [
        ("{name: a}", #"{"name":"a","labels":{\#(label)},\#(annotation)}"#),
        ("{labels: null, annotations: null}", #"{"labels":{\#(label)},\#(annotation)}"#),
        (
            "{labels: {b: c}, annotations: {d: e}}",
            #"{"labels":{"b":"c",\#(label)},"annotations":{"d":"e","nest-bootstrap/task":"t"}}"#
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
        let text = String(decoding: ManagedMetadata(task: "t").stamp(root, namespace: nil).json(), as: UTF8.self)
        #expect(text == #"{"apiVersion":"v1","metadata":\#(marked),"data":{"a":null},"spec":null}"#)
    }

    @Test func `the label of an ApplySet replaces one of the task`() throws {
        let managedMetadata = ManagedMetadata(task: "t", labels: [ApplySet.memberLabel: "x"], applySetID: "id")
        let marked = managedMetadata.stamp(try node("{metadata: {name: a}}"), namespace: nil)
        #expect(marked["metadata"]?["labels"]?[ApplySet.memberLabel]?.string == "id")
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
