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

    @Test func `a kind that can only be created is reported`() async throws {
        let cluster = try await TestCluster.shared(namespace: "kept-not")
        let lines = try await failure(
            of: "apiVersion: v1\nkind: Binding\nmetadata: {name: b, namespace: kept-not}\ntarget: {name: node}\n",
            cluster,
            title: "a kind that can only be created",
        )
        #expect(
            lines == [
                "broken: error: m.yaml:1:1: Binding/kept-not/b: the server answered 405: objects of kind 'Binding' cannot be "
                    + "applied (they support only: create)"
            ]
        )
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

    @Test func `a value of the wrong type is reported with the expected type and the value`() async throws {
        let cluster = try await TestCluster.shared(namespace: "wrong-type")
        let lines = try await failure(
            of: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: wrong-type}
                spec:
                  containers:
                    - name: c
                      image: i
                      ports:
                        - containerPort: "80"
                """,
            cluster,
            title: "wrong type",
        )
        #expect(
            lines == [
                "broken: error: m.yaml:9:26: Pod/wrong-type/p: field 'spec.containers[0].ports[0].containerPort': "
                    + "expected an integer, found the string \"80\"; remove the quotes"
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

    @Test func `a task that forces conflicts takes the field`() async throws {
        let cluster = try await TestCluster.shared(namespace: "take-over")
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: take-over}, data: {a: theirs}}"
        try await cluster.mustApply(map, manager: "other")
        let node = try TestNode(
            """
            tasks:
              taking: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml], conflicts: force}}
            """
        )
        try node.write(map.replacing("theirs", with: "ours"), to: "m.yaml")
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await cluster.object("configmap", "c", namespace: "take-over")["data"]?["a"]?.string == "ours")
    }

    @Test func `a duplicate key is reported with both locations, and nothing is applied`() async throws {
        let cluster = try await TestCluster.shared(namespace: "duplicate")
        let lines = try await failure(
            of: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: dup, namespace: duplicate}
                data:
                  a: "1"
                  b: "2"
                  a: "3"
                """,
            cluster,
            title: "duplicate key",
        )
        #expect(
            lines == [
                "broken: error: m.yaml:7:3: key 'a' is set twice, the first time at m.yaml:5:3; remove one of the two"
            ]
        )
    }

    @Test func `broken YAML is reported where the string begins`() async throws {
        let cluster = try await TestCluster.shared(namespace: "broken-yaml")
        let lines = try await failure(
            of: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: b, namespace: broken-yaml}
                data:
                  a: "never closed
                  b: c

                """,
            cluster,
            title: "broken YAML",
        )
        let words =
            "broken: error: m.yaml:5:6: the string that begins with \" here is not closed before the end of the "
        #expect(lines.count == 1 && lines[0].hasPrefix(words), "\(lines)")
    }
}
