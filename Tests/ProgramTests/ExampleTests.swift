import TestSupport
import Testing

/// The files of `examples/ansible`; `BootTests` runs the role on a machine.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct AnsibleExampleTests {
    private static let directory = "\(TestCluster.sourceRoot)/examples/ansible"
    private static let role = "\(directory)/roles/nest_bootstrap"

    /// The names of the role's variables in a file, in its order.
    private func variables(_ path: String) async throws -> [String] {
        try await Files.text(path).yamlAsJSON().jsonKeys.filter { $0.hasPrefix("nest_bootstrap_") }
    }

    @Test func `every variable of the role has a default, a type and a description`() async throws {
        let defaults = try await variables("\(Self.role)/defaults/main.yml")
        let specification = "\(Self.role)/meta/argument_specs.yml"
        let specified = try await variables(specification)
        let document = try await Files.text(specification).yamlDocuments().first
        let options = try #require(document?["argument_specs"]?["main"]?["options"]?.mapping)
        #expect(options.count == specified.count)
        #expect(options.values.allSatisfy { $0["type"]?.string != nil && $0["description"] != nil })
        let readme = try Files.text("\(Self.directory)/README.md")
        let described = readme.matches(of: /\n\| `(nest_bootstrap_\w+)` \|/).map { String($0.output.1) }
        #expect(described.first == "nest_bootstrap_package")
        #expect(defaults == described)
        #expect(specified == described)
    }
}

