import TestSupport
import Testing

@testable import Actions

/// Objects that tasks wait for or delete.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct NamedObjectTests {
    @Test func `kinds and names of objects that are only named are checked`() async throws {
        let definition = """
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gizmos.e.test}, spec: {
             group: e.test, names: {plural: gizmos, kind: Gizmo}, scope: Cluster, versions: [{name: v1, served: true, storage: true}]}}

            """
        let tasks = """
            tasks:
              crds: {apply: {kubeconfig: k, manifests: [m.yaml]}}
              w: {after: [crds], wait: {kubeconfig: k, object: {apiVersion: e.test/v1, kind: Gizmos, name: a}}}
              fine: {after: [crds], wait: {kubeconfig: k, object: {apiVersion: e.test/v1, kind: Gizmo, name: a}}}
              other: {after: [crds], wait: {kubeconfig: k, object: {apiVersion: f.test/v1, kind: Gizmos, name: a}}}
              r:
                remove:
                  kubeconfig: k
                  objects:
                    - {apiVersion: apps/v1, kind: Deploymnet, name: a, namespace: b}
                    - {apiVersion: v1, kind: Pod, name: My_Pod, namespace: b}
                    - {apiVersion: batch/v1beta1, kind: CronJob, name: a, namespace: b}
            """
        try await withBench(tasks) { bench in
            try bench.write("kind: Config\n", to: "k")
            try bench.write(definition, to: "m.yaml")
            let problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") }
            #expect(
                problems == [
                    "DIR/bootstrap.yaml:3:52: Gizmos/a: no manifest defines kind 'Gizmos' in group 'e.test'; did you mean "
                        + "'Gizmo'?",
                    "DIR/bootstrap.yaml:10:11: Deploymnet/b/a: there is no kind 'Deploymnet' in 'apps/v1'; did you mean "
                        + "'Deployment'?",
                    "DIR/bootstrap.yaml:11:11: Pod/b/My_Pod: field 'metadata.name': expected up to 253 lowercase "
                        + "letters, digits, '-' and '.', a letter or digit at both ends, found \"My_Pod\"; write 'my-pod'",
                ]
            )
        }
    }
}
