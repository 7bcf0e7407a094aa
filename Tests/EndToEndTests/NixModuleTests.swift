import Base
import Host
import TestSupport
import Testing
import YAML

/// The NixOS module: what it makes of its options, and what it refuses.
@Suite(.temporaryDirectory, .needsNix, .timeLimit(.minutes(5)))
struct NixModuleTests {
    /// A control plane with a task.
    private func node(_ task: String, _ options: String = "") -> String {
        "{ networking.hostName = \"n1\"; kubernetes.bootstrap = { enable = true; \(options) tasks.t = { \(task) }; }; }"
    }

    /// A line of the table of units: of the homelab's own module, as the mission describes it, and of this one.
    private func row(_ module: NixModule, _ unit: String) throws -> String {
        let text = try module.text("out/lib/systemd/system/\(unit)")
        let after = text.split(separator: "\n").first { $0.hasPrefix("After=") }?.dropFirst("After=".count) ?? ""
        return "\(unit) after \(after.isEmpty ? "-" : after)"
    }

    @Test func `the tasks of a homelab's role file become the units that its own module makes`() async throws {
        let module = try await NixModule(NixModule.file("control-plane"))
        let config = try module.text("config.json").json
        #expect(config["failures"]?.sequence?.isEmpty == true)
        let agenix = "agenix.service kube-apiserver.service"
        let kubeconfigs = ["generate-kubeconfig", "generate-cni-kubeconfig", "generate-kube-proxy-kubeconfig"]
            .map { "k8s-bootstrap-\($0).service" }.joined(separator: " ")
        let theirs = [
            "generate-kubeconfig": agenix, "generate-cni-kubeconfig": agenix,
            "generate-kube-proxy-kubeconfig": "agenix.service", "setup-calico-ipam": "-",
            "bootstrap-rbac": "\(kubeconfigs) kube-apiserver.service",
            "calico-ip-pool": "k8s-bootstrap-bootstrap-rbac.service",
            "calico-node": "k8s-bootstrap-bootstrap-rbac.service k8s-bootstrap-calico-ip-pool.service",
        ]
        for (task, after) in theirs {
            let unit = "k8s-bootstrap-\(task).service"
            #expect(try row(module, unit) == "\(unit) after \(after)")
            let wanting = try await Tool.run(
                "sh",
                ["-c", "cd $0/etc/systemd/system && ls -d *.wants/\(unit)", module.directory]
            )
            let others = task == "setup-calico-ipam" ? ["multi-user.target.wants/\(unit)"] : []
            #expect(wanting.outputLines == ["k8s-bootstrap.target.wants/\(unit)"] + others)
        }
        let target = "etc/systemd/system/multi-user.target.wants/k8s-bootstrap.target"
        #expect(try FileSystem.status("\(module.directory)/\(target)")?.target == "../k8s-bootstrap.target")
        let tasks = try module.text("built/bootstrap.yaml").json["tasks"]
        let rbac = tasks?["bootstrap-rbac"]?["exec"]
        #expect(rbac?["environment"]?["GREETING"]?.string == "$${not a variable}")
        #expect(rbac?["shell"]?.string == "/usr/bin/bash")
        #expect(tasks?["coredns"] == nil)
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
        let units = config["units"]?.mapping?.entries.map(\.key) ?? []
        let tasks = ["admin", "api", "hello", "ipam", "kubelet-key", "metrics", "namespace", "old", "sysctl"].map {
            "k8s-bootstrap-\($0).service"
        }
        #expect(units.sorted() == tasks + ["k8s-bootstrap.target"])
        let decrypting = config["units"]?["k8s-bootstrap-kubelet-key.service"]?["text"]?.string ?? ""
        #expect(decrypting.contains("\n[Service]\nEnvironment=PATH=/usr/bin\n"), "\(decrypting)")
        #expect(
            config["rules"]?.sequence?.compactMap(\.string) == [
                "d /var/lib/cni/bin 0755 root root -", "L+ /opt/cni/bin - - - - /var/lib/cni/bin",
            ]
        )
        #expect(config["users"]?.sequence?.compactMap(\.string) == ["nest-bootstrap"])
        #expect(config["etc"]?["systemd/catalog/nest-bootstrap.catalog"]?.string?.hasSuffix(".catalog") == true)
    }

    @Test func `only the unit of a changed task changes`() async throws {
        func units(_ content: String) async throws -> [String: String] {
            let tasks = "tasks.b.symlink = { path = \"/b\"; target = \"a\"; };"
            let module = node("file = { path = \"/a\"; content = \"\(content)\"; };", tasks)
            let result = try await NixModule.evaluate(module)
            let units = try result.output.json["units"]?.mapping?.entries ?? []
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
                "after = [ ];", "",
                "the task does nothing; set one of apply, certificate, decrypt, exec, file, kubeconfig, remove, script"
            ),
            (
                "after = [ \"agenix\" ]; script = \"/s\";", "",
                ".after: 'agenix' is not a task of kubernetes.bootstrap.tasks; for a unit write 'agenix.service'"
            ),
            (
                "after = [ \"k8s-bootstrap-x.service\" ]; script = \"/s\";", "",
                ".after: 'k8s-bootstrap-x.service' is not a task of kubernetes.bootstrap.tasks"
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
    }

    @Test(
        arguments: [
            ("script = 3;", "option `kubernetes.bootstrap.tasks.t.script' is not of type"),
            ("args = \"x\"; script = \"/s\";", "option `kubernetes.bootstrap.tasks.t.args' is not of type"),
            ("wait.tcp = _: 1;", "option `kubernetes.bootstrap.tasks.t.wait.tcp' is not of type `YAML value'"),
            ("scripts = \"/s\";", "option `kubernetes.bootstrap.tasks.t.scripts' does not exist"),
            (
                "symlink.path = \"/a\";",
                "option `kubernetes.bootstrap.tasks.t.symlink.target' was accessed but has no value"
            ),
            (
                "apply = { manifests = [ ]; wait = true; };",
                "option `kubernetes.bootstrap.tasks.t.apply.wait' is not of type"
            ),
        ]
    )
    func `a value of another type is refused with the name of its option`(task: String, text: String) async throws {
        let result = try await NixModule.evaluate(node(task))
        #expect(result.status == 1)
        #expect(result.errors.contains(text), "\(result.errors)")
    }

    @Test func `the flake has a package, a module, an overlay, checks, and apps for certificates`() async throws {
        let result = try await NixModule.evaluateFlake()
        try #require(result.status == 0, "\(result.errors)")
        let outputs = try result.output.json
        #expect(
            "nest-bootstrap \(outputs["version"]?.string ?? "")\n"
                == (try await Tool.run(TestNode.program, ["--version"]).output)
        )
        #expect(outputs["overlay"]?.string == "nest-bootstrap")
        #expect(outputs["module"]?.string?.hasSuffix("/nix/module.nix") == true)
        #expect(outputs["checks"]?.sequence?.compactMap(\.string) == ["package", "units"])
        let apps = outputs["apps"]?.mapping?.entries.map { "\($0.key): \($0.value.string ?? "")" } ?? []
        let renew = "renew --all --config ./bootstrap.yaml"
        let commands = [
            ("certs-recreate", "\(renew) "), ("certs-recreate-kubelet", "\(renew) --name kubelet"),
            ("certs-recreate-test", "\(renew) --node test-controlplane --node test-worker-node"),
            ("certs-rotate-ca", "rotate-ca --config ./bootstrap.yaml "),
        ]
        for (app, (_, command)) in zip(apps, commands) {
            #expect(app.hasSuffix("/bin/nest-bootstrap certificates \(command) \"$@\"\n"), "\(app)")
        }
        #expect(apps.map { $0.prefix { $0 != ":" } } == commands.map { $0.0[...] })
        // Everything that the installation copies is in the source.
        let source = try #require(outputs["source"]?.string)
        let program = TemporaryDirectory.file("installed")
        let installed = try await Tool.run("\(source)/tools/install", [TestNode.program, program, "/usr"])
        #expect(installed.status == 0, "\(installed.errors)")
    }

    @Test func `a mistake that only the program finds fails the build`() async throws {
        await #expect {
            _ = try await NixModule(node("apply = { manifests = [ \"/nix/m.yaml\" ]; conflict = \"force\"; };"))
        } throws: { error in
            "\(error)".contains("bootstrap.yaml:3:") && "\(error)".contains("unknown key 'conflict'")
        }
    }
}
