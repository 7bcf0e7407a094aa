import Testing
import YAML

@testable import Kubernetes

/// Bindings that let more than some users read Secrets.
@Suite(.timeLimit(.minutes(30)))
struct SecretReadersTests {
    /// A binding of a ClusterRole to one subject.
    private func binding(_ subject: String, to role: String, kind: String = "ClusterRoleBinding") -> String {
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: \(kind)
        metadata: {name: b\(kind == "RoleBinding" ? ", namespace: default" : "")}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \(role)}
        subjects:
        - {\(subject)}
        """
    }

    private static let group = "apiGroup: rbac.authorization.k8s.io, kind: Group, name: "

    @Test(arguments: [
        (
            "'system:nodes'", "'system:node'",
            "every node may read every Secret of the cluster, because group 'system:nodes' has ClusterRole 'system:node'; "
                + "remove it: with --authorization-mode=Node,RBAC the API server gives each node what its pods need"
        ),
        (
            "'system:authenticated'", "cluster-admin",
            "every user and every pod may read every Secret of the cluster, because group 'system:authenticated' has "
                + "ClusterRole 'cluster-admin'; bind the role to the users and ServiceAccounts that need it"
        ),
        (
            "'system:serviceaccounts:web'", "edit",
            "every pod of namespace 'web' may read every Secret of the cluster, because group "
                + "'system:serviceaccounts:web' has ClusterRole 'edit'; bind the role to the users and ServiceAccounts that "
                + "need it"
        ),
    ])
    func `a built-in role that reads Secrets is a warning`(group: String, role: String, message: String) {
        let found = findings(in: binding(Self.group + group, to: role))
        #expect(found.problems == [])
        #expect(found.warnings.count == 1)
        #expect(found.warnings.first?.hasSuffix(": ClusterRoleBinding/b: \(message)") == true, "\(found.warnings)")
    }

    @Test func `the warning is at the subject, and says which namespace`() {
        let subject = "apiGroup: rbac.authorization.k8s.io, kind: User, name: 'system:node:w1'"
        let found = findings(in: binding(subject, to: "admin", kind: "RoleBinding"))
        let message =
            "node 'w1' may read every Secret of its namespace, because user 'system:node:w1' has ClusterRole 'admin'"
        #expect(found.warnings.count == 1)
        #expect(
            found.warnings.first?.hasPrefix("m.yaml:6:59: RoleBinding/default/b: \(message); ") == true,
            "\(found.warnings)"
        )
    }

    @Test(arguments: [
        ("resources: [secrets], verbs: [list]", true),
        ("resources: ['*'], verbs: ['*']", true),
        ("resources: [secrets], verbs: [create]", false),
        ("resources: [secrets], verbs: [get], resourceNames: [one]", false),
        ("resources: [configmaps], verbs: [get]", false),
    ])
    func `a role of the manifests counts if it reads Secrets`(rule: String, isReader: Bool) {
        let role = """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: reader}
            rules:
            - {apiGroups: [''], \(rule)}
            ---

            """
        let found = findings(in: role + binding(Self.group + "'system:nodes'", to: "reader"))
        #expect(found.warnings.isEmpty != isReader)
    }

    @Test(arguments: [
        ("kind: ServiceAccount, name: default, namespace: kube-system", "cluster-admin"),
        ("apiGroup: rbac.authorization.k8s.io, kind: Group, name: admins", "cluster-admin"),
        ("apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:nodes'", "'system:node-proxier'"),
        ("apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'", "view"),
    ])
    func `other bindings are no concern`(subject: String, role: String) {
        #expect(findings(in: binding(subject, to: role)).warnings == [])
    }
}
