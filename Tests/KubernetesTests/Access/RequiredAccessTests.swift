import Base
import Testing

@testable import Kubernetes

/// The role with which objects can be applied.
@Suite(.timeLimit(.minutes(15)))
struct RequiredAccessTests {
    /// The rules for manifests, one a line: `GROUP/RESOURCE: VERBS`.
    private func rules(_ text: String, _ change: (inout RequiredAccess) -> Void = { _ in }) -> [String] {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        #expect(file.diagnostics == [])
        var access = RequiredAccess(definitionsOf: file.manifests)
        for manifest in file.manifests { access.apply(manifest) }
        change(&access)
        return access.objects(user: "u", name: "n").flatMap { object in
            (object["rules"]?.sequence ?? []).map { rule in
                let texts = { (key: String) in (rule[key]?.sequence ?? []).compactMap(\.string).joined(separator: ",") }
                return "\(texts("apiGroups"))/\(texts("resources")): \(texts("verbs"))"
            }
        }
    }

    @Test func `a user who applies objects may also list them, but no Secrets`() {
        #expect(
            rules("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: kube-system}}") == [
                "/configmaps: create,get,list,patch", "/namespaces: get",
            ]
        )
        let secret = "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: kube-system}}"
        #expect(rules(secret).contains("/secrets: create,get,patch"))
        #expect(rules("") == ["/namespaces: get"])
    }

    @Test func `roles are escalated, and bindings bind`() {
        let group = "apiVersion: rbac.authorization.k8s.io/v1"
        let found = rules(
            """
            {\(group), kind: ClusterRole, metadata: {name: r}}
            ---
            {\(group), kind: RoleBinding, metadata: {name: c, namespace: default}, roleRef: {kind: Role, name: own}}
            """
        )
        #expect(found.contains("rbac.authorization.k8s.io/clusterroles: create,escalate,get,list,patch"))
        #expect(found.contains("rbac.authorization.k8s.io/roles: bind"))
    }

    @Test func `a custom resource has the plural of its definition, another one a guess`() {
        let text = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: oxen.e.test}
            spec: {group: e.test, scope: Cluster, names: {plural: oxen, kind: Ox}}
            ---
            {apiVersion: e.test/v1, kind: Ox, metadata: {name: a}}
            ---
            {apiVersion: f.test/v1, kind: Proxy, metadata: {name: b}}
            """
        let found = rules(text)
        #expect(found.contains("e.test/oxen: create,get,list,patch"))
        #expect(found.contains("f.test/proxies: create,get,list,patch"))
    }

    @Test func `deleting, waiting, pruning and locks need their verbs`() {
        let object = { (kind: String) in
            ObjectIdentity(type: .init(apiVersion: "apps/v1", kind: kind), namespace: "default", name: "a")
        }
        let text = "{apiVersion: v1, kind: Namespace, metadata: {name: own}}"
        let found = rules(text) { access in
            access.delete(object("Deployment"))
            access.awaitRollout(object("DaemonSet"))
            let manifests = ManifestFile(Array(text.utf8), file: "m.yaml").manifests
            access.prune(manifests, of: ObjectSet(task: "t"), includesProtected: false)
            access.holdLease()
        }
        for rule in [
            "apps/deployments: delete,get", "apps/daemonsets: get,list", "/pods: list", "/events: list",
            "/namespaces: create,get,list,patch", "coordination.k8s.io/leases: create,get,update",
        ] {
            #expect(found.contains(rule), "\(found)")
        }
    }
}
