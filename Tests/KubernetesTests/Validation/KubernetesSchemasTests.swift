import Base
import Testing
import YAML

@testable import Kubernetes

/// The schemas that are part of the program.
struct KubernetesSchemasTests {
    @Test func `every supported version is known, and every definition can be read`() {
        let schemas = KubernetesSchemas.own
        #expect(schemas.versions == (20...36).map(KubernetesVersion.init(minor:)))
        for type in schemas.types {
            let versions = schemas.versions(of: type)
            #expect(!versions.isEmpty && Set(versions).count == versions.count, "\(type)")
            for version in versions {
                #expect(
                    schemas.schema(of: type, in: version)?.field("kind")?.expectation == .string,
                    "\(type) \(version)"
                )
            }
        }
    }

    @Test(arguments: [
        ("kind 20 v1", []), ("kind 20 v1 A a extra", []), ("schema 20 a", []), ("kind x-y v1 A a", []),
        ("kind 22-20 v1 A a", []),
        ("kind 20-22,24 v1 A a", [20, 21, 22, 24]), ("\n\nkind 20 v1 A a\n", [20]),
    ])
    func `a line that is not understood is left out`(text: String, minors: [Int]) {
        let type = GroupVersionKind(apiVersion: "v1", kind: "A")
        #expect(KubernetesSchemas(Array(text.utf8)).versions(of: type).map(\.minor) == minors)
    }

    private static func pod(_ spec: String) -> String {
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {\(spec)}}"
    }

    @Test(
        arguments: [
            (
                pod("containers: [{name: a, imagePullPolicy: always}]"), nil,
                #"1:97: Pod/a: field 'spec.containers[0].imagePullPolicy': expected one of "Always", "IfNotPresent", "Never", "#
                    + #"found "always"; did you mean 'Always'?"#
            ),
            (
                pod("containers: [{name: a, ports: [{name: http}]}]"), nil,
                "1:88: Pod/a: field 'spec.containers[0].ports[0].containerPort' is missing; write 'containerPort:' in it"
            ),
            (
                pod("container: [{name: a}]"), nil,
                "1:57: Pod/a: field 'spec.container' does not exist; did you mean 'containers'?"
            ),
            (
                pod("image: b, containers: [{name: a}]"), "1.30",
                "1:57: Pod/a: field 'spec.image' does not exist; move it down, into 'containers'"
            ),
            (
                pod("containers: [{name: a, hostNetwork: true}]"), "1.20",
                "1:80: Pod/a: field 'spec.containers[0].hostNetwork' does not exist; move it up, beside 'containers'"
            ),
            (
                pod("containers: [{name: a}], hostUsers: false"), "1.24",
                "1:82: Pod/a: field 'spec.hostUsers' exists since Kubernetes 1.25; use Kubernetes 1.25 or later, or remove it"
            ),
            (
                "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}}", nil,
                nil
            ),
        ] as [(String, String?, String?)]
    )
    func `a field is checked`(text: String, version: String?, line: String?) {
        let found = findings(in: text, version: version).problems
        #expect(found == (line.map { ["m.yaml:\($0)"] } ?? []))
    }

    @Test(arguments: [
        // A field of some versions, or one that a version has made optional.
        pod("containers: [{name: a}], hostUsers: false"),
        pod("containers: [{name: a, resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]}]"),
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {topologyKeys: ['*'], ports: [{port: 1}]}}",
        // Values that the server fills in.
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: b}, "
            + "subjects: [{kind: User, name: c}]}",
        pod("containers: [{name: a, ports: [{containerPort: 1, protocol: ''}]}], dnsPolicy: null"),
    ])
    func `without a version, nothing is wrong that is right in a version`(text: String) {
        #expect(findings(in: text).problems == [])
    }

    @Test func `a server's document does not say which required fields the server fills in`() throws {
        let text = """
            {"info": {"version": "v1.99.0"}, "definitions": {"org.example.v1.Thing": {
              "type": "object", "required": ["spec"], "x-kubernetes-group-version-kind":
                [{"group": "example.org", "version": "v1", "kind": "Thing"}],
              "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
                "mode": {"type": "string", "enum": ["On", "Off"]}, "spec": {"type": "object"}}}}}
            """
        let document = try #require(SchemaDocument(json: Array(text.utf8)))
        let thing = "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, mode: on-, size: 1}"
        #expect(
            findings(in: thing, document: document).problems == [
                "m.yaml:1:70: Thing/a: field 'mode': expected one of \"On\", \"Off\", found \"on-\"; did you mean 'On'?",
                "m.yaml:1:75: Thing/a: field 'size' is not known to the server; remove it",
            ]
        )
    }
}
