import Base
@testable import Kubernetes
import TestSupport
import Testing

/// What is said when a real API server refuses an object.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct RefusalTests {
    private let daemonSet = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: d, namespace: NAMESPACE}
        spec:
          selector: {matchLabels: {app: d}}
          template:
            metadata: {labels: {app: d}}
            spec:
              containers:
              - name: c
                image: example
                ports:
                - containerPort: 80
        """

    /// Applies a text in a new namespace, and returns the lines with the namespace's name left out.
    private func lines(_ text: String, after before: String? = nil) async throws -> [String] {
        let (session, namespace) = try await Session.inNewNamespace()
        func apply(_ text: String) async -> [String] {
            await session.apply(text.replacing("NAMESPACE", with: namespace)).map {
                $0.replacing(namespace, with: "NAMESPACE")
            }
        }
        if let before {
            let made = await apply(before)
            try #require(made.allSatisfy { $0.hasPrefix("created ") }, "\(made)")
        }
        return await apply(text)
    }

    @Test func `all misspelt fields are reported with their locations and similar names`() async throws {
        let text = daemonSet.replacing("image:", with: "imagee:")
            .replacing("      containers:", with: "      hostNetwrok: true\n      containers:")
            .replacing("selector:", with: "zzz: {}\n  selector:")
        #expect(
            try await lines(text) == [
                """
                m.yaml:5:3: DaemonSet/NAMESPACE/d: field 'spec.zzz' does not exist
                m.yaml:10:7: DaemonSet/NAMESPACE/d: field 'spec.template.spec.hostNetwrok' does not exist; \
                did you mean 'hostNetwork'?
                m.yaml:13:9: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers[0].imagee' does not exist; \
                did you mean 'image'?
                """
            ]
        )
    }

    @Test func `all wrong types are reported with the value`() async throws {
        let text = daemonSet.replacing("image: example", with: "image: 1.10")
            .replacing("containerPort: 80", with: "containerPort: '80'")
        #expect(
            try await lines(text) == [
                """
                m.yaml:11:16: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers[0].image': expected a \
                string, found the number 1.1; write it in quotes: '"1.10"'
                m.yaml:13:26: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers[0].ports[0].containerPort': \
                expected an integer, found the string "80"; remove the quotes
                """
            ]
        )
    }

    @Test func `a repeated port is reported at its second location`() async throws {
        let text = daemonSet + "\n        - {containerPort: 80, protocol: UDP}\n        - containerPort: 80"
        let said = try await lines(text)
        #expect(said.count == 1)
        #expect(
            said.first?.hasPrefix("m.yaml:15:11: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers") == true
        )
    }

    @Test func `values that validation refuses are reported at their locations`() async throws {
        let text = daemonSet.replacing("image: example", with: "imagePullPolicy: Sometimes")
        let said = try await lines(text).joined().split(separator: "\n")
        #expect(said.count == 2)
        #expect(
            said.contains(
                """
                m.yaml:10:9: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers[0].image' is required; add 'image:'
                """
            )
        )
        let start =
            "m.yaml:11:9: DaemonSet/NAMESPACE/d: field 'spec.template.spec.containers[0].imagePullPolicy' is refused"
        #expect(said.contains { $0.hasPrefix(start) })
    }

    @Test func `a Secret's faults are reported without its values`() async throws {
        let secret = "kind: Secret, metadata: {name: s, namespace: NAMESPACE}, data: {a: '!hunter2', b: 4711}"
        let said = try await lines("{apiVersion: v1, \(secret)}")
        #expect(
            said == [
                """
                m.yaml:1:85: Secret/NAMESPACE/s: field 'data.a': expected base64, found a string: ***; \
                encode it with 'base64 -w0'
                m.yaml:1:100: Secret/NAMESPACE/s: field 'data.b': expected base64, found a number: ***
                """
            ]
        )
    }

    @Test(arguments: [
        (
            daemonSetSelector("d"), daemonSetSelector("e"), "2:42", "DaemonSet/NAMESPACE/d",
            "spec.selector.matchLabels.app", #""d" on the server, "e" here"#
        ),
        (
            binding("view"), binding("edit"), "2:67", "ClusterRoleBinding/NAMESPACE", "roleRef.name",
            #""view" on the server, "edit" here"#
        ),
        (
            job("a"), job("b"), "2:78", "Job/NAMESPACE/j", "spec.template.spec.containers[0].image",
            #""a" on the server, "b" here"#
        ),
    ])
    func `a field that cannot change is reported with both values`(
        before: String,
        after: String,
        location: String,
        object: String,
        field: String,
        values: String,
    ) async throws {
        let said = try await lines(after, after: before)
        let start = "m.yaml:\(location): \(object): field '\(field)' cannot be changed: \(values); "
        #expect(said.count == 1 && said[0].hasPrefix(start), "\(said)")
    }

    private static func daemonSetSelector(_ app: String) -> String {
        """
        {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d, namespace: NAMESPACE},
        spec: {selector: {matchLabels: {         app: \(app)}},
        template: {metadata: {labels: {app: \(app)}}, spec: {containers: [{name: c, image: x}]}}}}
        """
    }

    private static func binding(_ role: String) -> String {
        """
        {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: NAMESPACE},
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \(role)}}
        """
    }

    private static func job(_ image: String) -> String {
        """
        {apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: NAMESPACE},
        spec: {template: {spec: {restartPolicy: Never, containers: [{name: c,        image: \(image)}]}}}}
        """
    }

    @Test(arguments: [
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: nosuch}}",
            "m.yaml:1:66: ConfigMap/nosuch/m: namespace 'nosuch' does not exist; "
                + "apply a manifest of the Namespace before it, or correct 'metadata.namespace'"
        ),
        (
            "{apiVersion: example.test/v1, kind: Widget, metadata: {name: m}}",
            "m.yaml:1:14: Widget/m: the server has no kind 'Widget' in 'example.test/v1'; "
                + "apply the CustomResourceDefinition that defines it first"
        ),
        (
            "{apiVersion: apps/v1, kind: Daemonset, metadata: {name: m}}",
            "m.yaml:1:29: Daemonset/m: the server has no kind 'Daemonset' in 'apps/v1'; did you mean 'kind: DaemonSet'?"
        ),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: NAMESPACE, labls: {a: b}, labels: [c]}}",
            """
            m.yaml:1:82: ConfigMap/NAMESPACE/m: field 'metadata.labls' does not exist; did you mean 'labels'?
            m.yaml:1:105: ConfigMap/NAMESPACE/m: field 'metadata.labels': expected a mapping, found a list: ["c"]
            """
        ),
    ])
    func `other refusals are reported with a hint`(text: String, line: String) async throws {
        let said = try await lines(text)
        // The namespace's name is longer than its placeholder.
        #expect(said.map(Self.withoutColumns) == [Self.withoutColumns(line)])
        if !text.contains("NAMESPACE") { #expect(said == [line]) }
    }

    private static func withoutColumns(_ text: String) -> String {
        text.replacing(/yaml:(\d+):\d+/) { "yaml:\($0.1)" }
    }

    @Test func `a missing permission is reported with the rule to add`() async throws {
        let path = try await TestCluster.shared.value.nobodyKubeconfig
        let nobody = try Session(kubeconfig: path)
        let who = "user 'nobody' (kubeconfig '\(path)', user 'nobody', certificate 'CN=nobody')"
        #expect(
            await nobody.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}") == [
                "m.yaml:1:1: ConfigMap/default/a: \(who) may not get configmaps in namespace 'default'; "
                    + "add to a Role in namespace 'default' bound to this user: "
                    + #"- {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch"]}"#
            ]
        )
    }

    @Test func `a definition whose names are taken is reported with the reason`() async throws {
        func definition(_ plural: String) -> String {
            """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(plural).NAMESPACE.test}
            spec:
              group: NAMESPACE.test
              scope: Cluster
              names: {kind: Widget, plural: \(plural)}
              versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
            """
        }
        let said = try await lines(definition("gadgets"), after: definition("widgets"))
        #expect(said.count == 1)
        #expect(
            said.first?.hasPrefix(
                "m.yaml:1:1: CustomResourceDefinition/gadgets.NAMESPACE.test: the definition is on the server, "
                    + "but its objects are not served: it cannot be established: "
            ) == true
        )
    }
}
