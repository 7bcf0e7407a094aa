import TestSupport
import Testing

@testable import Actions

/// Tasks that need each other without running after each other.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct UndeclaredDependencyTests {
    /// Checks tasks with a kubeconfig that a task makes, and returns the other problems.
    private func problems(_ tasks: String) async throws -> [String] {
        var problems: [String] = []
        let base = "tasks:\n  config: {file: {path: /etc/nest-test/k, content: x}}\n"
        try await withBench(base + tasks) { bench in
            let definition = """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: ducks.example.org}
                spec: {group: example.org, names: {kind: Duck, plural: ducks}, scope: Namespaced,
                       versions: [{name: v1, served: true, storage: true}]}
                """
            try bench.write(definition, to: "crd.yaml")
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: pond}}\n", to: "ns.yaml")
            try bench.write("---\napiVersion: example.org/v1\nkind: Duck\nmetadata: {name: d}\n", to: "duck.yaml")
            try bench.write(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: pond}\n",
                to: "map.yaml"
            )
            problems = await bench.problems()
        }
        return problems
    }

    private static let kubeconfig = "kubeconfig: /etc/nest-test/k"

    @Test func `an object needs the task that provides its kind or namespace`() async throws {
        let reported = try await problems(
            """
              crds: {after: [config], apply: {\(Self.kubeconfig), manifests: [crd.yaml, ns.yaml]}}
              near: {after: [crds], apply: {\(Self.kubeconfig), manifests: [duck.yaml]}}
              far: {after: [near], apply: {\(Self.kubeconfig), manifests: [duck.yaml, map.yaml]}}
              race: {after: [config], apply: {\(Self.kubeconfig), manifests: [duck.yaml, map.yaml]}}
              map: {after: [config], apply: {\(Self.kubeconfig), manifests: [map.yaml]}}
            """
        )
        let words = "which needs a kind or namespace of task 'crds', but does not run after it; write 'after: [crds]'"
        #expect(
            reported.filter { !$0.contains("each would undo") } == [
                "DIR/bootstrap.yaml:6:3: task 'race' applies Duck/d, \(words)",
                "DIR/bootstrap.yaml:7:3: task 'map' applies ConfigMap/pond/c, \(words)",
            ]
        )
    }

    @Test func `the namespace of an object comes from the kubeconfig that a task is going to write`() async throws {
        let tasks = """
            cluster: {name: c, servers: 'https://127.0.0.1:6443', certificateAuthority: ca.crt}
            tasks:
              pond: {kubeconfig: {path: /etc/p, user: u, certificate: c.crt, key: c.key, namespace: pond}}
              other: {kubeconfig: {path: /etc/o, user: u, certificate: c.crt, key: c.key}}
              one: {after: [pond], apply: {kubeconfig: /etc/p, manifests: [unnamed.yaml]}}
              two: {after: [other, one], apply: {kubeconfig: /etc/o, manifests: [pond.yaml]}}
              three: {after: [other, one], apply: {kubeconfig: /etc/o, manifests: [default.yaml]}}
            """
        try await withBench(tasks) { bench async throws in
            let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"
            try bench.write(map, to: "unnamed.yaml")
            try bench.write(map.replacing("name: c", with: "name: c, namespace: pond"), to: "pond.yaml")
            try bench.write(map.replacing("name: c", with: "name: c, namespace: default"), to: "default.yaml")
            let problems = await bench.problems().filter { $0.contains("each would undo") }
            let words =
                "DIR/pond.yaml:1:1: task 'two' applies ConfigMap/pond/c, which task 'one' applies too (DIR/unnamed"
            #expect(problems.count == 1 && problems[0].hasPrefix(words), "\(problems)")
        }
    }

    @Test func `an object belongs to one task`() async throws {
        let reported = try await problems(
            """
              crds: {after: [config], apply: {\(Self.kubeconfig), manifests: [crd.yaml, ns.yaml]}}
              one: {after: [crds], apply: {\(Self.kubeconfig), manifests: [duck.yaml, duck.yaml]}}
              two: {after: [one], apply: {\(Self.kubeconfig), manifests: [duck.yaml]}}
            """
        )
        let words = "DIR/duck.yaml:2:1: task 'two' applies Duck/d, which task 'one' applies too (DIR/duck.yaml:2:1): "
        #expect(reported == [words + "each would undo the other; remove it from one of them"])
    }

    @Test func `a namespace that one of two manifests leaves out is that of the kubeconfig`() async throws {
        var problems: [String] = []
        let tasks = """
            tasks:
              one: {apply: {kubeconfig: k, manifests: [one.yaml]}}
              two: {apply: {kubeconfig: k, manifests: [two.yaml]}}
              other: {apply: {kubeconfig: other, manifests: [one.yaml]}}
            """
        try await withBench(tasks, root: nil) { bench in
            func kubeconfig(_ server: String, _ context: String) -> String {
                """
                {current-context: x, contexts: [{name: x, context: {cluster: c, user: me\(context)}}],
                 clusters: [{name: c, cluster: {server: '\(server)'}}], users: [{name: me, user: {token: t}}]}
                """
            }
            try bench.write(kubeconfig("https://a", ", namespace: pond"), to: "k", mode: 0o600)
            try bench.write(kubeconfig("https://b", ""), to: "other", mode: 0o600)
            try bench.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: pond}}", to: "one.yaml")
            try bench.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}", to: "two.yaml")
            problems = await bench.problems()
        }
        let words =
            "DIR/two.yaml:1:1: task 'two' applies ConfigMap/c, which task 'one' applies too (DIR/one.yaml:1:1): "
        #expect(problems.count == 1 && problems[0].hasPrefix(words), "\(problems)")
    }

    @Test func `a unit needs the task that installs its file, unless it is only stopped`() async throws {
        let reported = try await problems(
            """
              file: {file: {path: /etc/systemd/system/own.service, content: "[Service]\\nExecStart=true\\n"}}
              template: {file: {path: "/etc/systemd/system/t@.service", content: "[Service]\\nExecStart=true\\n"}}
              starts: {service: {name: own, state: started}}
              later: {after: [file], service: {name: own, enable: true}}
              instance: {service: {name: "t@x", enable: true}}
              other: {service: {name: other, enable: true}}
            """
        )
        #expect(
            reported.map { String($0.prefix { $0 != "," }) } == [
                "DIR/bootstrap.yaml:5:28: task 'starts' needs unit 'own.service'",
                "DIR/bootstrap.yaml:7:30: task 'instance' needs unit 't@x.service'",
            ]
        )
        let stopped = try await problems(
            """
              file: {file: {path: /etc/systemd/system/own.service, content: "[Service]\\nExecStart=true\\n"}}
              stops: {service: {name: own, state: stopped, enable: false}}
            """
        )
        #expect(stopped == [])
    }

    @Test func `a task needs the one that makes what it reads`() async throws {
        let reported = try await problems(
            """
              ns: {apply: {\(Self.kubeconfig), manifests: [ns.yaml]}}
              ready: {wait: {apiServer: /etc/nest-test/k}}
              copy: {file: {path: /etc/nest-test/copy, source: /etc/nest-test/k}}
              link: {symlink: {path: /nest-link, target: /etc/nest-test}}
              through: {after: [config], exec: {script: /nest-link/s.sh}}
              # What is waited for comes when it comes.
              waits: {wait: {file: /etc/nest-test/k}}
              itself: {exec: {command: /opt/nest-test/x, creates: /opt/nest-test/x}}
            """
        )
        let starts = [
            "3:28: task 'ns' reads '/etc/nest-test/k', which task 'config' writes",
            "4:29: task 'ready' reads '/etc/nest-test/k', which task 'config' writes",
            "5:52: task 'copy' reads '/etc/nest-test/k', which task 'config' writes",
            "7:45: task 'through' reads '/nest-link/s.sh', which task 'link' writes",
        ]
        #expect(reported.map { String($0.split(separator: ", but")[0]) } == starts.map { "DIR/bootstrap.yaml:\($0)" })
    }
}
