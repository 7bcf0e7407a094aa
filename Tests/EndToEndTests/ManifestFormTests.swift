import TestSupport
import Testing

/// The forms that manifests come in.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ManifestFormTests {
    private func node(_ kubeconfig: String, _ options: String = "", header: String = "") throws -> TestNode {
        try TestNode("\(header)tasks: {t: {apply: {kubeconfig: \(kubeconfig), manifests: [m]\(options)}}}\n")
    }

    private func map(_ name: String, _ namespace: String, _ rest: String = "") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)}\(rest)}\n"
    }

    @Test func `lists are opened, in YAML and in JSON, and only manifests are read`() async throws {
        let cluster = try await TestCluster.shared(namespace: "lists")
        let node = try node(cluster.kubeconfig)
        let items = "[\(map("a", "lists")), \(map("b", "lists"))]"
        try node.write("{apiVersion: v1, kind: List, items: \(items)}", to: "m/1.yaml")
        try node.write("apiVersion: v1\nkind: ConfigMapList\nitems: [\(map("c", "lists"))]\n---\n---\n", to: "m/2.yml")
        try node.write(
            #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d", "namespace": "lists"}}"#,
            to: "m/3.json",
        )
        try node.write("not: [a manifest", to: "m/README.md")
        try node.write("not: [a manifest", to: "m/sub/4.yaml")
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        let names = try await cluster.kubectl("get", "configmaps", "-n", "lists", "-o", "name").output
        for name in ["a", "b", "c", "d"] { #expect(names.contains("configmap/\(name)\n")) }
    }

    @Test func `an object without a namespace goes to that of the context`() async throws {
        let cluster = try await TestCluster.shared(namespace: "of-context")
        let node = try node("k")
        let kubeconfig = try Files.text(cluster.kubeconfig)
        try node.write(kubeconfig.replacing("context: {", with: "context: {namespace: of-context, "), to: "k")
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: homeless}}", to: "m/1.yaml")
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.contains("t: ConfigMap/of-context/homeless created"))
        let object = try await cluster.object("configmap", "homeless", namespace: "of-context")
        #expect(object["metadata"]?["namespace"]?.string == "of-context")
    }

    @Test func `every object has the agent's label, the task's labels and its annotation`() async throws {
        let cluster = try await TestCluster.shared(namespace: "labels")
        let node = try node(cluster.kubeconfig, ", labels: {example.test/team: nest}")
        try node.write(map("m", "labels"), to: "m/1.yaml")
        let own = "{apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: labels, "
        try node.write(own + "labels: {app.kubernetes.io/managed-by: somebody}}}", to: "m/2.yaml")
        #expect(try await node.run("run").status == 0)
        let metadata = try await cluster.object("configmap", "m", namespace: "labels")["metadata"]
        #expect(metadata?["labels"]?["app.kubernetes.io/managed-by"]?.string == "nest-bootstrap")
        #expect(metadata?["labels"]?["example.test/team"]?.string == "nest")
        #expect(metadata?["annotations"]?["nest-bootstrap/task"]?.string == "t")
        let other = try await cluster.object("configmap", "own", namespace: "labels")["metadata"]
        #expect(other?["labels"]?["app.kubernetes.io/managed-by"]?.string == "somebody")
    }

    @Test func `variables cannot inject YAML, and only tasks that ask have them`() async throws {
        let cluster = try await TestCluster.shared(namespace: "variables")
        let header = #"variables: {hostile: "x: {y: 1}\n--- #", agreed: "yes", number: "0017"}"# + "\n"
        let node = try node(cluster.kubeconfig, ", substitute: true", header: header)
        let text = map(
            "m",
            "variables",
            #", data: {a: "${hostile}", b: "${agreed}", c: "n${number}", d: "$${agreed}", e: "${node.name}"}"#,
        )
        try node.write(text, to: "m/1.yaml")
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        let data = try await cluster.object("configmap", "m", namespace: "variables")["data"]
        #expect(data?["a"]?.string == "x: {y: 1}\n--- #")
        #expect(data?["b"]?.string == "yes")
        #expect(data?["c"]?.string == "n0017")
        #expect(data?["d"]?.string == "${agreed}")
        #expect(data?["e"]?.string == TestProcess.hostName)
        let plain = try TestNode(
            "tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m]}}}\n",
            in: TemporaryDirectory.file("plain"),
        )
        try plain.write(map("plain", "variables", #", data: {a: "${no.such}"}"#), to: "m/1.yaml")
        #expect(try await plain.run("run").status == 0)
        let kept = try await cluster.object("configmap", "plain", namespace: "variables")["data"]
        #expect(kept?["a"]?.string == "${no.such}")
    }
}

/// Manifests that come by a pinned URL.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct PinnedURLTests {
    @Test func `a pinned URL is fetched once, and not needed again`() async throws {
        let cluster = try await TestCluster.shared(namespace: "pinned")
        let body = Array("{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: pinned}}\n".utf8)
        let digest = try await sha256Digest(String(decoding: body, as: UTF8.self))
        let server = try LoopbackServer { request in
            request.target == "/old" ? .response(302, headers: ["Location: /crds.yaml"]) : .response(200, body: body)
        }
        let manifest = "{url: \"\(server.url)/old\", sha256: \"\(digest)\"}"
        let node = try TestNode(
            """
            tasks:
              pinned:
                timeout: 10m
                apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(manifest)]}
            """
        )
        let first = try await node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(server.requests.map(\.target) == ["/old", "/crds.yaml"])
        let kept = node.written("/var/lib/nest-bootstrap/cache/pinned/\(digest)")
        #expect(try Files.read(kept) == body)
        server.stop()
        let second = try await node.run("run")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.outputLines.last == "1 task: 1 unchanged")
    }
}
