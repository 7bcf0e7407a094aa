import Testing
import YAML

@testable import Kubernetes

/// The roles with which objects can be applied.
@Suite(.timeLimit(.minutes(30)))
struct RequiredAccessTests {
    /// The rules for manifests but those with which dry runs are saved, one a line: `NAMESPACE GROUP/RESOURCE NAMES: VERBS`.
    private func rules(_ text: String, _ change: (inout RequiredAccess) -> Void = { _ in }) -> [String] {
        allRules(text, change).filter { !Self.verification.contains($0) }
    }

    private func allRules(_ text: String, _ change: (inout RequiredAccess) -> Void = { _ in }) -> [String] {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        #expect(file.diagnostics == [])
        var access = RequiredAccess(definitionsOf: file.manifests)
        for manifest in file.manifests { access.apply(manifest, namespace: "default") }
        change(&access)
        return access.objects(user: "u", name: "n").flatMap { object in
            (object["rules"]?.sequence ?? []).map { rule in
                let texts = { (key: String) in (rule[key]?.sequence ?? []).compactMap(\.string).joined(separator: ",") }
                let namespace = object["metadata"]?["namespace"]?.string ?? "-"
                return
                    "\(namespace) \(texts("apiGroups"))/\(texts("resources")) \(texts("resourceNames")): \(texts("verbs"))"
            }
        }
    }

    private static let base = "- /namespaces kube-system: get"

    /// What a user needs who is to know without a dry run that an object is unchanged.
    private static let verification = [
        "- admissionregistration.k8s.io/mutatingadmissionpolicies : list",
        "- admissionregistration.k8s.io/mutatingwebhookconfigurations : list",
    ]

    @Test func `lists of many objects are allowed only if asked for, and never of Secrets`() {
        let names = (0..<ListedObjects.leastCount).map { "m-\($0)" }
        let objects = ["ConfigMap", "Secret"].flatMap { kind in
            names.map { "{apiVersion: v1, kind: \(kind), metadata: {name: \($0), namespace: kube-system}}" }
        }
        let few = names.dropFirst().map { "{apiVersion: v1, kind: Pod, metadata: {name: \($0)}}" }
        let text = (objects + few).joined(separator: "\n---\n")
        let manifests = ManifestFile(Array(text.utf8), file: "m.yaml").manifests
        var lines: [String] = []
        let without = rules(text) { access in
            access.noteLists(of: manifests, namespace: "default")
            lines = access.listedCollections
        }
        #expect(lines == ["configmaps in namespace kube-system: one list instead of 8 requests"])
        #expect(!without.contains { $0.hasSuffix("list") })
        let with = rules(text) { access in
            access.noteLists(of: manifests, namespace: "default")
            access.allowLists()
        }
        #expect(with.filter { !without.contains($0) } == ["kube-system /configmaps : list"])
    }

