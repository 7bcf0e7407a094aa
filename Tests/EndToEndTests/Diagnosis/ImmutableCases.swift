/// Fields that cannot be changed, or that belong to another manager.
enum ImmutableCases {
    static let all = [
        FailureCase(
            id: "25a",
            failure: "clusterIP of a Service",
            manifest: """
                apiVersion: v1
                kind: Service
                metadata: {name: s, namespace: immutables}
                spec:
                  clusterIP: 10.96.77.11
                  ports: [{port: 80, protocol: TCP}]
                """,
            change: (old: "10.96.77.10", new: "10.96.77.11"),
            lines: [
                "25a.yaml:5:3: Service/immutables/s: field 'spec.clusterIP' cannot be changed: "
                    + #""10.96.77.10" on the server, "10.96.77.11" here; restore the value, choose another "#
                    + "name, or recreate the object: 'kubectl delete service s -n immutables' (clients lose "
                    + "their connections until it is back)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25b",
            failure: "selector of a Deployment",
            manifest: """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: d25b, namespace: immutables}
                spec:
                  selector:
                    matchLabels: {app: b}
                  template:
                    metadata: {labels: {app: b}}
                    spec: {containers: [{name: c, image: x}]}
                """,
            change: (old: "app: a", new: "app: b"),
            lines: [
                "25b.yaml:6:19: Deployment/immutables/d25b: field 'spec.selector.matchLabels.app' cannot "
                    + #"be changed: "a" on the server, "b" here; restore the value, choose another name, or "#
                    + "recreate the object: 'kubectl delete deployment.apps d25b -n immutables' (ends its pods)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25c",
            failure: "serviceName of a StatefulSet",
            manifest: """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: s25c, namespace: immutables}
                spec:
                  serviceName: two
                  selector: {matchLabels: {app: b}}
                  template:
                    metadata: {labels: {app: b}}
                    spec: {containers: [{name: c, image: x}]}
                """,
            change: (old: "one", new: "two"),
            lines: [
                "25c.yaml:5:3: StatefulSet/immutables/s25c: field 'spec.serviceName' cannot be changed: "
                    + #""one" on the server, "two" here; restore the value, choose another name, or recreate "#
                    + "the object: 'kubectl delete statefulset.apps s25c -n immutables' (ends its pods)"
            ],
        ),
        FailureCase(
            id: "25d",
            failure: "immutable ConfigMap",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: cm25d, namespace: immutables}
                immutable: true
                data: {a: "2"}
                """,
            change: (old: #""1""#, new: #""2""#),
            lines: [
                #"25d.yaml:5:8: ConfigMap/immutables/cm25d: field 'data.a' cannot be changed: "1" on the "#
                    + #"server, "2" here; restore the value, choose another name, or recreate the object: "#
                    + "'kubectl delete configmap cm25d -n immutables' (pods that start before it is back fail)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25e",
            failure: "provisioner of a StorageClass",
            manifest: """
                apiVersion: storage.k8s.io/v1
                kind: StorageClass
                metadata: {name: sc25e}
                provisioner: example.com/b
                reclaimPolicy: Delete
                parameters: {a: b}
                """,
            change: (old: "example.com/a", new: "example.com/b"),
            lines: [
                "25e.yaml:4:1: StorageClass/sc25e: field 'provisioner' cannot be changed: "
                    + #""example.com/a" on the server, "example.com/b" here; restore the value, choose another "#
                    + "name, or recreate the object: 'kubectl delete storageclass.storage.k8s.io sc25e'"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25f",
            failure: "template of a Job",
            manifest: """
                apiVersion: batch/v1
                kind: Job
                metadata: {name: job25f, namespace: immutables}
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers: [{name: c, image: "x:2"}]
                """,
            change: (old: "x:1", new: "x:2"),
            lines: [
                "25f.yaml:8:30: Job/immutables/job25f: field 'spec.template.spec.containers[0].image' "
                    + #"cannot be changed: "x:1" on the server, "x:2" here; restore the value, choose another "#
                    + "name, or recreate the object: 'kubectl delete job.batch job25f -n immutables' (ends its "
                    + "pods)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25g",
            failure: "source of a PersistentVolume",
            manifest: """
                apiVersion: v1
                kind: PersistentVolume
                metadata: {name: pv25g}
                spec:
                  capacity: {storage: 1Gi}
                  accessModes: [ReadWriteOnce]
                  hostPath:
                    path: /two
                """,
            change: (old: "/one", new: "/two"),
            lines: [
                "25g.yaml:8:5: PersistentVolume/pv25g: field 'spec.hostPath.path' cannot be changed: "
                    + #""/one" on the server, "/two" here; restore the value, choose another name, or recreate "#
                    + "the object: 'kubectl delete persistentvolume pv25g' (deleting it may lose its data, and "
                    + "its claim loses its volume)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25h",
            failure: "accessModes of a claim",
            manifest: """
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: pvc25h, namespace: immutables}
                spec:
                  accessModes: [ReadOnlyMany]
                  storageClassName: nosuch
                  resources: {requests: {storage: 1Gi}}
                """,
            change: (old: "ReadWriteOnce", new: "ReadOnlyMany"),
            lines: [
                "25h.yaml:5:17: PersistentVolumeClaim/immutables/pvc25h: field 'spec.accessModes[0]' "
                    + #"cannot be changed: "ReadWriteOnce" on the server, "ReadOnlyMany" here; restore the "#
                    + "value, choose another name, or recreate the object: 'kubectl delete "
                    + "persistentvolumeclaim pvc25h -n immutables' (deleting it loses its data)"
            ],
        ),
        FailureCase(
            id: "25i",
            failure: "scope of a definition",
            manifest: """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: gizmos.t25i.example.test}
                spec:
                  group: t25i.example.test
                  scope: Cluster
                  names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
                  versions:
                    - name: v1
                      served: true
                      storage: true
                      schema:
                        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
                """,
            change: (old: "Namespaced", new: "Cluster"),
            lines: [
                "25i.yaml:6:3: CustomResourceDefinition/gizmos.t25i.example.test: field 'spec.scope' "
                    + #"cannot be changed: "Namespaced" on the server, "Cluster" here; restore the value, "#
                    + "choose another name, or recreate the object: 'kubectl delete "
                    + "customresourcedefinition.apiextensions.k8s.io gizmos.t25i.example.test' (deletes every "
                    + "Gizmo)"
            ],
        ),
        FailureCase(
            id: "25k",
            failure: "value of a PriorityClass",
            manifest: """
                apiVersion: scheduling.k8s.io/v1
                kind: PriorityClass
                metadata: {name: pc25k}
                value: 200
                """,
            change: (old: "100", new: "200"),
            lines: [
                "25k.yaml:4:1: PriorityClass/pc25k: field 'value' cannot be changed: 100 on the server, "
                    + "200 here; restore the value, choose another name, or recreate the object: 'kubectl "
                    + "delete priorityclass.scheduling.k8s.io pc25k'"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "25m",
            failure: "environment of a Pod",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p25m, namespace: immutables}
                spec:
                  containers:
                    - name: c
                      image: x
                      env: [{name: A, value: b}]
                """,
            change: (old: "value: a", new: "value: b"),
            lines: [
                "25m.yaml:8:23: Pod/immutables/p25m: field 'spec.containers[0].env[0].value' cannot be "
                    + #"changed: "a" on the server, "b" here; restore the value, choose another name, or "#
                    + "recreate the object: 'kubectl delete pod p25m -n immutables' (ends its pods)"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "F10",
            failure: "roleRef, object of kubectl",
            manifest: """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: crb10}
                roleRef:
                  apiGroup: rbac.authorization.k8s.io
                  kind: ClusterRole
                  name: edit
                """,
            change: (old: "view", new: "edit"),
            manager: "kubectl",
            lines: [
                #"F10.yaml:7:3: ClusterRoleBinding/crb10: field 'roleRef.name' cannot be changed: "view" "#
                    + #"on the server, "edit" here; restore the value, choose another name, or recreate the "#
                    + "object: 'kubectl delete clusterrolebinding.rbac.authorization.k8s.io crb10'"
                    + "; with annotation 'nest-bootstrap/replace: on-immutable' the agent does it"
            ],
        ),
        FailureCase(
            id: "F11",
            failure: "conflict",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: f11, namespace: immutables}
                data:
                  a: "2"
                """,
            change: (old: #""1""#, new: #""2""#),
            manager: "other",
            lines: [
                "F11.yaml:5:3: ConfigMap/immutables/f11: field 'data.a' is owned by 'other', which last "
                    + #"wrote at NOW: "1" on the server, "2" here; take it with 'apply: {conflicts: force}' in task "#
                    + "'tf11', or remove it here"
            ],
        ),
    ]
}