/// The task file of `examples/bare-debian`, whose node `BootTests` boots.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct BareDebianExampleTests {
    private static let example = "\(TestCluster.sourceRoot)/examples/bare-debian/bootstrap.yaml"
    private static let guide = "\(TestCluster.sourceRoot)/docs/guides/bare-debian.md"

    @Test func `every node of the file has a plan without mistakes, also with the drop-in of the guide`() async throws {
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Files.read(Self.example), to: config, mode: 0o644)
        for (nodes, tasks) in [(2, 24), (3, 23)] {
            let result = try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("worker-01 (worker): \(tasks) tasks\n"), "\(result.output)")
            #expect(result.output.hasSuffix("\(nodes) nodes, nothing wrong\n"), "\(result.output)")
            let blocks = try Files.text(Self.guide).matches(
                of: /```yaml\n\s*(# \/etc\/nest-bootstrap\/bootstrap\.d[^`]*)```/
            )
            let dropIn = try #require(blocks.first.map { String($0.output.1) }).replacing("\n   ", with: "\n")
            try Files.write(Array(dropIn.utf8), to: TemporaryDirectory.file("bootstrap.d/50-site.yaml"), mode: 0o644)
        }
    }
}

/// The task file of `examples/ha-control-plane`, whose nodes `BootTests` boots.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ControlPlaneExampleTests {
    private static let example = "\(TestCluster.sourceRoot)/examples/ha-control-plane/bootstrap.yaml"

    private func check(_ dropIn: String) async throws -> ToolResult {
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Files.read(Self.example), to: config, mode: 0o644)
        let text = "variables: {share: \"\(TestCluster.sourceRoot)\"}\n\(dropIn)"
        try Files.write(Array(text.utf8), to: TemporaryDirectory.file("bootstrap.d/50-test.yaml"), mode: 0o644)
        return try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
    }

    @Test func `every node of the file has a plan without mistakes`() async throws {
        let result = try await check("")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasSuffix("5 nodes, nothing wrong\n"), "\(result.output)")
        #expect(result.output.contains("cp-01 (control-plane): 37 tasks, 41 objects\n"), "\(result.output)")
    }

    @Test func `a control plane without an address is a mistake with its place`() async throws {
        let result = try await check("nodes: {cp-04: {role: control-plane}}\n")
        #expect(result.status == 78)
        let line = /\/bootstrap\.yaml:\d+:\d+: variable 'node\.address' has no value here: .* of node 'cp-04'/
        #expect(result.errorLines.contains { $0.contains(line) }, "\(result.errors)")
    }
}

/// The user data of cloud nodes in `examples`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CloudInitTests {
    private static let path = "\(TestCluster.sourceRoot)/examples/cloud-init/user-data.yaml"

    private func text(_ path: String) throws -> String {
        try Files.text(path)
    }

    /// The content of a file that the user data writes.
    private func content(_ path: String) async throws -> String {
        let files = try #require(try await text(Self.path).yamlDocuments().first?["write_files"]?.sequence)
        return try #require(files.first { $0["path"]?.string == path }?["content"]?.string)
    }

    @Test(.needsCloudInit) func `cloud-init accepts the user data`() async throws {
        let result = try await Tool.run(ExtractedPrograms.cloudInit, ["schema", "--config-file", Self.path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("Valid cloud-config"), "\(result.output)")
    }

    @Test func `its drop-in over the installed task file passes check`() async throws {
        let node = try TestNode(try text("\(TestCluster.sourceRoot)/bootstrap.yaml"))
        try Files.makeDirectories(node.path("bootstrap.d"))
        try node.write(
            try await content("/etc/nest-bootstrap/bootstrap.d/50-cluster.yaml"),
            to: "bootstrap.d/50-cluster.yaml"
        )
        let check = try await node.run("check", "--offline", "--host-name", "w1")
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output == "6 tasks for this node, nothing wrong\n", "\(check.errors)")
    }

    @Test func `the identity is fetched for the name of the host, and only its three files`() async throws {
        let directory = TemporaryDirectory.path
        let pki = "\(directory)/pki"
        for path in [pki, "\(directory)/identity", "\(directory)/bin"] { try Files.makeDirectories(path) }
        let names = ["ca.crt", "kubelet.crt", "kubelet.key", "other"]
        for name in names { try Files.write([1], to: "\(directory)/identity/\(name)", mode: 0o644) }
        let archive = "\(directory)/\(TestProcess.hostName)"
        let create = ["--create", "--file", archive, "--directory", "\(directory)/identity"]
        #expect(try await Tool.run("tar", create + names).status == 0)
        let script = try await content("/usr/local/sbin/fetch-identity")
            .replacing("https://identity.example.com/nodes", with: "file://\(directory)")
            .replacing("/etc/kubernetes/pki", with: pki)
        let result = try await Tool.run("sh", ["-c", script])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.list(pki) == ["ca.crt", "kubelet.crt", "kubelet.key"])
        #expect(try Files.status("\(pki)/kubelet.key").map { $0.mode & 0o7777 } == 0o600)
        // An archive that lacks a file leaves nothing that the task would take for an identity.
        try Files.remove("\(pki)/kubelet.key")
        #expect(try await Tool.run("tar", create + ["kubelet.key", "kubelet.crt"]).status == 0)
        #expect(try await Tool.run("sh", ["-c", script]).status != 0)
        #expect(try Files.list(pki) == ["ca.crt", "kubelet.crt"])
        let missing = try await Tool.run("sh", ["-c", script.replacing("$(uname -n)", with: "none")])
        #expect(missing.status != 0)
    }

    @Test func `it is the rendering of the template for Terraform with the defaults`() throws {
        let directory = "\(TestCluster.sourceRoot)/examples/terraform"
        let variables = try text("\(directory)/variables.tf")
        let defaults = variables.matches(of: /variable "(\w+)" \{[^}]*default +=\s+"([^"]*)"/)
            .map { (String($0.output.1), String($0.output.2)) }
        #expect(defaults.count == 6)
        let calls = try text("\(directory)/user-data.tf")
        var rendered = try text("\(directory)/user-data.yaml.tftpl").replacing("$${", with: "\0")
        for (name, value) in defaults {
            #expect(calls.contains("= var.\(name)\n"), "\(name)")
            #expect(rendered.contains("${\(name)}"), "\(name)")
            rendered = rendered.replacing("${\(name)}", with: value)
        }
        #expect(!rendered.contains("${"))
        #expect(rendered.replacing("\0", with: "${") == (try text(Self.path)))
    }
}

/// The files in `examples/prometheus`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct PrometheusExampleTests {
    private static let directory = "\(TestCluster.sourceRoot)/examples/prometheus"

    private func text(_ name: String) throws -> String {
        try Files.text("\(Self.directory)/\(name)")
    }

    private func promtool(_ arguments: String...) async throws -> ToolResult {
        try await Tool.run(ExtractedPrograms.promtool, arguments)
    }

    @Test(.needsPrometheus) func `the alerts do what their tests say`() async throws {
        let result = try await promtool("test", "rules", "\(Self.directory)/rules-test.yml")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("SUCCESS"))
        let names = try text("rules.yml").matches(of: /alert: (\w+)/).map { String($0.output.1) }
        let tested = try text("rules-test.yml")
        for name in names { #expect(tested.contains("alertname: \(name)"), "\(name) has no test") }
    }

    /// Debian builds Prometheus without the discovery through the Kubernetes API, so that is replaced.
    @Test(.needsPrometheus) func `the scrape configuration is valid`() async throws {
        let account = "/var/run/secrets/kubernetes.io/serviceaccount"
        let configuration = try text("prometheus.yml").replacing(account, with: TemporaryDirectory.path)
        let discovery = /kubernetes_sd_configs: \[\{role: (\w+)\}\]/
        let roles = configuration.matches(of: discovery).map { String($0.output.1) }
        #expect(roles == ["node", "node", "pod"])
        let written = configuration.replacing(discovery, with: "static_configs: []")
        let files = [
            ("prometheus.yml", written), ("rules.yml", try text("rules.yml")), ("token", ""), ("ca.crt", ""),
        ]
        for (name, content) in files {
            try Files.write(Array(content.utf8), to: TemporaryDirectory.file(name), mode: 0o600)
        }
        let result = try await promtool("check", "config", TemporaryDirectory.file("prometheus.yml"))
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test func `every metric of the dashboard and the alerts is one of the agent, and the dashboard has all`()
        async throws
    {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let tasks = "tasks: {t: {file: {path: /etc/ca.crt, source: \(authority.certificatePath)}}}\n"
        let node = try TestNode(tasks)
        let file = node.written("/var/lib/prometheus/node-exporter/nest_bootstrap.prom")
        try Files.makeDirectories(node.written("/var/lib/prometheus/node-exporter"))
        #expect(try await node.run("run").status == 0)
        func names(_ text: String) -> Set<String> {
            Set(text.matches(of: /nest_bootstrap_\w+/).map { String($0.output) })
        }
        let printed = names(try Files.text(file))
        #expect(names(try text("dashboard.json")) == printed)
        #expect(names(try text("rules.yml") + text("rules-test.yml")).subtracting(printed) == [])
        let document = "\(TestCluster.sourceRoot)/docs/metrics.md"
        #expect(names(try Files.text(document)) == printed)
    }
}

/// What the workloads that are shipped may do on a node.
@Suite struct ShippedManifestTests {
    /// The pods of the workloads in the shipped manifests, by the name of the workload.
    private static func pods() async throws -> [String: JSON] {
        var pods: [String: JSON] = [:]
        for path in ["calico/calico-node.yaml", "manifests/coredns.yaml", "manifests/kube-proxy.yaml"] {
            for document in try await Files.text("\(TestCluster.sourceRoot)/\(path)").yamlDocuments() {
                guard let pod = document["spec"]?["template"]?["spec"] else { continue }
                pods[document["metadata"]?["name"]?.string ?? ""] = pod
            }
        }
        return pods
    }

    private static func containers(_ pod: JSON) -> [JSON] {
        (pod["initContainers"]?.sequence ?? []) + (pod["containers"]?.sequence ?? [])
    }

    @Test func `no workload mounts the directory of the cluster's keys`() async throws {
        let pods = try await Self.pods()
        #expect(pods.keys.sorted() == ["calico-node", "coredns", "kube-proxy"])
        for (name, pod) in pods {
            for volume in pod["volumes"]?.sequence ?? [] {
                guard let path = volume["hostPath"]?["path"]?.string else { continue }
                let isAbove = "/etc/kubernetes/pki/".hasPrefix(path.hasSuffix("/") ? path : "\(path)/")
                #expect(!isAbove, "\(name): \(path)")
            }
        }
    }

    @Test func `only two containers are privileged, and the others have the capabilities that they need`() async throws
    {
        var privileged: [String] = []
        var added: [String: [String]] = [:]
        for (name, pod) in try await Self.pods() {
            for container in Self.containers(pod) {
                let context = container["securityContext"]
                let label = "\(name)/\(container["name"]?.string ?? "")"
                if context?["privileged"]?.boolean == true {
                    privileged.append(label)
                    continue
                }
                #expect(context?["capabilities"]?["drop"]?.sequence?.compactMap(\.string) == ["ALL"], "\(label)")
                added[label] = context?["capabilities"]?["add"]?.sequence?.compactMap(\.string)
            }
        }
        #expect(privileged.sorted() == ["calico-node/calico-node", "kube-proxy/set-kernel-parameters"])
        #expect(added == ["coredns/coredns": ["NET_BIND_SERVICE"], "kube-proxy/kube-proxy": ["NET_ADMIN", "NET_RAW"]])
    }

    @Test func `pods that are not privileged throughout have the runtime's seccomp profile`() async throws {
        let profiles = try await Self.pods().mapValues { $0["securityContext"]?["seccompProfile"]?["type"]?.string }
        #expect(profiles == ["coredns": "RuntimeDefault", "kube-proxy": "RuntimeDefault", "calico-node": nil])
    }
}
