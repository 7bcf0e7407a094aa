import TestSupport
import Testing

/// Reports about faulty manifests on a real API server, one of each mechanism; the module tests have the others.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ManifestFailureTests {
    private static let manifests = [
        "misspelt": """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: t, namespace: faulty}
        spec:
          selector: {matchLabels: {app: t}}
          template:
            metadata: {labels: {app: t}}
            spec:
              hostNetwrok: true
              containers:
                - name: c
                  image: i
                  zzz: 1
        """,
        "immutable": """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: imm, namespace: faulty}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        """,
        "conflict": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c, namespace: faulty}
        data:
          a: ours
        """,
    ]

    @Test func `misspelt fields, an immutable one and a conflict are reported at their places`() async throws {
        let cluster = try await TestCluster.shared(namespace: "faulty")
        let before = { (name: String) in Self.manifests[name] ?? "" }
        try await cluster.mustApply(before("immutable").replacing("edit", with: "view"), manager: "nest-bootstrap")
        try await cluster.mustApply(before("conflict").replacing("ours", with: "theirs"), manager: "other")
        let node = try TestNode("tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m]}}}\n")
        for (name, text) in Self.manifests { try node.write(text, to: "m/\(name).yaml") }
        let result = try await node.run("run")
        #expect(result.status == 1)
        show("faulty manifests", ours: result)
        #expect(result.errorLines.count == 4, "\(result.errors)")
        for (start, words) in [
            ("misspelt.yaml:9:7: DaemonSet/faulty/t: field 'spec.template.spec.hostNetwrok' ", ["'hostNetwork'?"]),
            ("misspelt.yaml:13:11: DaemonSet/faulty/t: field 'spec.template.spec.containers[0].zzz' ", []),
            (
                "immutable.yaml:7:3: RoleBinding/faulty/imm: field 'roleRef.name' cannot be changed: ",
                [#""view" on the server, "edit" here"#, "nest-bootstrap/replace: on-immutable"]
            ),
            (
                "conflict.yaml:5:3: ConfigMap/faulty/c: field 'data.a' is owned by 'other'",
                [#""theirs" on the server, "ours" here"#, "conflicts: force"]
            ),
        ] {
            let line = result.errorLines.first { $0.hasPrefix("t: error: \(node.path("m"))/\(start)") }
            #expect(line != nil && words.allSatisfy { line?.contains($0) == true }, "\(start): \(result.errors)")
        }
    }
}

/// One broken manifest among thirty.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct BrokenManifestTests {
    @Test func `29 of 30 are applied, one error is reported, and only dependants are skipped`() async throws {
        let cluster = try await TestCluster.shared(namespace: "thirty")
        let apply = "apply: {kubeconfig: \(cluster.kubeconfig), manifests: "
        let node = try TestNode(
            """
            tasks:
              thirty: {\(apply)[thirty]}}
              dependant: {after: [thirty], \(apply)[other.yaml]}}
              last: {after: [dependant], exec: {command: "true"}}
              independent: {\(apply)[other.yaml]}}
            """
        )
        for number in 10..<40 {
            let key = number == 27 ? "dataa" : "data"
            try node.write(
                """
                # Two documents, of which the first holds nothing.
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: m\(number), namespace: thirty}
                \(key): {number: "\(number)"}
                """,
                to: "thirty/m\(number).yaml",
            )
        }
        try node.write(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: thirty}}",
            to: "other.yaml"
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let path = node.path("thirty/m27.yaml")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.hasPrefix("thirty: error: \(path):6:1: ConfigMap/thirty/m27: field 'dataa'"))
        let ends = result.output.masked.split(separator: "\n").filter { !$0.hasSuffix(" created") }
        #expect(
            Set(ends.dropLast()) == [
                "thirty: failed in SOON (29 created, 1 failed)",
                "independent: changed in SOON (1 created)",
                "dependant: skipped: 'thirty' did not succeed",
                "last: skipped: 'dependant' did not succeed",
            ]
        )
        #expect(ends.last == "4 tasks: 1 changed, 1 failed, 2 skipped")
        let maps = try await cluster.kubectl("get", "configmaps", "-n", "thirty", "-o", "name")
        #expect(maps.outputLines.filter { $0.contains("/m") }.count == 29)
        let status = try await node.run("status")
        #expect(status.status == 1)
        #expect(status.output.contains("field 'dataa' does not exist"))
    }
}
