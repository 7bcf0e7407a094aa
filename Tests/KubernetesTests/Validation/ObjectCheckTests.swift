import Base
import Testing

@testable import Kubernetes

/// The printed problems and warnings of manifests, whose CustomResourceDefinitions apply to each other.
func findings(in text: String) -> (problems: [String], warnings: [String]) {
    let file = ManifestFile(Array(text.utf8), file: "m.yaml")
    #expect(file.diagnostics == [])
    let check = ObjectCheck(definitionsIn: file.manifests)
    return (
        file.manifests.flatMap(check.problems).map(\.description),
        file.manifests.compactMap(check.kindWarning).map(\.description)
    )
}

/// What is known to be wrong with an object without a server.
@Suite(.timeLimit(.minutes(15)))
struct ObjectCheckTests {
    @Test(arguments: [
        ("v1", "ConfigMap", "My_App", "up to 253 lowercase letters, digits, '-' and '.'"),
        ("v1", "Namespace", "a.b", "up to 63 lowercase letters, digits and '-'"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:Node_1", nil),
        ("v1", "ConfigMap", "a.b-c.1", nil),
        ("v1", "Service", "1a", nil),
    ])
    func `a name is checked by the kind of the object`(
        apiVersion: String,
        kind: String,
        name: String,
        expected: String?
    ) {
        let identity = ObjectIdentity(
            type: GroupVersionKind(apiVersion: apiVersion, kind: kind),
            namespace: nil,
            name: name
        )
        let problem = ObjectCheck.nameProblem(identity, at: SourceLocation(file: "m.yaml"))
        #expect(problem?.message.contains(expected ?? "") ?? (expected == nil))
    }

    @Test(arguments: [
        ("apps/v1", "Deploymnet", "1:29", "did you mean 'Deployment'?"),
        ("v1", "Deployment", "1:14", "write 'apiVersion: apps/v1'"),
        ("extensions/v1beta1", "Ingress", "1:14", "write 'apiVersion: networking.k8s.io/v1'"),
        (
            "autoscaling/v2beta2", "HorizontalPodAutoscaler", "1:14",
            "write 'apiVersion: autoscaling/v1' or 'autoscaling/v2'"
        ),
        ("policy/v1beta1", "PodSecurityPolicy", "1:35", nil),
    ])
    func `a kind that Kubernetes does not have is a warning`(
        apiVersion: String,
        kind: String,
        place: String,
        hint: String?
    ) {
        let (problems, warnings) = findings(in: "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a}}")
        #expect(problems == [])
        let message = "\(kind)/a: Kubernetes 1.36 has no kind '\(kind)' in '\(apiVersion)'"
        #expect(warnings.count == 1 && warnings[0].contains(message), "\(warnings)")
        #expect(hint.map { warnings[0].hasSuffix("; \($0)") } ?? warnings[0].hasSuffix("'"), "\(warnings)")
        #expect(hint == nil || warnings[0].hasPrefix("m.yaml:\(place): "), "\(warnings)")
    }

    @Test func `a kind of another group is no warning, and its metadata is checked`() {
        let (problems, warnings) = findings(
            in: "{apiVersion: e.test/v1, kind: Thing, metadata: {name: a, lables: {}}, spec: {a: 1}}"
        )
        #expect(problems == ["m.yaml:1:58: Thing/a: field 'metadata.lables' does not exist; did you mean 'labels'?"])
        #expect(warnings == [])
    }

    private static func pod(_ spec: String) -> String {
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {\(spec)}}"
    }

