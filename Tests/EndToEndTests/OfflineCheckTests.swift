import TestSupport
import Testing

/// What `check` finds without an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct OfflineCheckTests {
    @Test func `mistakes of the task file and of manifests are reported together, with a summary in JSON`() async throws
    {
        let node = try TestNode(
            "tasks: {a: {apply: {kubeconfig: /k, manifests: [m.yaml]}}, b: {exec: {command: ls, argz: []}}}\n"
        )
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: A}}\n", to: "m.yaml")
        let text = try await node.run("check")
        #expect(text.status == 78)
        #expect(text.errorLines.count == 2, "\(text.errors)")
        #expect(text.errorLines.first?.contains("unknown key 'argz'") == true, "\(text.errors)")
        #expect(
            text.errorLines.last?.contains("m.yaml:1:52: ConfigMap/A: field 'metadata.name'") == true,
            "\(text.errors)"
        )
        let json = try await node.run("check", "--output", "json")
        let report = try JSON(json.output)
        #expect(report["summary"]?["problems"]?.integer == 2)
        #expect(report["summary"]?["warnings"]?.integer == 0)
        #expect(report["summary"]?["objects"]?.integer == 1)
        #expect(report["problems"]?.sequence?.count == 2)
    }

    @Test func `offline only the task file and the manifests that exist here are looked at`() async throws {
        let node = try TestNode(
            """
            tasks:
              k:
                kubeconfig:
                  path: /etc/k
                  user: u
                  certificate: /run/absent/c.crt
                  key: /run/absent/c.key
                  certificateAuthority: /run/absent/ca.crt
                  server: https://a.example:6443
              a: {after: [k], apply: {manifests: [/usr/share/absent/m.yaml, here.yaml]}}
              b: {apply: {kubeconfig: /run/absent/k, manifests: [here/]}}
              f: {file: {path: /etc/f, source: /run/absent/f, owner: nobody-has-this-name}}
              e: {exec: {command: no-such-program, writes: [/absent/file], shell: /absent/bash}}
              s: {script: /absent/script}

            """
        )
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", to: "here.yaml")
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n", to: "here/m.yaml")
        #expect(try await node.run("check").errorLines.count >= 9)
        let offline = try await node.run("check", "--offline")
        #expect(offline.status == 0)
        #expect(offline.output == "6 tasks for this node, 1 warning\n")
        #expect(
            offline.errors == "warning: \(node.config):10:39: '/usr/share/absent/m.yaml' is not on this machine, "
                + "so it is not checked; run 'nest-bootstrap check' on the node\n"
        )
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: B}}\n", to: "here/m.yaml")
        let wrong = try await node.run("check", "--offline")
        #expect(wrong.status == 65)
        #expect(wrong.errors.contains("here/m.yaml:1:52: ConfigMap/B: field 'metadata.name'"), "\(wrong.errors)")
        try Files.remove(node.path("here.yaml"))
        #expect(try await node.run("check", "--offline").errors.contains("here.yaml"), "what is beside it must exist")
    }

    @Test(arguments: [("ConfigMap", 0o644, true), ("ConfigMap", 0o600, false), ("Secret", 0o644, false)])
    func `a terminal shows the line of a mistake, unless its file is private or mentions Secrets`(
        kind: String,
        mode: UInt32,
        isShown: Bool
    ) async throws {
        let node = try TestNode("tasks: {a: {apply: {kubeconfig: /nowhere/k, manifests: [m.yaml]}}}\n")
        let object = "{apiVersion: v1, kind: \(kind), metadata: {name: A}, data: {k: bWFyaw==}}\n"
        try node.write(object, to: "m.yaml", mode: mode)
        let (status, text) = try await node.runOnTerminal(["check", "--offline"])
        #expect(status == 65 && text.contains("\(kind)/A"), "\(text)")
        #expect(text.contains("bWFyaw==") == isShown, "\(text)")
    }

    @Test func `a removed API is a warning`() async throws {
        let node = try TestNode("tasks: {a: {apply: {kubeconfig: /nowhere/k, manifests: [m.yaml]}}}\n")
        try node.write("{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}\n", to: "m.yaml")
        let check = try await node.run("check", "--offline")
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.errors.hasPrefix("warning: ") && check.errors.contains("m.yaml:1:14: CronJob/a: "))
        #expect(check.errors.contains("write 'apiVersion: batch/v1'"))
    }

    @Test func `a kind that is not known yet has fields that are not checked`() async throws {
        let node = try TestNode(
            """
            tasks:
              k: {wait: {file: /nowhere/k}}
              a: {after: [k], apply: {kubeconfig: /nowhere/k, manifests: [m.yaml]}}
            """
        )
        let object = "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}"
        try node.write("\(object), spec: {a: b}}\n", to: "m.yaml")
        let note = "note: the fields of 1 object are not checked: no schema of the kind is known"
        let result = "2 tasks for this node, nothing wrong\n"
        #expect(try await node.run("check").output == "\(note)\n\(result)")
    }
}
