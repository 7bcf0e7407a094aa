import TestSupport
import Testing

/// What is printed about failures of objects, each provoked on a real API server: one case for each mechanism.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
struct DiagnosisTests {
    static let cases = [
        FailureCase(
            id: "F06",
            failure: "17 objects in a missing namespace",
            manifest: seventeen("{apiVersion: v1, kind: ConfigMap, metadata: {name: aNUMBER, namespace: nosuch}}"),
            lines: [
                "17 ConfigMaps (F06.yaml:2:…): namespace 'nosuch' does not exist; no task of this node provides it; apply a "
                    + "manifest of the Namespace before it, or correct 'metadata.namespace'"
            ],
        ),
        FailureCase(
            id: "F07",
            failure: "definition missing",
            manifest: """
                apiVersion: example.test/v1
                kind: Widget
                metadata: {name: w}
                """,
            lines: [
                "F07.yaml:1:13: Widget/w: the server has no kind 'Widget' in 'example.test/v1'; no task "
                    + "of this node provides it; apply the CustomResourceDefinition that defines it first"
            ],
        ),
        FailureCase(
            id: "35a",
            failure: "removed API with a successor",
            manifest: """
                apiVersion: apps/v1beta2
                kind: Deployment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "35a.yaml:1:13: Deployment/default/d: the server has no kind 'Deployment' in 'apps/v1beta2'; write "
                    + "'apiVersion: apps/v1'"
            ],
        ),
        FailureCase(
            id: "36a",
            failure: "typo in the kind",
            manifest: """
                apiVersion: apps/v1
                kind: Deploymnet
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "36a.yaml:2:7: Deploymnet/default/d: the server has no kind 'Deploymnet' in 'apps/v1'; did you mean "
                    + "'kind: Deployment'?"
            ],
        ),
        FailureCase(
            id: "28",
            failure: "schema of a definition",
            manifest: """
                apiVersion: t28.example.test/v1
                kind: Gizmo
                metadata: {name: g, namespace: diagnosis}
                spec:
                  mode: Quick
                """,
            lines: [
                #"28.yaml:5:3: Gizmo/diagnosis/g: field 'spec.mode' is refused: "Quick": supported values: "Fast", "Slow""#
            ],
        ),
        FailureCase(
            id: "27",
            failure: "invalid label",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: c, namespace: diagnosis, labels: {ok: a, wrong: a b}}
                """,
            lines: ["27.yaml:3:59: ConfigMap/diagnosis/c: field 'metadata.labels' is refused: …"],
        ),
        FailureCase(
            id: "44",
            failure: "17 objects with the same conflicts",
            manifest: seventeen(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: xNUMBER, namespace: diagnosis}
                data: {a: "2", b: "2"}
                """
            ),
            change: (old: #""1""#, new: #""2""#),
            manager: "other",
            lines: [
                "17 ConfigMaps (44.yaml:5:8, 10:8, 15:8 and 14 more): field 'data.a' is owned by 'other'…: \"1\" on the "
                    + "server, \"2\" here; take it with 'apply: {conflicts: force}' in task 't44', or remove it here",
                "17 ConfigMaps (44.yaml:5:16, 10:16, 15:16 and 14 more): field 'data.b' is owned by 'other'…: "
                    + "\"1\" on the server, \"2\" here; take it with 'apply: {conflicts: force}' in task 't44', or remove it here",
            ],
        ),
        FailureCase(
            id: "12",
            failure: "forbidden, 17 Secrets",
            manifest: seventeen(
                """
                apiVersion: v1
                kind: Secret
                metadata: {name: sNUMBER, namespace: default}
                """
            ),
            kubeconfig: "nobody",
            lines: [
                "17 Secrets (12.yaml:2:1, 6:1, 10:1 and 14 more): user 'nobody' (kubeconfig "
                    + "'nobody.kubeconfig', user 'nobody', certificate 'CN=nobody') may not get secrets in "
                    + "namespace 'default'; add to a Role in namespace 'default' bound to this user: - "
                    + #"{apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch"]}"#
            ],
        ),
        FailureCase(
            id: "17",
            failure: "quota exceeded",
            manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: adm-quota}}",
            lines: [
                "17.yaml:1:1: ConfigMap/adm-quota/c: refused by admission control: exceeded quota: q, requested: "
                    + "configmaps=1, used: configmaps=…, limited: configmaps=0"
            ],
        ),
        FailureCase(
            id: "18",
            failure: "webhook down",
            manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-down}}",
            lines: [
                #"18.yaml:1:1: ConfigMap/h-down/c: the server answered 500: …failed calling webhook "down.example.test": …"#
                    + "connection refused"
            ],
            timeout: "20s",
        ),
        FailureCase(
            id: "31",
            failure: "namespace that is being deleted",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a, namespace: term31}
                """,
            lines: ["31.yaml:1:1: ConfigMap/term31/a: the server answered 403: …because it is being terminated"],
            timeout: "20s",
        ),
    ]

    /// What the failures need on the server.
    private static let objects = """
        {apiVersion: v1, kind: Namespace, metadata: {name: adm-quota}}
        ---
        {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: adm-quota}, spec: {hard: {configmaps: "0"}}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: h-down, labels: {webhook: down}}}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: wh-down}
        webhooks:
          - name: down.example.test
            clientConfig: {url: "https://127.0.0.1:9/hook"}
            rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
            namespaceSelector: {matchLabels: {webhook: down}}
            admissionReviewVersions: [v1]
            sideEffects: None
            timeoutSeconds: 2
            failurePolicy: Fail
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: term31}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: term31, finalizers: [example.test/held]}}
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gizmos.t28.example.test}
        spec:
          group: t28.example.test
          scope: Namespaced
          names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties: {spec: {type: object, properties: {mode: {type: string, enum: [Fast, Slow]}}}}
        """

    private static let run = Task {
        let cluster = try await TestCluster.shared(namespace: "diagnosis")
        try await cluster.mustApply(objects)
        try await cluster.mustRunKubectl("delete", "namespace", "term31", "--wait=false")
        // kubectl fails as long as the definition has no conditions.
        let wait = ["wait", "--for=condition=Established", "--timeout=600s", "crd/gizmos.t28.example.test"]
        let isEstablished = try await becomes { try await cluster.kubectl(wait).status == 0 }
        try #require(isEstablished)
        return try await Diagnosis(cases, name: "diagnosis", on: cluster)
    }

    @Test(arguments: cases)
    func `a failure is reported with its place and the server's text`(item: FailureCase) async throws {
        try await Self.run.value.expect(item)
    }

    @Test func `objects that wait for the same permission are one line`() async throws {
        let output = try await Self.run.value.output
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("t12: waiting: ") }
        #expect(lines.count == 1, "\(lines.joined(separator: "\n"))")
    }
}
