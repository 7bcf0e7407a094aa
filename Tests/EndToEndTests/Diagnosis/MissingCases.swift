/// Missing kinds, namespaces and permissions.
enum MissingCases {
    static let all = [
        FailureCase(
            id: "F06",
            failure: "namespace missing",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: cm
                  namespace: nosuch
                """,
            lines: [
                "F06.yaml:5:14: ConfigMap/nosuch/cm: namespace 'nosuch' does not exist; no task of this "
                    + "node provides it; apply a manifest of the Namespace before it, or correct "
                    + "'metadata.namespace'"
            ],
        ),
        FailureCase(
            id: "F07",
            failure: "definition missing",
            manifest: """
                apiVersion: example.test/v1
                kind: Widget
                metadata: {name: w}
                """,
            lines: [
                "F07.yaml:1:13: Widget/w: the server has no kind 'Widget' in 'example.test/v1'; no task "
                    + "of this node provides it; apply the CustomResourceDefinition that defines it first"
            ],
        ),
        FailureCase(
            id: "35a",
            failure: "removed API with a successor",
            manifest: """
                apiVersion: extensions/v1beta1
                kind: Ingress
                metadata: {name: i, namespace: default}
                spec: {backend: {serviceName: a, servicePort: 80}}
                """,
            versions: 22...999,
            lines: [
                "35a.yaml:1:13: Ingress/default/i: the server has no kind 'Ingress' in "
                    + "'extensions/v1beta1'; it is served as 'networking.k8s.io/v1'; write 'apiVersion: "
                    + "networking.k8s.io/v1'"
            ],
        ),
        FailureCase(
            id: "35b",
            failure: "removed API without a successor",
            manifest: """
                apiVersion: policy/v1beta1
                kind: PodSecurityPolicy
                metadata: {name: p}
                spec: {seLinux: {rule: RunAsAny}, runAsUser: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}}
                """,
            versions: 25...999,
            lines: [
                "35b.yaml:1:13: PodSecurityPolicy/p: the server has no kind 'PodSecurityPolicy' in "
                    + "'policy/v1beta1', which was removed in Kubernetes 1.25; use Pod Security admission: "
                    + "label the namespaces 'pod-security.kubernetes.io/enforce: LEVEL'"
            ],
        ),
        FailureCase(
            id: "35d",
            failure: "removed version of a Deployment",
            manifest: """
                apiVersion: apps/v1beta2
                kind: Deployment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "35d.yaml:1:13: Deployment/default/d: the server has no kind 'Deployment' in "
                    + "'apps/v1beta2'; it is served as 'apps/v1'; write 'apiVersion: apps/v1'"
            ],
        ),
        FailureCase(
            id: "35c",
            failure: "wrong group",
            manifest: """
                apiVersion: v1
                kind: Deployment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "35c.yaml:1:13: Deployment/default/d: the server has no kind 'Deployment' in 'v1'; it is "
                    + "served as 'apps/v1'; write 'apiVersion: apps/v1'"
            ],
        ),
        FailureCase(
            id: "36a",
            failure: "typo in the kind",
            manifest: """
                apiVersion: apps/v1
                kind: Deplyoment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "36a.yaml:2:7: Deplyoment/default/d: the server has no kind 'Deplyoment' in 'apps/v1'; "
                    + "did you mean 'kind: Deployment'?"
            ],
        ),
        FailureCase(
            id: "36c",
            failure: "typo in the apiVersion",
            manifest: """
                apiVersion: aps/v1
                kind: Deployment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "36c.yaml:1:13: Deployment/default/d: the server has no kind 'Deployment' in 'aps/v1'; "
                    + "it is served as 'apps/v1'; write 'apiVersion: apps/v1'"
            ],
        ),
        FailureCase(
            id: "36e",
            failure: "typos in both",
            manifest: """
                apiVersion: aps/v1
                kind: Deplyoment
                metadata: {name: d, namespace: default}
                """,
            lines: [
                "36e.yaml:1:13: Deplyoment/default/d: the server has no kind 'Deplyoment' in 'aps/v1'; "
                    + "did you mean 'apiVersion: apps/v1' with 'kind: Deployment'?"
            ],
        ),
        FailureCase(
            id: "33b",
            failure: "17 objects in a missing namespace",
            manifest: seventeen(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: sNUMBER, namespace: nosuch-ns}
                """
            ),
            lines: [
                "17 ConfigMaps (33b.yaml:4:33, 8:33, 12:33 and 14 more): namespace 'nosuch-ns' does not "
                    + "exist; no task of this node provides it; apply a manifest of the Namespace before it, "
                    + "or correct 'metadata.namespace'"
            ],
        ),
        FailureCase(
            id: "33c",
            failure: "17 objects of a missing kind",
            manifest: seventeen(
                """
                apiVersion: ex.test/v1
                kind: Foo
                metadata: {name: sNUMBER, namespace: default}
                """
            ),
            lines: [
                "17 Foos (33c.yaml:2:13, 6:13, 10:13 and 14 more): the server has no kind 'Foo' in "
                    + "'ex.test/v1'; no task of this node provides it; apply the CustomResourceDefinition that "
                    + "defines it first"
            ],
        ),
        FailureCase(
            id: "44e",
            failure: "17 objects with the same conflicts",
            manifest: seventeen(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: xNUMBER, namespace: absences}
                data: {a: "2", b: "2"}
                """
            ),
            change: (old: #""1""#, new: #""2""#),
            manager: "other",
            lines: [
                "17 ConfigMaps (44e.yaml:5:8, 10:8, 15:8 and 14 more): field 'data.a' is owned by 'other'…: \"1\" on the "
                    + "server, \"2\" here; take it with 'apply: {conflicts: force}' in task 't44e', or remove it here",
                "17 ConfigMaps (44e.yaml:5:16, 10:16, 15:16 and 14 more): field 'data.b' is owned by 'other'…: "
                    + "\"1\" on the server, \"2\" here; take it with 'apply: {conflicts: force}' in task 't44e', or remove it here",
            ],
        ),
        FailureCase(
            id: "31",
            failure: "namespace that is being deleted",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a, namespace: term31}
                """,
            lines: [
                "31.yaml:3:32: ConfigMap/term31/a: namespace 'term31' is being deleted: …example.test/held in 1 resource "
                    + "instances; let the controllers that set these finalizers finish; see the objects: 'kubectl get "
                    + "configmaps -n term31'"
            ],
            timeout: "20s",
        ),
        FailureCase(
            id: "46",
            failure: "definition whose names are taken",
            manifest: """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: gizmos.t46.example.test}
                spec:
                  group: t46.example.test
                  scope: Cluster
                  names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
                  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
                ---
                apiVersion: t46.example.test/v1
                kind: Gizmo
                metadata: {name: g}
                """,
            lines: [
                "46.yaml:7:37: CustomResourceDefinition/gizmos.t46.example.test: the definition is on the "
                    + "server, but its objects are not served: it cannot be established: ListKindConflict: "
                    + #""GizmoList" is already in use; CustomResourceDefinition 'otters.t46.example.test' has them: "#
                    + "write other values in 'spec.names' for 'singular', 'kind', 'listKind', or delete that one, with all "
                    + "its objects: 'kubectl delete crd otters.t46.example.test'",
                "46.yaml:10:1: Gizmo/g: not tried: CustomResourceDefinition/gizmos.t46.example.test, "
                    + "which it needs, could not be applied",
            ],
        ),
    ]
}
