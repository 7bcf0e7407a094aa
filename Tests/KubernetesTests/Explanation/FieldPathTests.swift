import Base
@testable import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(15)))
struct FieldPathTests {
    private let object = """
        apiVersion: v1
        metadata:
          annotations:
            example.com/a.b: "1"
            example: "2"
          finalizers: [one, 'two"x', 3]
        spec:
          containers:
          - name: a
            ports:
            - containerPort: 80
            - containerPort: 80
              protocol: UDP
          - name: "b,c]"
            image: x
        data:
          my.key: v
          "with[bracket": w
        text: plain
        """

    @Test(arguments: [
        // The style of the merge by schema.
        (#".spec.containers[name="a"]"#, "9:5"),
        (#".spec.containers[name="a"].ports"#, "10:5"),
        (#".spec.containers[name="b,c]"].image"#, "15:5"),
        (#".spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]"#, "11:7"),
        (#".spec.containers[name="a"].ports[containerPort=80,protocol="UDP"].protocol"#, "13:7"),
        (#".metadata.finalizers[="two\"x"]"#, "6:21"),
        (".metadata.finalizers[=3]", "6:30"),
        (".metadata.annotations.example.com/a.b", "4:5"),
        // The style of validation.
        ("spec.containers[1].image", "15:5"),
        ("data[my.key]", "17:3"),
        ("data.with[bracket", "18:3"),
        ("", "1:1"),
    ])
    func `a path leads to the location of its key`(path: String, location: String) throws {
        let target = FieldPath(path).resolve(in: try node(object))
        #expect(target.location.description == "m.yaml:\(location)")
        #expect(target.node != nil)
    }

    @Test(arguments: [
        (".spec.replicas", "7:1", "replicas"),
        ("spec.containers[7].image", "8:3", nil),
        (#".spec.containers[name="z"].image"#, "8:3", nil),
        (#".spec.containers[name="a"].ports[containerPort=81]"#, "10:5", nil),
        ("data[no.such]", "16:1", "no.such"),
        (".text.more", "19:1", nil),
        (".spec.containers.name", "8:3", nil),
        ("spec.containers[", "8:3", nil),
        ("..", "1:1", ""),
    ])
    func `a missing field leads to the nearest parent`(path: String, location: String, key: String?) throws {
        let target = FieldPath(path).resolve(in: try node(object))
        #expect(target.node == nil)
        #expect(target.location.description == "m.yaml:\(location)")
        #expect(target.key == key)
    }

    @Test func `a selector finds all items with the same keys, those with most of them first`() throws {
        let list = try node("[{p: 80}, {p: 80, q: UDP}, {p: 80, q: TCP}, {q: TCP}, {r: 1}, text]").sequence ?? []
        let items = ItemSelector(#"p=80,q="TCP""#).items(of: list)
        #expect(
            items.map { String(decoding: $0.json(), as: UTF8.self) } == [
                #"{"p":80,"q":"TCP"}"#, #"{"p":80}"#, #"{"q":"TCP"}"#,
            ]
        )
    }

    @Test(arguments: [
        (".data.a", "{data: {a: '1', a.b: '2'}, kind: X}", "{data: {a.b: '2'}, kind: X}"),
        (".data.a.b", "{data: {a: '1', a.b: '2'}, kind: X}", "{data: {a: '1'}, kind: X}"),
        (".spec.limits.cpu", "{spec: {limits: {cpu: 1}}, kind: X}", "{kind: X}"),
        (#".spec.env[name="a"].value"#, "{spec: {env: [{name: a, value: ''}]}}", "{spec: {env: [{name: a}]}}"),
        (#".spec.set[="b"]"#, "{spec: {set: [a, b]}}", "{spec: {set: [a]}}"),
        (".spec.none.deep", "{spec: {a: {}}}", "{spec: {a: {}}}"),
    ])
    func `a field is removed with the parents that it leaves empty`(path: String, before: String, after: String) throws
    {
        #expect(FieldPath(path).removed(from: try node(before), keepsParents: false) == (try node(after)))
    }
}
