import Base
import Testing
import YAML
@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
struct SchemaCheckTests {
    private static let definitions = """
        meta:
          type: object
          properties: {name: {type: string}, labels: {type: object, additionalProperties: {type: string}}}
        io.k8s.apimachinery.pkg.api.resource.Quantity: {type: string}
        thing:
          properties:
            metadata: {$ref: '#/definitions/meta'}
            count: {type: integer}
            ratio: {type: number}
            isOpen: {type: boolean}
            names: {type: array, items: {type: string}}
            ports: {type: array, items: {type: object, properties: {port: {x-kubernetes-int-or-string: true}}}}
            limit: {$ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity'}
            free: {type: object, properties: {a: {type: string}}, x-kubernetes-preserve-unknown-fields: true}
            any: {}
            lost: {$ref: '#/definitions/nowhere'}
            data: {type: object, additionalProperties: {type: string, format: byte}}
        """

    private func faults(_ object: String, kind: String = "Thing") throws -> [String] {
        let entries = try #require(try node(Self.definitions).mapping).entries
        let definitions = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
        let schema = try #require(SchemaDefinitions { definitions[$0] }.schema("thing"))
        let type = GroupVersionKind(apiVersion: "v1", kind: kind)
        return SchemaCheck(try node(object), of: type, against: schema).faults.map { fault in
            Problem(.wrongValue, fault.message, at: fault.location, hint: fault.hint).description
        }
    }

    @Test(arguments: [
        "{metadata: {name: a, labels: {b: c}}, count: 1, ratio: 1.5, isOpen: true, names: [a], ports: [{port: http}]}",
        "{ports: [{port: 80}], limit: 1, free: {a: b, c: [d]}, any: {x: [1]}, lost: {z: 1}, data: {a: QUJD}}",
        "{limit: 100m, count: null, names: null, metadata: null, ratio: 1}",
    ])
    func `what fits is left alone`(object: String) throws {
        #expect(try faults(object) == [])
    }

    @Test(arguments: [
        ("{cuont: 1}", "m.yaml:1:2: field 'cuont' is not known to the server; did you mean 'count'?"),
        (
            "{metadata: {nmae: a}}",
            "m.yaml:1:13: field 'metadata.nmae' is not known to the server; did you mean 'name'?"
        ),
        ("{zzzzzz: 1}", "m.yaml:1:2: field 'zzzzzz' is not known to the server; remove it"),
        (
            "{ports: [{}, {prt: 1}]}",
            "m.yaml:1:15: field 'ports[1].prt' is not known to the server; did you mean 'port'?"
        ),
        (
            "{count: 1.5}",
            "m.yaml:1:9: field 'count': expected an integer, found the number 1.5"
        ),
        (
            "{count: '7'}",
            "m.yaml:1:9: field 'count': expected an integer, found the string \"7\"; "
                + "remove the quotes: '7'"
        ),
        (
            "{ratio: '1.5'}",
            "m.yaml:1:9: field 'ratio': expected a number, found the string \"1.5\"; "
                + "remove the quotes: '1.5'"
        ),
        (
            "{isOpen: 'yes'}",
            "m.yaml:1:10: field 'isOpen': expected true or false, found the string \"yes\"; "
                + "write 'true'"
        ),
        (
            "{isOpen: 'off'}",
            "m.yaml:1:10: field 'isOpen': expected true or false, found the string \"off\"; "
                + "write 'false'"
        ),
        (
            "{names: a}",
            "m.yaml:1:9: field 'names': expected a list, found the string \"a\"; "
                + "write [\"a\"]"
        ),
        (
            "{names: [1]}",
            "m.yaml:1:10: field 'names[0]': expected a string, found the number 1; "
                + "write it in quotes: '\"1\"'"
        ),
        (
            "{metadata: {labels: {a: no}}}",
            "m.yaml:1:25: field 'metadata.labels.a': expected a string, "
                + "found 'no', which is the boolean false in YAML; write it in quotes: '\"no\"'"
        ),
        ("{metadata: []}", "m.yaml:1:12: field 'metadata': expected a mapping, found a list: []"),
        ("[]", "m.yaml:1:1: the object: expected a mapping, found a list: []"),
    ])
    func `each fault is reported with its location`(object: String, line: String) throws {
        #expect(try faults(object) == [line])
    }

    @Test func `all faults are reported`() throws {
        #expect(try faults("{cuont: 1, names: [1, 2], metadata: {x: y}}").count == 4)
    }

    @Test func `a Secret's values are masked`() throws {
        let lines = try faults("{data: {a: '%', b: 4711}}", kind: "Secret")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains(": ***; encode it with 'base64 -w0'") })
    }
}
