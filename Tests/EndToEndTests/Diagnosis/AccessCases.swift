/// Users who are unknown or may not do it.
enum AccessCases {
    static let all = [
        FailureCase(
            id: "F12",
            failure: "forbidden",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: cm, namespace: default}
                """,
            kubeconfig: "nobody",
            lines: [
                "F12.yaml:1:1: ConfigMap/default/cm: user 'nobody' (kubeconfig 'nobody.kubeconfig', user "
                    + "'nobody', certificate 'CN=nobody') may not get configmaps in namespace 'default'; add "
                    + #"to a Role in namespace 'default' bound to this user: - {apiGroups: [""], resources: "#
                    + #"["configmaps"], verbs: ["get", "create", "patch"]}"#
            ],
        ),
        FailureCase(
            id: "34a",
            failure: "forbidden, several kinds",
            manifest: """
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: m0, namespace: default}
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: m1, namespace: default}
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: m2, namespace: default}
                """,
            kubeconfig: "nobody",
            lines: [
                "2 Secrets (34a.yaml:2:1, 6:1): user 'nobody' (kubeconfig 'nobody.kubeconfig', user "
                    + "'nobody', certificate 'CN=nobody') may not get secrets in namespace 'default'; add to a "
                    + #"Role in namespace 'default' bound to this user: - {apiGroups: [""], resources: "#
                    + #"["secrets"], verbs: ["get", "create", "patch"]}"#,
                "34a.yaml:10:1: ConfigMap/default/m2: user 'nobody' (kubeconfig 'nobody.kubeconfig', "
                    + "user 'nobody', certificate 'CN=nobody') may not get configmaps in namespace 'default'; "
                    + #"add to a Role in namespace 'default' bound to this user: - {apiGroups: [""], resources: "#
                    + #"["configmaps"], verbs: ["get", "create", "patch"]}"#,
            ],
        ),
        FailureCase(
            id: "34d",
            failure: "forbidden, 17 Secrets",
            manifest: seventeen(
                """
                apiVersion: v1
                kind: Secret
                metadata: {name: sNUMBER, namespace: default}
                """
            ),
            kubeconfig: "nobody",
            lines: [
                "17 Secrets (34d.yaml:2:1, 6:1, 10:1 and 14 more): user 'nobody' (kubeconfig "
                    + "'nobody.kubeconfig', user 'nobody', certificate 'CN=nobody') may not get secrets in "
                    + "namespace 'default'; add to a Role in namespace 'default' bound to this user: - "
                    + #"{apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch"]}"#
            ],
        ),
        FailureCase(
            id: "34b",
            failure: "granting permissions one does not hold",
            manifest: """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: esc34}
                rules: [{apiGroups: [""], resources: [secrets], verbs: ["*"]}]
                """,
            kubeconfig: "diagnosis-weak",
            lines: [
                "34b.yaml:1:1: ClusterRole/esc34: user 'diagnosis-weak' (kubeconfig "
                    + "'diagnosis-weak.kubeconfig', user 'admin', certificate 'CN=diagnosis-weak') may not grant "
                    + #"permissions that it does not hold: {APIGroups:[""], Resources:["secrets"], "#
                    + #"Verbs:["*"]}; apply it as a user who holds these permissions, or who may 'escalate' and "#
                    + "'bind'"
            ],
        ),
        FailureCase(
            id: "34c",
            failure: "binding to a role one does not hold",
            manifest: """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: esc34}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
                """,
            kubeconfig: "diagnosis-weak",
            lines: [
                "34c.yaml:1:1: ClusterRoleBinding/esc34: user 'diagnosis-weak' (kubeconfig "
                    + "'diagnosis-weak.kubeconfig', user 'admin', certificate 'CN=diagnosis-weak') may not grant "
                    + #"permissions that it does not hold: {APIGroups:["*"], Resources:["*"], Verbs:["*"]} "#
                    + #"{NonResourceURLs:["*"], Verbs:["*"]}; apply it as a user who holds these permissions, "#
                    + "or who may 'escalate' and 'bind'"
            ],
        ),
        FailureCase(
            id: "22",
            failure: "client certificate of another CA",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: ca22, namespace: accesses}
                """,
            kubeconfig: "diagnosis-foreign",
            lines: [
                "API server …does not accept kubeconfig 'diagnosis-foreign.kubeconfig', user 'admin', certificate "
                    + "'CN=old-admin,O=system:masters'; check that CA 'CN=another CA', which issued the "
                    + "certificate, is in the server's '--client-ca-file'"
            ],
        ),
    ]
}
