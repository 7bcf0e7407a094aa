import Testing
import YAML
@testable import Kubernetes

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
        ("{f:a: {}, f:b: {}}", "{f:b: {}}", "{f:a: {}}"),
        ("{f:a: {.: {}, f:b: {}}}", "{f:a: {f:b: {}}}", "{f:a: {}}"),
        ("{f:a: {.: {}, f:b: {}}}", "{f:a: {}}", "{f:a: {f:b: {}}}"),
        ("{f:a: {}}", "{f:a: {f:b: {}}}", "{f:a: {}}"),
        ("{f:a: {f:b: {}}}", "{f:a: {.: {}, f:b: {}}}", "{}"),
    ])
    func `a difference has the fields of only one`(left: String, right: String, rest: String) throws {
        #expect(try set(left).subtracting(try set(right)) == (try set(rest)))
    }

    /// The fields that a manager has applied, and the object that it has become.
    private static let applied = (
        fields: #"""
        f:metadata: {f:labels: {.: {}, f:a: {}}}
        f:spec:
          f:replicas: {}
          f:selector: {}
          f:template:
            f:spec:
              f:containers: {'k:{"name":"x"}': {.: {}, f:name: {}, f:image: {}}, 'k:{"name":"w"}': {.: {}, f:name: {}, f:image: {}}}
              f:dnsPolicy: {}
        f:finalizers: {'v:"p"': {}, 'v:"q"': {}}
        """#,
        object: """
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: s, uid: '1', labels: {a: b, other: c}}, spec:
         {replicas: 1, selector: {m: 1}, paused: false, template: {spec: {dnsPolicy: Default, containers:
          [{name: x, image: i, tty: false}, {name: z, image: i}, {name: w, image: j}]}}}, finalizers: [p, other, q], status: {}}
        """
    )

    @Test(
        arguments: [
            ("", "", true), ("namespace: s, ", "", true), ("name: d", "name: e", false),
            ("namespace: s", "namespace: o", false),
            ("apps/v1", "apps/v2", false), ("a: b", "a: c", false), ("a: b", "a: b, e: f", false),
            ("{a: b}", "{}", false),
            ("replicas: 1", "replicas: 2", false), ("replicas: 1, ", "", false), ("m: 1", "m: 1, o: 2", false),
            ("replicas: 1", "replicas: 1, paused: false", false),
            ("image: j", "image: k", false), ("image: j", "image: j, tty: true", false),
            ("{name: x, image: i}, {name: w, image: j}", "{name: w, image: j}, {name: x, image: i}", false),
            ("{name: x, image: i}, ", "", false), ("[p, q]", "[q, p]", false), ("[p, q]", "[p]", false),
            ("[p, q]", "[p, q, other]", false), ("[p, q]", "[p, p]", false), ("[p, q]", "p", false),
            ("dnsPolicy: Default", "dnsPolicy: {}", false),
        ]
    )
    func `an object shows whether a manifest was applied to it`(text: String, other: String, isApplied: Bool) throws {
        let manifest = """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: s, labels: {a: b}}, spec: {replicas: 1, selector:
             {m: 1}, template: {spec: {dnsPolicy: Default, containers: [{name: x, image: i}, {name: w, image: j}]}}}, finalizers: [p, q]}
            """
        let changed = text.isEmpty ? manifest : manifest.replacing(text, with: other)
        #expect(text.isEmpty || changed != manifest)
        let object = try node(Self.applied.object)
        #expect(try set(Self.applied.fields).isApplied(try node(changed), in: object) == isApplied)
        #expect(!FieldSet(nil).isApplied(try node(changed), in: object))
    }

    @Test(arguments: [
        ("{f:status: {f:a: {}}}", true),
        ("{f:metadata: {f:annotations: {.: {}, f:a: {}}, f:finalizers: {'v:\"a\"': {}}}}", true),
        ("{f:metadata: {f:labels: {f:a: {}}}, f:status: {}}", true), ("{f:spec: {f:replicas: {}}}", false),
        ("{f:metadata: {f:ownerReferences: {}}}", false), ("{f:status: {}, f:data: {f:a: {}}}", false),
        ("{f:metadata: {}}", false),
    ])
    func `fields of others are beside the content of an object or in it`(fields: String, isBeside: Bool) throws {
        #expect(try set(fields).isBesideContent == isBeside)
    }

    @Test func `keys of items are compared as they are, whatever their characters`() throws {
        let fields = #"{f:l: {'k:{"x=a,z":"T","port":80}': {.: {}, f:port: {}, f:v: {}}}}"#
        let live = try node(
            "{apiVersion: v1, kind: W, metadata: {name: w}, l: [{port: 80, 'x=a,z': U, v: '1'}, {port: 80, 'x=a,z': T, v: '2'}]}"
        )
        func wanted(_ value: String) throws -> Node {
            try node("{apiVersion: v1, kind: W, metadata: {name: w}, l: [{port: 80, v: '\(value)'}]}")
        }
        #expect(try set(fields).isApplied(try wanted("2"), in: live))
        #expect(try !set(fields).isApplied(try wanted("1"), in: live))
    }

    @Test(arguments: [
        ("[{port: 80, name: a}]", true), ("[{port: 80, name: a, protocol: TCP}]", false),
        ("[{port: 81, name: a}]", false),
        ("[{port: 80, name: b}]", false), ("[{port: 80, name: a}, {port: 80, name: a, protocol: UDP}]", false),
    ])
    func `an item without a key that the server adds is found`(ports: String, isApplied: Bool) throws {
        let fields = #"{f:spec: {f:ports: {'k:{"port":80,"protocol":"TCP"}': {.: {}, f:name: {}, f:port: {}}}}}"#
        func service(_ ports: String) throws -> Node {
            try node("{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: \(ports)}}")
        }
        let object = try service("[{port: 80, name: a, protocol: TCP, targetPort: 80}]")
        #expect(try set(fields).isApplied(try service(ports), in: object) == isApplied)
    }

    @Test func `an intersection has the fields of an object`() throws {
        let fields = #"""
            f:data: {.: {}, f:a: {}, f:b: {}}
            f:spec:
              f:ports:
                'k:{"port":80,"protocol":"TCP"}': {.: {}, f:name: {}, f:nodePort: {}}
                'k:{"port":81,"protocol":"TCP"}': {.: {}, f:name: {}}
              f:finalizers: {'v:"x"': {}, 'v:"y"': {}}
              f:list: {'i:0': {}, 'i:1': {}}
            """#
        let object = "{data: {a: '1'}, spec: {ports: [{port: 80, name: p}], finalizers: [x], list: [1]}}"
        let common = #"""
            f:data: {.: {}, f:a: {}}
            f:spec:
              f:ports: {'k:{"port":80,"protocol":"TCP"}': {.: {}, f:name: {}}}
              f:finalizers: {'v:"x"': {}}
              f:list: {'i:0': {}}
            """#
        #expect(try set(fields).intersection(withFieldsOf: try node(object)) == (try set(common)))
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
        #expect(try set(fields).removed(from: try node(before)) == (try node(after)))
    }

    @Test func `a set contains fields, not their parents`() throws {
        let fields = try set("{f:a: {f:b: {}, f:c: {.: {}, f:d: {}}}}")
        #expect(fields.contains(["a", "b"]))
        #expect(fields.contains(["a", "c"]))
        #expect(!fields.contains(["a"]))
        #expect(!fields.contains(["a", "x"]))
    }
}

@Suite(.timeLimit(.minutes(15)))
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
