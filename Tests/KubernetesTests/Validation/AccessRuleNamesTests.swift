import Base
import Testing
@testable import Kubernetes

/// Names in the rules of roles.
@Suite(.timeLimit(.minutes(30)))
struct AccessRuleNamesTests {
    private func warnings(_ rule: String) throws -> [String] {
        let text = """
            {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [\(rule)]}
            """
        return try manifests(text).flatMap(AccessRuleNames.warnings).map { "\($0.message); \($0.hint ?? "")" }
    }

    @Test(arguments: [
        "{apiGroups: [networking.k8s.io], resources: [ingresses, ingresses/status], verbs: [get, list, watch]}",
        "{apiGroups: ['', apps], resources: [pods/exec, deployments, '*/scale', bindings], verbs: ['*']}",
        "{apiGroups: [crd.projectcalico.org], resources: [ippools, ingreses], verbs: [get]}",
        "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}", "{nonResourceURLs: [/metrics], verbs: [get]}",
        "{apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [a.b/c], verbs: [sign]}",
        "{apiGroups: [metrics.k8s.io], resources: [nodes, pods], verbs: [get]}",
        "{apiGroups: ['', events.k8s.io], resources: [events], verbs: [create, patch]}",
    ])
    func `rules that allow something, and those for custom resources, are no warning`(rule: String) throws {
        #expect(try warnings(rule).isEmpty)
    }

    @Test(arguments: [
        (
            "{apiGroups: [networking.k8s.io], resources: [ingreses], verbs: [get]}",
            "API group 'networking.k8s.io' has no resource 'ingreses'; did you mean 'ingresses'?"
        ),
        (
            "{apiGroups: [''], resources: [pod, deployments], verbs: [get]}",
            "API group '' has no resource 'pod'; did you mean 'pods'?, "
                + "API group '' has no resource 'deployments'; write apiGroups: [apps] in a rule for it"
        ),
        (
            "{apiGroups: [networking.k8s.oi], resources: [ingresses], verbs: [get, wacth]}",
            "there is no API group 'networking.k8s.oi' in Kubernetes; did you mean 'networking.k8s.io'?, "
                + "there is no verb 'wacth'; did you mean 'watch'?"
        ),
    ])
    func `a misspelt name, and a resource of another group, are reported`(rule: String, expected: String) throws {
        #expect(try warnings(rule).joined(separator: ", ") == expected)
    }
}
