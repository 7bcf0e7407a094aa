import TestSupport
import Testing

/// The NixOS module: what it makes of its options, and what it refuses.
@Suite(.temporaryDirectory, .needsNix, .timeLimit(.minutes(15)))
struct NixModuleTests {
    /// A control plane with a task.
    private func node(_ task: String, _ options: String = "") -> String {
        "{ networking.hostName = \"n1\"; kubernetes.bootstrap = { enable = true; \(options) tasks.t = { \(task) }; }; }"
    }

    @Test func `the target is started at boot, and scripts have no variables of the task file`() async throws {
        let module = try await NixModule(NixModule.file("control-plane"))
        let target = "etc/systemd/system/multi-user.target.wants/k8s-bootstrap.target"
        #expect(try Files.status("\(module.directory)/\(target)")?.target == "../k8s-bootstrap.target")
        let rbac = try module.text("built/bootstrap.yaml").json["tasks"]?["bootstrap-rbac"]?["exec"]
        #expect(rbac?["environment"]?["GREETING"]?.string == "$${not a variable}")
        #expect(rbac?["shell"]?.string == "/usr/bin/bash")
    }

    @Test(arguments: ["control-plane", "worker", "verbs"])
    func `systemd accepts the units, and they need no shell of the system`(name: String) async throws {
        let module = try await NixModule(NixModule.file(name))
        let units = "cd $0/out/lib/systemd/system && "
        let verified = try await Tool.run(
            "sh",
            ["-c", units + "systemd-analyze verify $PWD/*[!@].service $PWD/k8s-bootstrap.target", module.directory]
        )
        #expect(verified.status == 0)
        #expect(verified.output + verified.errors == "")
        let text = try await Tool.run("sh", ["-c", units + "cat $(find . -type f)", module.directory]).output
        for word in ["/bin/sh", "PATH=", "--config", "grep"] { #expect(!text.contains(word), "\(word)") }
    }

    @Test func `a node has the units of its role, with every verb`() async throws {
        let module = try await NixModule(NixModule.file("verbs"))
        let config = try module.text("config.json").json
        let units = config["units"]?.entries?.map(\.key) ?? []
        let tasks = [
            "admin", "api", "hello", "ipam", "kubelet-key", "metrics", "namespace", "old", "pause", "plugins",
            "runtime",
            "sysctl",
        ].map {
            "k8s-bootstrap-\($0).service"
        }
        let repetitions = ["api", "kubelet-key"].map { "k8s-bootstrap-repeat@\($0).service" }
        #expect(units.sorted() == (tasks + repetitions + ["k8s-bootstrap.target"]).sorted())
        for unit in ["k8s-bootstrap-kubelet-key.service", "k8s-bootstrap-repeat@kubelet-key.service"] {
            let text = config["units"]?[unit]?["text"]?.string ?? ""
            #expect("\n\(text)".contains("\n[Service]\nEnvironment=PATH=/usr/bin:/usr/bin:/usr/bin\n"), "\(text)")
        }
        let images = config["units"]?["k8s-bootstrap-pause.service"]?["text"]?.string ?? ""
        #expect(images.contains("\nEnvironment=PATH=/usr/bin:"), "\(images)")
        let rules = config["rules"]?.sequence?.compactMap(\.string) ?? []
        #expect(
            rules.dropFirst() == [
                "d /var/lib/cni/bin 0755 root root -", "L+ /opt/cni/bin - - - - /var/lib/cni/bin",
            ]
        )
        #expect(config["users"]?.sequence?.compactMap(\.string) == ["nest-bootstrap"])
        #expect(config["packages"]?.sequence?.compactMap(\.string) == ["nest-bootstrap", "bubblewrap", "age"])
        try await checkCatalog(rule: rules.first ?? "")
    }

    /// The link of the catalog is where journalctl looks for catalogs.
    private func checkCatalog(rule: String) async throws {
        let words = rule.split(separator: " ")
        try #require(words.count == 7 && words[6].hasSuffix("/lib/systemd/catalog/nest-bootstrap.catalog"), "\(rule)")
        let root = TemporaryDirectory.file("root")
        let catalog = "\(TestCluster.sourceRoot)/units/nest-bootstrap.catalog"
        #expect(try await Tool.run("install", ["-D", catalog, "\(root)\(words[1])"]).status == 0)
        #expect(try await Tool.run("journalctl", ["--root", root, "--update-catalog"]).status == 0)
        let listed = try await Tool.run("journalctl", ["--root", root, "--list-catalog"])
        #expect(listed.outputLines.contains { $0.contains("nest-bootstrap: Task") }, "\(listed)")
    }

