import TestSupport
import Testing

/// What is printed about failures of objects, each provoked on a real API server: one for each mechanism.
///
/// The tasks run beside each other in one run.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct DiagnosisTests {
    /// A failure of one task, and what must be printed about it.
    private struct Failure {
        /// The name of the task and of its manifest.
        var task: String
        var manifest: String
        var kubeconfig = "admin"
        var timeout = "10m"
        /// The lines of standard error without the task; `…` is any text.
        var lines: [String]
    }

    /// Repeats a manifest 17 times, each with its number in the place of `NUMBER`.
    private static func seventeen(_ manifest: String) -> String {
        (0..<17).map { "---\n\(manifest.replacing("NUMBER", with: "\($0)"))\n" }.joined()
    }

    private static func map(_ name: String, _ namespace: String, _ more: String = "") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)\(more)}}"
    }

    private static let conflicts = seventeen(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: xNUMBER, namespace: diagnosis}
        data: {a: "2", b: "2"}
        """
    )

    private static let failures = [
        Failure(
            task: "schema",
            manifest: """
                apiVersion: t28.example.test/v1
                kind: Gizmo
                metadata: {name: g, namespace: diagnosis}
                spec:
                  mode: Quick
                """,
            lines: [#"schema.yaml:5:3: Gizmo/diagnosis/g: field 'spec.mode' is refused: "Quick": …"Fast", "Slow""#]
        ),
        Failure(
            task: "label",
            manifest: map("c", "diagnosis", ", labels: {wrong: a b}"),
            lines: ["label.yaml:1:…: ConfigMap/diagnosis/c: field 'metadata.labels' is refused: …"]
        ),
        Failure(
            task: "conflicts",
            manifest: conflicts,
            lines: ["a", "b"].map { key in
                "… objects of kind ConfigMap (conflicts.yaml:…:…, … more): field 'data.\(key)' is owned by 'other'…: "
                    + #""1" on the server, "2" here; …"#
            }
        ),
        Failure(
            task: "forbidden",
            manifest: seventeen("apiVersion: v1\nkind: Secret\nmetadata: {name: sNUMBER, namespace: default}"),
            kubeconfig: "nobody",
            lines: [
                "… objects of kind Secret (forbidden.yaml:…): user 'nobody' …may not get secrets in namespace 'default'; …"
                    + #"{apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch"]}"#
            ]
        ),
        Failure(
            task: "quota",
            manifest: map("c", "adm-quota"),
            lines: ["quota.yaml:1:1: ConfigMap/adm-quota/c: refused by admission control: exceeded quota: …"]
        ),
        Failure(
            task: "webhook",
            manifest: map("c", "h-down"),
            timeout: "20s",
            lines: [#"webhook.yaml:1:1: ConfigMap/h-down/c: …500: …"down.example.test": …refused; start its server, …"#]
        ),
        Failure(
            task: "terminating",
            manifest: map("a", "term31"),
            timeout: "20s",
            lines: ["terminating.yaml:1:1: ConfigMap/term31/a: …403: …because it is being terminated"]
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

    @Test func `failures are reported with their places and the server's text, and the same ones in one line`()
        async throws
    {
        let cluster = try await TestCluster.shared(namespace: "diagnosis")
        try await cluster.mustApply(Self.objects)
        try await cluster.mustApply(Self.conflicts.replacing(#""2""#, with: #""1""#), manager: "other")
        try await cluster.mustRunKubectl("delete", "namespace", "term31", "--wait=false")
        // kubectl fails as long as the definition has no conditions.
        let wait = ["wait", "--for=condition=Established", "--timeout=600s", "crd/gizmos.t28.example.test"]
        try #require(try await becomes { try await cluster.kubectl(wait).status == 0 })
        let tasks = Self.failures.map { failure in
            "  \(failure.task): {timeout: \(failure.timeout), apply: {kubeconfig: "
                + "\(cluster.directory)/\(failure.kubeconfig).kubeconfig, manifests: [\(failure.task).yaml]}}\n"
        }
        let node = try TestNode("tasks:\n\(tasks.joined())", in: "\(cluster.directory)/diagnosis")
        for failure in Self.failures { try node.write(failure.manifest, to: "\(failure.task).yaml") }
        let result = try await node.run("run")
        show("failures of objects", ours: result)
        for failure in Self.failures {
            let start = "\(failure.task): error: "
            let found = result.errorLines.filter { $0.hasPrefix(start) }
                .map { String($0.dropFirst(start.count)).replacing("\(node.directory)/", with: "") }
            // Objects for which the server's answers come late are in lines of their own.
            #expect((failure.lines.count..<17).contains(found.count), "\(found.joined(separator: "\n"))")
            for line in failure.lines {
                let isFound = found.contains { Self.matches($0, line) }
                #expect(isFound, "\(line)\nis not among\n\(found.joined(separator: "\n"))")
            }
        }
        #expect(result.outputLines.count { $0.hasPrefix("forbidden: waiting: ") } == 1, "\(result.output)")
    }

    /// Whether a text is that of a pattern in which `…` is any text.
    private static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return text == pattern }
        guard text.hasPrefix(parts[0]), text.hasSuffix(parts[parts.count - 1]) else { return false }
        var rest = text.dropFirst(parts[0].count)
        for part in parts.dropFirst() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
