import Base
import Testing
@testable import Kubernetes

/// Names of pods and ports that nothing in the manifests has.
@Suite(.timeLimit(.minutes(30)))
struct PodReferencesTests {
    private func warnings(_ texts: String...) throws -> [String] {
        var references = PodReferences()
        for manifest in try manifests(texts.joined(separator: "\n---\n")) {
            references.add(manifest, defaultNamespace: "default")
        }
        return references.warnings.map(\.line)
    }

    private func deployment(_ labels: String = "{app: web}", probe: String = "http", namespace: String = "a") -> String
    {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: d, namespace: \(namespace)}
        spec:
          template:
            metadata: {labels: \(labels)}
            spec:
              containers:
              - name: c
                ports: [{name: http, containerPort: 80}]
                readinessProbe: {httpGet: {port: \(probe)}}
        """
    }

    private func service(_ selector: String = "{app: web}", port: String = "http") -> String {
        "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, "
            + "spec: {selector: \(selector), ports: [{port: 80, targetPort: \(port)}]}}"
    }

    @Test func `what is there is no warning, and neither is what others may make`() throws {
        #expect(try warnings(service(), deployment()).isEmpty)
        #expect(try warnings(service(port: "8080"), deployment(probe: "8080")).isEmpty)
        #expect(try warnings(service("{app: other}"), deployment()).isEmpty)
        #expect(try warnings(service("{app: webb}"), deployment(namespace: "b")).isEmpty)
        #expect(try warnings(service("{name: web}"), deployment()).isEmpty)
        #expect(try warnings(service(port: "any")).isEmpty)
        #expect(try warnings(service("{app: web-1}"), deployment("{app: web-0}")).isEmpty)
        #expect(try warnings(service(port: "'8080'"), deployment()).isEmpty)
    }

    @Test func `a port that no selected pod has is reported`() throws {
        let words = "Service/a/s: the pods that it selects have no port 'htttp'; did you mean 'http'?"
        #expect(try warnings(service(port: "htttp"), deployment()) == [words])
        let other = "Service/a/s: the pods that it selects have no port 'metrics'; there is 'http'"
        #expect(try warnings(deployment(), service(port: "metrics")) == [other])
    }

    @Test func `a selector that is nearly that of a workload is reported`() throws {
        let words =
            "Service/a/s selects no pods of these manifests: none has label 'app: webb'; did you mean 'app: web'?"
        #expect(try warnings(service("{app: webb}"), deployment()) == [words])
        #expect(try warnings(service("{app: webb, tier: x}"), deployment("{app: web, tier: x}")) == [words])
    }

    @Test func `a selector whose key is nearly that of a label is reported`() throws {
        let words = "Service/a/s selects no pods of these manifests: none has label 'ap: web'; did you mean 'app: web'?"
        #expect(try warnings(service("{ap: web}"), deployment()) == [words])
        #expect(try warnings(service("{ap: web, tier: x}"), deployment("{app: web, tier: x}")) == [words])
        #expect(try warnings(service("{ap: web}"), deployment("{app: web, ap: other}")).isEmpty)
        #expect(try warnings(service("{app: other}"), deployment("{ap: web}")).isEmpty)
        #expect(try warnings(service("{shard-1: web}"), deployment("{shard-0: web}")).isEmpty)
        let unrelated = deployment("{app: api}")
        #expect(try warnings(service("{ap: web}"), deployment(), unrelated) == [words])
        #expect(try warnings(service("{app: web}"), deployment("{ap: web}"), unrelated).count == 1)
        let (key, other) = ("app.kubernetes.io/component", "app.kubernetes.io/name")
        #expect(try warnings(service("{\(key): web}"), deployment("{\(other): web}")).isEmpty)
    }

    @Test(
        arguments: [
            ("apiVersion: policy/v1, kind: PodDisruptionBudget", "selector", "PodDisruptionBudget/a/s"),
            ("apiVersion: networking.k8s.io/v1, kind: NetworkPolicy", "podSelector", "NetworkPolicy/a/s"),
        ]
    )
    func `other objects that select pods are like Services`(type: String, field: String, name: String) throws {
        func object(_ label: String) -> String {
            "{\(type), metadata: {name: s, namespace: a}, spec: {\(field): {matchLabels: {app: \(label)}}}}"
        }
        let words = "\(name) selects no pods of these manifests: none has label 'app: webb'; did you mean 'app: web'?"
        #expect(try warnings(object("webb"), deployment()) == [words])
        #expect(try warnings(object("web"), deployment()).isEmpty)
    }

    @Test func `the selectors of a pod are checked where they are about its namespace`() throws {
        func pod(_ spec: String) -> String {
            "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a, labels: {app: web}}, spec: {\(spec)}}"
        }
        let selector = "labelSelector: {matchLabels: {app: webb}}"
        let words = "selects no pods of these manifests: none has label 'app: webb'; did you mean 'app: web'?"
        let spreading = "Pod/a/p: 'topologySpreadConstraints' \(words)"
        #expect(try warnings(pod("topologySpreadConstraints: [{\(selector)}]")) == [spreading])
        let required = "requiredDuringSchedulingIgnoredDuringExecution: [{\(selector)}, {\(selector), namespaces: [b]}]"
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution: [{podAffinityTerm: {\(selector)}}]"
        #expect(
            try warnings(pod("affinity: {podAffinity: {\(required)}, podAntiAffinity: {\(preferred)}}"))
                == ["podAffinity", "podAntiAffinity"].map { "Pod/a/p: '\($0)' \(words)" }
        )
    }

    @Test func `a probe of a port that the container does not have is reported`() throws {
        let words =
            "Deployment/a/d: 'readinessProbe' uses port 'htp', but the container has no port of that name; did you mean 'http'?"
        #expect(try warnings(deployment(probe: "htp")) == [words])
    }
}