    @Test func `a disabled task with prune removes its set`() async throws {
        let keys = "kubeconfig = \"/k\"; manifests = [ ];"
        let module = try await NixModule(node("enable = false; apply = { \(keys) prune = { set = \"addon\"; }; };"))
        let task = try module.text("built/bootstrap.yaml").json["tasks"]?["t"]
        #expect(task?["remove"]?["set"]?.string == "addon")
        #expect(task?["remove"]?["kubeconfig"]?.string == "/k")
        #expect(task?["apply"] == nil)
    }

    @Test func `lines that undo a task reach it as they are written`() async throws {
        let module = try await NixModule(node("script = \"/s\"; reset = \"rm -r \\${x}\\n\";"))
        #expect(try module.text("built/bootstrap.yaml").json["tasks"]?["t"]?["reset"]?.string == "rm -r $${x}\n")
    }

    @Test func `only the unit of a changed task changes`() async throws {
        func units(_ content: String) async throws -> [String: String] {
            let tasks = "tasks.b.symlink = { path = \"/b\"; target = \"a\"; };"
            let module = node("file = { path = \"/a\"; content = \"\(content)\"; };", tasks)
            let result = try await NixModule.evaluate(module)
            let units = try result.output.json["units"]?.entries ?? []
            return Dictionary(units.map { ($0.key, $0.value["text"]?.string ?? "") }) { first, _ in first }
        }
        let (old, new) = (try await units("x"), try await units("y"))
        #expect(old.keys.filter { old[$0] != new[$0] } == ["k8s-bootstrap-t.service"])
        #expect(old.count == 3)
    }

    @Test(
        arguments: [
            (
                "script = \"/s\"; wait.file = \"/f\";", "",
                "script and wait are set, but a task has one of them; write two tasks"
            ),
            (
                "after = [ \"agenix\" ]; script = \"/s\";", "",
                ".after: 'agenix' is not a task of kubernetes.bootstrap.tasks; for a unit, write 'agenix.service'"
            ),
            (
                "after = [ \"off.service\" \"off\" ]; script = \"/s\";",
                "tasks.off = { enable = false; script = \"/s\"; };",
                ".after: 'off' is disabled by kubernetes.bootstrap.tasks.off.enable; remove it here, or disable this task as well"
            ),
            (
                "script = \"kubectl get nodes\";", "",
                ".script: 'kubectl get nodes' is not the path of a script; write pkgs.writeShellScript \"t\" \"COMMANDS\""
            ),
            (
                "kubeconfig = { path = \"/k\"; user = \"u\"; certificate = \"/c\"; key = \"${builtins.toFile \"k\" \"\"}\"; };",
                "", ".kubeconfig.key: a private key in the store can be read by every user; write the path that it has"
            ),
            (
                "roles = [ \"worker\" ]; script = \"/s\";", "",
                ".roles: this node, 'n1', has no role; set kubernetes.bootstrap.role or kubernetes.bootstrap.nodes.n1.role"
            ),
        ]
    )
    func `an assertion names the option and says what to write`(
        task: String,
        options: String,
        text: String
    ) async throws {
        let result = try await NixModule.evaluate(node(task, options))
        try #require(result.status == 0, "\(result.errors)")
        let failures = try result.output.json["failures"]?.sequence?.compactMap(\.string)
        #expect(failures?.count == 1)
        #expect(failures?.first?.hasPrefix("kubernetes.bootstrap.tasks.t") == true)
        #expect(failures?.first?.contains(text) == true, "\(failures ?? [])")
        #expect(failures?.first?.contains(".service.service") == false)
    }

