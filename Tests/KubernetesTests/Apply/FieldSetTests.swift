import Testing
import YAML
@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
struct FieldSetTests {
    private func set(_ text: String) throws -> FieldSet { FieldSet(try node(text)) }

    @Test(arguments: [
        ("{f:a: {}}", "{f:b: {}}", "{f:a: {}, f:b: {}}"),
        ("{f:a: {f:b: {}}}", "{f:a: {f:c: {}}}", "{f:a: {f:b: {}, f:c: {}}}"),
        // A field that has fields below it is written as '.'.
        ("{f:a: {}}", "{f:a: {f:b: {}}}", "{f:a: {.: {}, f:b: {}}}"),
        ("{f:a: {f:b: {}}}", "{f:a: {}}", "{f:a: {.: {}, f:b: {}}}"),
        ("{}", "{f:a: {}}", "{f:a: {}}"),
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