    private static let objects: [(text: String, line: String?)] = [
        (
            pod("containers: [{name: a, imagePullPolicy: always}]"),
            #"1:97: Pod/a: field 'spec.containers[0].imagePullPolicy': expected one of "Always", "IfNotPresent", "Never", "#
                + #"found "always"; did you mean 'Always'?"#
        ),
        (
            pod("containers: [{name: a, ports: [{name: http}]}]"),
            "1:88: Pod/a: field 'spec.containers[0].ports[0].containerPort' is missing"
        ),
        (
            pod("containers: [{name: a, ports: [{containerPort: '80'}]}]"),
            "1:104: Pod/a: field 'spec.containers[0].ports[0].containerPort': expected an integer, found the string \"80\"; "
                + "remove the quotes"
        ),
        (
            pod("containers: {name: a}"),
            "1:69: Pod/a: field 'spec.containers': expected a list, found a mapping: {\"name\":\"a\"}"
        ),
        (
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {b: geheim!}}",
            "1:63: Secret/a: field 'data.b': expected base64, found a string: ***; encode it with 'base64 -w0'"
        ),
        // What a server accepts.
        ("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}}", nil),
        (
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: b}, "
                + "subjects: [{kind: User, name: c}]}", nil
        ),
        (pod("containers: [{name: a, ports: [{containerPort: 1, protocol: ''}]}], dnsPolicy: null"), nil),
        (
            pod(
                "containers: [{name: a, resources: {limits: {memory: 1Gi, cpu: 2}}, livenessProbe: {tcpSocket: {port: http}}}]"
            ), nil
        ),
        ("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []}, status: {any: 1}}", nil),
    ]

    @Test(arguments: objects.indices)
    func `an object of Kubernetes' own kinds is checked`(index: Int) {
        let (text, line) = Self.objects[index]
        #expect(findings(in: text).problems == (line.map { ["m.yaml:\($0)"] } ?? []))
    }

    /// A definition whose `spec` has a schema.
    private func definition(_ spec: String) -> String {
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

    private static let cases: [(schema: String, spec: String, message: String?)] = [
        (
            "{type: string, enum: [Always, Never]}", "Allways",
            "field 'spec': expected one of \"Always\", \"Never\", found \"Allways\"; did you mean 'Always'?"
        ),
        (
            "{type: array, items: {type: string}}", "[a, true]",
            "field 'spec[1]': expected a string, found the boolean true; write it in quotes"
        ),
        (
            "{type: object, properties: {size: {type: integer}}}", "{sise: 1}",
            "field 'spec.sise' does not exist; did you mean 'size'?"
        ),
        (
            "{type: object, required: [id, on1], properties: {id: {type: string}, on1: {type: string, default: x}}}",
            "{}", "field 'spec.id' is missing"
        ),
        (
            "{type: object, additionalProperties: {type: integer}}", "{a: 1, b: x}",
            "field 'spec.b': expected an integer, found the string \"x\""
        ),
        // What the server accepts.
        ("{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}", "5%", nil),
        ("{type: object, x-kubernetes-preserve-unknown-fields: true}", "{a: {b: 1}}", nil),
        (
            "{type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}",
            "{kind: A, metadata: {}}", nil
        ),
        ("{type: string, nullable: true}", "null", nil),
    ]

    @Test(arguments: cases.indices)
    func `a custom resource is checked against its definition`(index: Int) {
        let (schema, spec, message) = Self.cases[index]
        let object = "{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g}, spec: \(spec), status: {any: 1}}"
        let problems = findings(in: definition(schema) + object).problems
        #expect(problems.count == (message == nil ? 0 : 1), "\(problems)")
        #expect(problems.allSatisfy { $0.hasPrefix("m.yaml:16:") })
        #expect(message.map { problems.first?.hasSuffix(" Gizmo/g: \($0)") == true } ?? true, "\(problems)")
    }

    @Test func `a version that is not served, and a missing spec, are reported`() {
        let text =
            definition("{type: object}") + "{apiVersion: e.test/v0, kind: Gizmo, metadata: {name: g}}\n---\n"
            + "{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: h}}"
        #expect(
            findings(in: text).problems == [
                "m.yaml:16:14: Gizmo/g: kind 'Gizmo' is not served as 'e.test/v0' (m.yaml:1:1 serves 'e.test/v1'); "
                    + "write 'apiVersion: e.test/v1'",
                "m.yaml:18:1: Gizmo/h: field 'spec' is missing",
            ]
        )
    }
}
