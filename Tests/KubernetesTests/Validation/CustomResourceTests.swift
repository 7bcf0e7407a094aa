import Testing

@testable import Kubernetes

/// Custom resources against the CustomResourceDefinition of the same plan.
@Suite(.timeLimit(.minutes(30)))
struct CustomResourceTests {
    /// A definition whose `spec` has a schema.
    private func definition(_ spec: String, rest: String = "") -> String {
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gizmos.e.test}
        spec:
          group: e.test
          scope: Namespaced
          names: {plural: gizmos, kind: Gizmo}
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}}
            schema: {openAPIV3Schema: {type: object, required: [spec], properties: {spec: \(spec), status: {type: object}}}}
          - {name: v0, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}
        ---

        """
    }

    private func problems(_ schema: String, _ spec: String) -> [String] {
        let object = "{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g}, spec: \(spec), status: {any: 1}}"
        return findings(in: definition(schema) + object).problems.map { problem in
            #expect(problem.hasPrefix("m.yaml:16:"), "\(problem)")
            #expect(problem.contains(" Gizmo/g: "))
            return String(problem.split(separator: " Gizmo/g: ").last ?? "")
        }
    }

    private static let cases: [(schema: String, spec: String, message: String?)] = [
        ("{type: string}", "5", "field 'spec': expected a string, found the number 5; write it in quotes: '\"5\"'"),
        ("{type: integer, minimum: 1, maximum: 9}", "0", "field 'spec': expected at least 1, found 0"),
        ("{type: integer, minimum: 1, maximum: 9}", "10", "field 'spec': expected at most 9, found 10"),
        (
            "{type: number, maximum: 1.5, exclusiveMaximum: true}", "1.5",
            "field 'spec': expected less than 1.5, found 1.5"
        ),
        (
            "{type: integer, format: int32}", "3000000000",
            "field 'spec': expected an integer of 32 bits, found 3000000000"
        ),
        ("{type: string, minLength: 1}", "''", "field 'spec': expected at least 1 character, found 0"),
        ("{type: string, maxLength: 3}", "abcd", "field 'spec': expected at most 3 characters, found 4"),
        (
            "{type: string, enum: [Always, Never]}", "Allways",
            "field 'spec': expected one of \"Always\", \"Never\", found \"Allways\"; did you mean 'Always'?"
        ),
        (
            "{type: string, pattern: '^[a-z]+$'}", "A1",
            "field 'spec': expected a string that matches '^[a-z]+$', found \"A1\""
        ),
        (
            "{type: array, items: {type: string}, maxItems: 1}", "[a, b]",
            "field 'spec': expected at most 1 items, found 2"
        ),
        (
            "{type: array, items: {type: string}}", "[a, true]",
            "field 'spec[1]': expected a string, found the boolean true; write it in quotes"
        ),
        (
            "{type: array, items: {type: string}, x-kubernetes-list-type: set}", "[a, b, a]",
            "field 'spec' has \"a\" more than once; remove one of them"
        ),
        (
            "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, properties: "
                + "{id: {type: integer}}}}", "[{id: 1}, {id: 1}]",
            "field 'spec' has more than one item [id=1], the first at m.yaml:16:66; remove one of them"
        ),
        (
            "{type: object, properties: {size: {type: integer}}}", "{sise: 1}",
            "field 'spec.sise' is not known to the server; did you mean 'size'?"
        ),
        ("{type: object}", "{a: 1}", "field 'spec.a' is not known to the server; remove it"),
        (
            "{type: object, required: [id, on1], properties: {id: {type: string}, on1: {type: string, default: x}}}",
            "{}",
            "field 'spec.id' is missing; write 'id:' in it"
        ),
        (
            "{type: object, additionalProperties: {type: integer}}", "{a: 1, b: x}",
            "field 'spec.b': expected an integer, found the string \"x\""
        ),
        (
            "{type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}",
            "{}", "field 'spec': one of 'a', 'b' is required"
        ),
        (
            "{type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}",
            "{a: x, b: z}",
            "field 'spec': 'a', 'b' exclude each other"
        ),
        (
            "{type: object, properties: {a: {type: string}}, not: {required: [a]}}", "{a: x}",
            "field 'spec' must not have 'a'"
        ),
        // What the server accepts.
        (
            "{type: object, properties: {kind: {type: string, default: IP}, value: {type: string}}, oneOf: [{properties: "
                + "{kind: {enum: [IP]}, value: {format: ipv4}}}, {properties: {kind: {not: {enum: [IP]}}}}]}",
            "{value: 1.2.3.4}", nil
        ),
        ("{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}", "5%", nil),
        ("{type: object, x-kubernetes-preserve-unknown-fields: true}", "{a: {b: 1}}", nil),
        (
            "{type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}",
            "{kind: A, metadata: {}}", nil
        ),
        ("{type: string, nullable: true}", "null", nil),
        ("{type: integer, minimum: 1}", "7", nil),
        ("{type: string, pattern: '(?!x)y'}", "zzz", nil),
        (
            "{type: object, properties: {a: {type: string, enum: [x]}}, anyOf: [{properties: {a: {enum: [x]}}}]}",
            "{a: x}", nil
        ),
    ]

    @Test(arguments: cases.indices)
    func `a value is checked against its schema`(index: Int) {
        let (schema, spec, message) = Self.cases[index]
        #expect(problems(schema, spec) == (message.map { [$0] } ?? []))
    }

    @Test func `every problem of an object is reported at its place`() {
        let schema = "{type: object, properties: {mode: {type: string, enum: [a, b]}, count: {type: integer}}}"
        let object = """
            apiVersion: e.test/v1
            kind: Gizmo
            metadata: {name: G}
            spec:
              mode: c
              cuont: 1
              count: "2"
            """
        #expect(
            findings(in: definition(schema) + object).problems.map { $0.prefix { $0 != " " } } == [
                "m.yaml:18:18:", "m.yaml:20:9:", "m.yaml:21:3:", "m.yaml:22:10:",
            ]
        )
    }

    @Test func `a version that is not served, and a missing spec, are reported`() {
        let text =
            definition("{type: object}") + "{apiVersion: e.test/v0, kind: Gizmo, metadata: {name: g}}\n---\n"
            + "{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: h}}"
        #expect(
            findings(in: text).problems == [
                "m.yaml:16:14: Gizmo/g: kind 'Gizmo' is not served as 'e.test/v0' (m.yaml:1:1 serves 'e.test/v1'); "
                    + "write 'apiVersion: e.test/v1'",
                "m.yaml:18:1: Gizmo/h: field 'spec' is missing; write 'spec:' in it",
            ]
        )
    }
}
