import TestSupport
import Testing

/// The annotations with which a manifest says how its object is treated, on a real API server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ObjectAnnotationTests {
    private func map(_ set: PrunedSet, annotations: String, data: String = "1") -> String {
        set.map("only", metadata: "annotations: {\(annotations)}", data: data)
    }

    @Test func `an object that is only created is left to others, shown by diff and run, and pruned`() async throws {
        let set = try await PrunedSet("absent")
        let setting = "nest-bootstrap/apply: if-absent"
        try set.write(["a"], more: map(set, annotations: setting))
        let created = try await set.node.run("run")
        #expect(
            created.output.contains("absent: ConfigMap/absent/only created\n"),
            "\(created.output)\(created.errors)"
        )
        let patch = #"{"data": {"a": "theirs"}}"#
        try await set.cluster.mustRunKubectl("patch", "cm", "only", "-n", "absent", "-p", patch)
        try set.write(["a"], more: map(set, annotations: setting, data: "2"))
        let line = "ConfigMap/absent/only: left to others (its manifest has the annotation '\(setting)')\n"
        let diff = try await set.node.run("diff")
        #expect(diff.status == 0, "\(diff.errors)")
        #expect(diff.output.hasPrefix(line) && !diff.output.contains("+++"), "\(diff.output)")
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("absent: \(line)"), "\(result.output)")
        #expect(result.outputLines.last?.contains("1 unchanged") == true, "\(result.output)")
        #expect(try await set.cluster.object("cm", "only", namespace: "absent")["data"]?["a"]?.string == "theirs")
        try set.write(["a"])
        let pruned = try await set.node.run("run")
        #expect(pruned.output.contains("ConfigMap/absent/only deleted"), "\(pruned.output)\(pruned.errors)")
    }
}

/// The effects of the annotations, and of `conflicts: keep`, in the program.
extension ObjectAnnotationTests {
    @Test func `an object that cannot be changed is replaced, and diff shows it as deleted and created again`()
        async throws
    {
        let set = try await PrunedSet("replaced")
        let job = { (image: String) in
            """
            {apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: replaced, annotations:
             {nest-bootstrap/replace: on-immutable}}, spec: {template: {spec: {restartPolicy: Never,
             containers: [{name: c, image: \(image)}]}}}}
            """
        }
        try set.write(["a"], more: job("old"))
        #expect(try await set.node.run("run").status == 0)
        let uid = try await set.cluster.object("job", "j", namespace: "replaced")["metadata"]?["uid"]
        try set.write(["a"], more: job("new"))
        let note = "Job/replaced/j: deleted and created again, because field 'spec.template' cannot be changed\n"
        let diff = try await set.node.run("diff")
        #expect(diff.output.contains(note) && diff.output.contains("\n+      - image: new\n"), "\(diff.output)")
        let planned = try await set.node.run("run", "--dry-run")
        #expect(planned.output.contains("replaced: Job/replaced/j would be replaced\n"), "\(planned.output)")
        #expect(try await set.cluster.object("job", "j", namespace: "replaced")["metadata"]?["uid"] == uid)
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("replaced: Job/replaced/j replaced\n"), "\(result.output)")
        #expect(try await set.cluster.object("job", "j", namespace: "replaced")["metadata"]?["uid"] != uid)
    }

    @Test func `the roles that rbac prints are enough for objects with annotations`() async throws {
        let namespace = "kube-system"
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate("annotations", subject: "/CN=annotations")
        let node = try TestNode("", in: TemporaryDirectory.file("annotations"))
        let kubeconfig = node.path("agent.kubeconfig")
        try Files.write(try Files.read(cluster.kubeconfig), to: kubeconfig, mode: 0o600)
        let files = [
            "--client-certificate=\(cluster.credentials)/annotations.crt",
            "--client-key=\(cluster.credentials)/annotations.key",
        ]
        for arguments in [
            ["config", "set-credentials", "annotations"] + files,
            ["config", "set-context", "--current", "--user=annotations"],
        ] {
            try await cluster.mustRunKubectl(["--kubeconfig", kubeconfig] + arguments)
        }
        let objects = { (data: String) in
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: annotated-only, namespace: \(namespace), annotations:
             {nest-bootstrap/apply: if-absent}}, data: {a: '1'}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: annotated-replaced, namespace: \(namespace), annotations:
             {nest-bootstrap/replace: on-immutable}}, immutable: true, stringData: {a: '\(data)'}}

            """
        }
        try node.write(objects("1"), to: "m.yaml")
        try node.write("tasks: {t: {apply: {kubeconfig: \(kubeconfig), manifests: [m.yaml]}}}", to: "bootstrap.yaml")
        let roles = try await node.run("rbac", "--user", "annotations")
        #expect(roles.status == 0, "\(roles.errors)")
        try await cluster.mustApply(roles.output)
        let first = try await node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        try node.write(objects("2"), to: "m.yaml")
        let second = try await node.run("run")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.output.contains("Secret/kube-system/annotated-replaced replaced"), "\(second.output)")
    }
}
