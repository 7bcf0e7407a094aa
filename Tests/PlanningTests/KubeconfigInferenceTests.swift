import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct KubeconfigInferenceTests {
    /// Tasks that write kubeconfigs, in addition to those of a test.
    private func file(_ tasks: String) -> String {
        let writers = ["admin", "cni"].map { name in
            """
              \(name):
                kubeconfig: {path: /\(name), user: u, certificate: c, key: k, server: "https://x", certificateAuthority: ca}
            """
        }
        return "tasks:\n" + writers.joined(separator: "\n") + "\n" + tasks
    }

    private func chosen(_ tasks: String, role: String = "control-plane") throws -> String? {
        try declarations(file(tasks), role: role).tasks.last?.footprint.kubeconfig?.path
    }

    @Test(arguments: [
        "  t: {after: [cni], apply: {manifests: [x]}}",
        "  s: {after: [cni], exec: {command: ls}}\n  t: {after: [s], apply: {manifests: [x]}}",
        "  s: {after: [admin], exec: {command: ls}}\n  t: {after: [s, cni], apply: {manifests: [x]}}",
        "  t: {after: [cni], wait: {apiServer: true}}",
        "  t: {after: [cni], wait: {object: {apiVersion: v1, kind: Node, name: one}}}",
        """
          s: {after: [admin, cni], apply: {kubeconfig: /cni, manifests: [x]}}
          t: {after: [s], apply: {manifests: [x]}}
        """,
    ])
    func `the nearest kubeconfig is taken`(_ tasks: String) throws {
        #expect(try chosen(tasks) == "/cni")
    }

    @Test func `the task's own kubeconfig is taken before all`() throws {
        #expect(try chosen("  t: {after: [cni], apply: {kubeconfig: /own, manifests: [x]}}") == "/own")
    }

    /// Tasks that write kubeconfigs of an administrator and of components.
    private func withComponents(_ tasks: String) -> String {
        let writers = [("admin", "kube-admin"), ("proxy", "kube-proxy"), ("node", "system:node:a")].map { name, user in
            "  \(name): {kubeconfig: {path: /\(name), user: '\(user)', certificate: c, key: k, server: 'https://x', "
                + "certificateAuthority: ca}}\n"
        }
        return "tasks:\n\(writers.joined())  rbac: {after: [admin], apply: {manifests: [x]}}\n" + tasks
    }

    @Test(arguments: [
        ("apply: {manifests: [x]}", "/admin"),
        ("remove: {objects: [{apiVersion: v1, kind: Node, name: one}]}", "/admin"),
        ("wait: {apiServer: true}", "/proxy"),
    ])
    func `a component's kubeconfig is not for changing objects`(verb: String, path: String) throws {
        let text = withComponents("  t: {after: [rbac, proxy], \(verb)}")
        #expect(try declarations(text).tasks.last?.footprint.kubeconfig?.path == path)
    }

    @Test(arguments: [("proxy", "kube-proxy"), ("node", "system:node:a")])
    func `without another one, the key is asked for`(writer: String, user: String) {
        let message = "6:3: task 't' runs after no task… that of task '\(writer)' is for '\(user)'; add kubeconfig:"
        #expect(isReported(problems(withComponents("  t: {after: [\(writer)], apply: {manifests: [x]}}")), message))
    }

    @Test func `several that are equally near are reported`() {
        let printed = problems(file("  t: {after: [cni, admin], apply: {manifests: [x]}}"))
        #expect(isReported(printed, "6:3: task 't' runs after several tasks that write a kubeconfig: 'admin' and"))
    }

    @Test func `none is reported, with a task that writes one`() {
        let printed = problems(file("  t: {wait: {apiServer: true}}"))
        #expect(isReported(printed, "6:3: task 't' has no kubeconfig… add admin to after:, or kubeconfig: PATH below"))
    }

    @Test func `a task of another role takes what its own nodes have`() throws {
        let text = """
            cluster: {servers: "https://x", certificateAuthority: ca}
            tasks:
              a: {roles: [control-plane], kubeconfig: {path: /a, user: u, certificate: c, key: k}}
              b: {roles: [worker], kubeconfig: {path: /b, user: u, certificate: c, key: k}}
              both: {after: [a, b], apply: {manifests: [x]}}
              worker: {roles: [worker], after: [a, b], apply: {manifests: [x]}}
            """
        let onControlPlane = try declarations(text, role: "control-plane").tasks.map(\.footprint.kubeconfig?.path)
        let onWorker = try declarations(text, role: "worker").tasks.map(\.footprint.kubeconfig?.path)
        #expect(onControlPlane == [nil, nil, "/a", "/b"])
        #expect(onWorker == [nil, nil, "/b", "/b"])
    }

    @Test func `a fault before it is not reported twice`() {
        let text = "tasks: {t: {after: [admn], apply: {manifests: [x]}}}"
        #expect(problems(text).split(separator: "\n").count == 1)
    }
}