    @Test func `a user who applies objects may list what changes them when they are sent`() {
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: kube-system}}"
        #expect(
            allRules(map) == [Self.base] + Self.verification + ["kube-system /configmaps a: create,get,patch"]
        )
        #expect(allRules("") { $0.hold(lease: "t", namespace: "kube-system") }.filter(Self.verification.contains) == [])
    }

    @Test func `an object that may be replaced needs a permission to delete it`() {
        let annotations = "annotations: {nest-bootstrap/replace: on-immutable}"
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: kube-system, \(annotations)}}"
        #expect(
            rules(map) == [
                Self.base, "kube-system /configmaps a: create,delete,get,patch", "kube-system /configmaps : create",
            ]
        )
    }

    @Test func `objects of namespaces that every cluster has need a role there, others one of the cluster`() {
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: kube-system}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: kube-system}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: c, namespace: own}}
            """
        #expect(
            rules(text) == [
                "- /namespaces kube-system,own: get", "- networking.k8s.io/networkpolicies c: create,get,patch",
                "kube-system /configmaps a,b: create,get,patch",
            ]
        )
    }

    @Test func `a user whose task prunes may list and delete the kinds of the manifests`() {
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: own}}
            """
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        func pruningRules(includesProtected: Bool) -> [String] {
            rules(text) { access in
                access.keep(ApplySet(task: "t"))
                access.prune(
                    file.manifests,
                    includesProtected: includesProtected,
                    namespace: "default"
                )
            }
        }
        let parent = "kube-system /configmaps nest-bootstrap-t: create,get,patch"
        #expect(
            pruningRules(includesProtected: false) == [
                "- /namespaces own: create,get,patch", "- /namespaces default,kube-system: get", "- /namespaces : list",
                "default /configmaps a: create,get,patch", "default /configmaps : delete,get,list", parent,
                "kube-system /configmaps : list",
            ]
        )
        #expect(pruningRules(includesProtected: true).contains("- /namespaces : delete,get,list"))
    }

    @Test func `a task that runs on one node at a time needs its Lease, and may create any`() {
        #expect(
            rules("") { $0.hold(lease: "nest-bootstrap-t", namespace: "kube-system") } == [
                Self.base, "kube-system coordination.k8s.io/leases nest-bootstrap-t: get,update,watch",
                "kube-system coordination.k8s.io/leases : create",
            ]
        )
    }

    @Test func `a user who applies an admission policy may read its parameters`() {
        let text = """
            {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: p},
             spec: {paramKind: {apiVersion: v1, kind: ConfigMap}}}
            ---
            {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: b},
             spec: {policyName: p, paramRef: {name: c, namespace: own}}}
            """
        #expect(
            rules(text) == [
                "- /configmaps : get", Self.base,
                "- admissionregistration.k8s.io/validatingadmissionpolicies p: create,get,patch",
                "- admissionregistration.k8s.io/validatingadmissionpolicybindings b: create,get,patch",
            ]
        )
    }

    @Test func `roles are escalated and bound by name`() {
        let group = "apiVersion: rbac.authorization.k8s.io/v1"
        let text = """
            {\(group), kind: ClusterRole, metadata: {name: r}}
            ---
            {\(group), kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {kind: ClusterRole, name: view}}
            ---
            {\(group), kind: RoleBinding, metadata: {name: c, namespace: default}, roleRef: {kind: Role, name: own}}
            """
        let prefix = "rbac.authorization.k8s.io"
        #expect(
            rules(text) == [
                "- /namespaces default,kube-system: get",
                "- \(prefix)/clusterrolebindings b: create,get,patch",
                "- \(prefix)/clusterroles view: bind", "- \(prefix)/clusterroles r: create,escalate,get,patch",
                "default \(prefix)/rolebindings c: create,get,patch", "default \(prefix)/roles own: bind",
            ]
        )
    }

    @Test func `an object without a namespace is in that of the kubeconfig, unless its kind has none`() {
        let text = """
            {apiVersion: v1, kind: Secret, metadata: {name: s}}
            ---
            {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c, namespace: ignored}}
            """
        #expect(
            rules(text) == [
                "- /namespaces default,kube-system: get", "- storage.k8s.io/storageclasses c: create,get,patch",
                "default /secrets s: create,get,patch",
            ]
        )
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
        let definitions = "- apiextensions.k8s.io/customresourcedefinitions oxen.e.test: create,get,patch"
        var guesses: [String] = []
        let found = rules(text) { guesses = $0.guesses.map(\.description) }
        #expect(guesses == ["Proxy (f.test/v1)"])
        #expect(
            found == [
                "- /namespaces default,kube-system: get", definitions,
                "- apiextensions.k8s.io/customresourcedefinitions proxies.f.test: get",
                "- e.test/oxen a: create,get,patch",
                "default f.test/proxies b: create,get,patch",
            ]
        )
    }

    @Test func `deleting, waiting and rollouts need no more than they ask for`() {
        let object = { (kind: String, name: String) in
            ObjectIdentity(type: .init(apiVersion: "apps/v1", kind: kind), namespace: "default", name: name)
        }
        let found = rules("") { access in
            access.delete(object("Deployment", "old"), namespace: "kube-system")
            access.observe(object("Deployment", "new"), namespace: "kube-system")
            access.awaitRollout(object("DaemonSet", "d"), namespace: "kube-system")
        }
        #expect(
            found == [
                Self.base, "- /nodes : list", "default /events : list", "default /pods : list",
                "default apps/daemonsets d: get,list,watch", "default apps/deployments old: delete,get",
                "default apps/deployments new: get,list,watch",
            ]
        )
    }

    @Test func `the rollout of a Deployment also needs to list ReplicaSets`() {
        let type = GroupVersionKind(apiVersion: "apps/v1", kind: "Deployment")
        let found = rules("") { access in
            access.awaitRollout(.init(type: type, namespace: "default", name: "d"), namespace: "kube-system")
        }
        #expect(found.contains("default apps/replicasets : list"), "\(found)")
    }
}
