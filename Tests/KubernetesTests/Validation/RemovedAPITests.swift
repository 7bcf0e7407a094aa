import Testing

@testable import Kubernetes

/// APIs that later versions of Kubernetes do not serve.
@Suite(.timeLimit(.minutes(30)))
struct RemovedAPITests {
    private let budget = "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}"
    private let message =
        "m.yaml:1:14: PodDisruptionBudget/a: PodDisruptionBudget of 'policy/v1beta1' was removed in Kubernetes 1.25; "
        + "write 'apiVersion: policy/v1'"

    @Test func `a removed API is an error on servers that do not have it`() {
        #expect(findings(in: budget, version: "1.24").problems == [])
        #expect(findings(in: budget, version: "1.24").warnings == [])
        #expect(findings(in: budget, version: "v1.25.3").problems == [message])
    }

    @Test func `without a version it is a warning, and an error if no supported server has it`() {
        #expect(findings(in: budget).problems == [])
        #expect(findings(in: budget).warnings == [message])
        let old = "{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: a}}"
        #expect(
            findings(in: old).problems == [
                "m.yaml:1:14: Deployment/a: Deployment of 'extensions/v1beta1' was removed in Kubernetes 1.16; "
                    + "write 'apiVersion: apps/v1'"
            ]
        )
    }

    @Test func `a replacement is one that the server has`() {
        let schema = "{apiVersion: flowcontrol.apiserver.k8s.io/v1beta1, kind: FlowSchema, metadata: {name: a}}"
        #expect(findings(in: schema, version: "1.27").problems.first?.hasSuffix("v1beta3'") == true)
        #expect(findings(in: schema, version: "1.29").problems.first?.hasSuffix("k8s.io/v1'") == true)
        let policy = "{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}}"
        #expect(findings(in: policy, version: "1.36").problems.first?.contains("use Pod Security admission") == true)
    }

    @Test(arguments: ["", "1", "1.x", "2.5", "one", "1.2345"])
    func `other texts are no version`(text: String) {
        #expect(KubernetesVersion(text) == nil)
    }
}
