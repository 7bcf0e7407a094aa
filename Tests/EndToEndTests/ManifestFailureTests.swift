import TestSupport
import Testing

/// Reports about faulty manifests on a real API server, next to those of kubectl.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct ManifestFailureTests {
    /// Runs one task `broken` that applies one manifest, and returns its lines of standard error.
    private func failure(
        of manifest: String,
        _ cluster: TestCluster,
        title: String,
        manager: String = "kubectl",
    ) async throws -> [String] {
        let node = try TestNode(
            "tasks: {broken: {timeout: 10m, apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]}}}\n"
        )
        let path = try node.write(manifest, to: "m.yaml")
        let result = try await node.run("run")
        #expect(result.status == 1)
        let apply = ["apply", "--server-side", "--field-manager=\(manager)", "-f", path]
        show(title, ours: result, kubectl: try await cluster.kubectl(apply))
        return result.errorLines.map { $0.replacing(path, with: "m.yaml").masked }
    }

    @Test func `every misspelt field is reported at its key, with a similar name`() async throws {
        let cluster = try await TestCluster.shared(namespace: "misspelt")
        let lines = try await failure(
            of: """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: t, namespace: misspelt}
                spec:
                  selector: {matchLabels: {app: t}}
                  template:
                    metadata: {labels: {app: t}}
                    spec:
                      hostNetwrok: true
                      containers:
                        - name: c
                          image: i
                          imagePulPolicy: Always
                          zzz: 1
                """,
            cluster,
            title: "misspelt field",
        )
        let start = "broken: error: m.yaml"
        #expect(
            lines == [
                "\(start):9:7: DaemonSet/misspelt/t: field 'spec.template.spec.hostNetwrok' "
                    + "does not exist; did you mean 'hostNetwork'?",
                "\(start):13:11: DaemonSet/misspelt/t: field 'spec.template.spec.containers[0].imagePulPolicy' "
                    + "does not exist; did you mean 'imagePullPolicy'?",
                "\(start):14:11: DaemonSet/misspelt/t: field 'spec.template.spec.containers[0].zzz' "
                    + "does not exist",
            ]
        )
    }

    @Test func `an immutable field is reported with both values and hints`() async throws {
        let cluster = try await TestCluster.shared(namespace: "immutable")
        func binding(_ role: String) -> String {
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: imm, namespace: immutable}
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: \(role)
            """
        }
        try await cluster.mustApply(binding("view"), manager: "nest-bootstrap")
        let lines = try await failure(of: binding("edit"), cluster, title: "immutable field", manager: "nest-bootstrap")
        #expect(
            lines == [
                "broken: error: m.yaml:7:3: RoleBinding/immutable/imm: field 'roleRef.name' cannot be changed: "
                    + #""view" on the server, "edit" here; "#
                    + "restore the value, or choose another name, or add annotation 'nest-bootstrap/replace: on-immutable', "
                    + "with which the object is deleted and created again"
            ]
        )
    }

    @Test func `a conflict is reported with both values, the other manager and when it wrote`() async throws {
        let cluster = try await TestCluster.shared(namespace: "conflicts")
        func map(_ value: String) -> String {
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c, namespace: conflicts}
            data:
              a: \(value)
            """
        }
        try await cluster.mustApply(map("theirs"), manager: "other")
        let lines = try await failure(of: map("ours"), cluster, title: "conflict")
        #expect(
            lines == [
                "broken: error: m.yaml:5:3: ConfigMap/conflicts/c: field 'data.a' is owned by 'other', "
                    + #"which last wrote at NOW: "theirs" on the server, "ours" here; "#
                    + "take it with 'apply: {conflicts: force}' in task 'broken', or remove it here"
            ]
        )
    }
}