    @Test(
        arguments: [
            ("script = 3;", "", "option `kubernetes.bootstrap.tasks.t.script' is not of type"),
            ("scripts = \"/s\";", "", "option `kubernetes.bootstrap.tasks.t.scripts' does not exist"),
            (
                "certificate = { path = \"/c\"; key = \"/k\"; leaf = 3; };", "",
                "option `kubernetes.bootstrap.tasks.t.certificate.leaf' is not of type"
            ),
            (
                "script = \"/s\";", "nodes.n1 = { role = \"a\"; address.cidr = \"10.0.0.0/8\"; };",
                "option `kubernetes.bootstrap.nodes.n1.address.cidr' does not exist"
            ),
        ]
    )
    func `a value of another type is refused with the name of its option`(
        task: String,
        options: String,
        text: String
    ) async throws {
        let result = try await NixModule.evaluate(node(task, options))
        #expect(result.status == 1)
        #expect(result.errors.contains(text), "\(result.errors)")
    }

    @Test(
        arguments: [
            ("cp1", ["first", "server"], "control-plane,init"),
            ("worker-7", ["agent"], "worker"),
            ("worker-gpu-7", ["agent", "gpu"], "worker,gpu"),
        ]
    )
    func `a node has the units of all its roles, also by the most specific pattern`(
        host: String,
        tasks: [String],
        roles: String,
    ) async throws {
        let name = "networking.hostName = lib.mkForce \"\(host)\";"
        let module = try await NixModule("{ lib, ... }: { imports = [ (\(NixModule.file("inventory"))) ]; \(name) }")
        let units = try module.text("config.json").json["units"]?.entries?.map(\.key) ?? []
        #expect(units.sorted() == tasks.map { "k8s-bootstrap-\($0).service" } + ["k8s-bootstrap.target"])
        let unit = try module.text("out/lib/systemd/system/k8s-bootstrap-\(tasks[0]).service")
        #expect(unit.contains(" run --task \(tasks[0]) --role \(roles)\n"), "\(unit)")
        let file = try module.text("built/bootstrap.yaml").json
        #expect(file["nodes"]?.entries?.map(\.key) == ["cp1", "cp2", "worker-*", "worker-gpu-*"])
        #expect(file["nodes"]?["cp1"]?["address"]?.string == "192.168.1.101")
        #expect(file["cluster"]?["report"]?["kubeconfig"]?.string == "/etc/kubernetes/kubelet.kubeconfig")
        #expect(file["variables"]?["peers"]?["each"]?.string == "node.peers")
        #expect(file["certificates"]?["leaves"]?["server"] != nil)
    }

    @Test func `a role that is not the one of the node's entry is refused`() async throws {
        let roles = "role = \"worker\"; nodes.\"n*\".roles = [ \"control-plane\" \"init\" ];"
        let result = try await NixModule.evaluate(node("script = \"/s\";", roles))
        try #require(result.status == 0, "\(result.errors)")
        #expect(
            try result.output.json["failures"]?.sequence?.compactMap(\.string) == [
                "kubernetes.bootstrap.role is 'worker', but kubernetes.bootstrap.nodes.\"n*\" has 'control-plane, init'; "
                    + "remove one of them"
            ]
        )
    }

    @Test(
        arguments: [
            (
                "apply = { manifests = [ \"/nix/m.yaml\" ]; conflict = \"force\"; };",
                "tasks.t.apply.conflict: unknown key 'conflict' in 'apply' of task 't'; "
            ),
            ("script = \"/s\"; writes = [ \"x y/../z\" ];", "tasks.t.writes"),
            (
                "after = [ \"t\" ]; script = \"/s\";",
                "tasks.t.after[0]: a task runs after itself: t -> t; remove 't' at kubernetes.bootstrap.tasks.t"
            ),
            ("file = { path = \"/a\"; source = \"${builtins.toFile \"x\" \"\"}/none\"; };", "tasks.t.file.source: "),
        ]
    )
    func `a mistake that only the program finds fails the build with the name of its option`(
        task: String,
        text: String,
    ) async throws {
        await #expect {
            _ = try await NixModule(node(task))
        } throws: { error in
            let lines = "\(error)".split(separator: "\n")
            return lines.contains { $0.hasPrefix("kubernetes.bootstrap.\(text)") }
                && !"\(error)".contains("bootstrap.yaml")
        }
    }

    @Test func `a mistake in a manifest is reported with its place`() async throws {
        let manifest = "builtins.toFile \"m.yaml\" \"apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: A}\\n\""
        let task = "apply = { manifests = [ (\(manifest)) ]; kubeconfig = \"/k\"; };"
        await #expect {
            _ = try await NixModule(node(task))
        } throws: { error in
            "\(error)".contains(#/\n/.*/store/.*m\.yaml:3:18: /#)
        }
    }
}
