/// Objects that do not match their schema.
enum SchemaCases {
    static let all = [
        FailureCase(
            id: "F08",
            failure: "misspelt fields",
            manifest: """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: f08, namespace: schemas}
                spec:
                  selector: {matchLabels: {app: t}}
                  template:
                    metadata: {labels: {app: t}}
                    spec:
                      hostNetwrok: true
                      containers:
                        - name: c
                          image: i
                          imagePulPolicy: Always
                """,
            lines: [
                "F08.yaml:9:7: DaemonSet/schemas/f08: field 'spec.template.spec.hostNetwrok' is not "
                    + "known to the server; did you mean 'hostNetwork'?",
                "F08.yaml:13:11: DaemonSet/schemas/f08: field "
                    + "'spec.template.spec.containers[0].imagePulPolicy' is not known to the server; did you "
                    + "mean 'imagePullPolicy'?",
            ],
        ),
        FailureCase(
            id: "F09",
            failure: "wrong type",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: f09, namespace: schemas}
                spec:
                  containers:
                    - name: c
                      image: i
                      ports:
                        - containerPort: "80"
                """,
            lines: [
                "F09.yaml:9:26: Pod/schemas/f09: field 'spec.containers[0].ports[0].containerPort': "
                    + #"expected an integer, found the string "80"; remove the quotes: '80'"#
            ],
        ),
        FailureCase(
            id: "28",
            failure: "rule of a definition",
            manifest: """
                apiVersion: t28.example.test/v1
                kind: Gizmo
                metadata: {name: g, namespace: schemas}
                spec: {min: 5, max: 3}
                """,
            versions: 25...999,
            lines: [
                #"28.yaml:4:1: Gizmo/schemas/g: field 'spec' is refused: {"min":5,"max":3}: min must not "#
                    + "exceed max"
            ],
        ),
        FailureCase(
            id: "28b",
            failure: "schema of a definition",
            manifest: """
                apiVersion: t28b.example.test/v1
                kind: Gizmo
                metadata: {name: g, namespace: schemas}
                spec:
                  mode: Fats
                  list:
                    - id: ok
                      "n": 50
                    - id: A1
                    - "n": 1
                """,
            lines: [
                #"28b.yaml:5:3: Gizmo/schemas/g: field 'spec.mode' is refused: "Fats": supported values: "#
                    + #""Fast", "Slow"; did you mean 'Fast'?"#,
                "28b.yaml:8:7: Gizmo/schemas/g: field 'spec.list[0].n' is refused: 50: …in body should "
                    + "be less than or equal to 10",
                #"28b.yaml:9:7: Gizmo/schemas/g: field 'spec.list[1].id' is refused: "A1": …in body "#
                    + "should match '^[a-z]+$'",
                "28b.yaml:10:7: Gizmo/schemas/g: field 'spec.list[2].id' is required; add 'id:'",
            ],
        ),
        FailureCase(
            id: "36d",
            failure: "eight wrong values",
            manifest: """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: d36d, namespace: schemas}
                spec:
                  replicas: -1
                  selector: {matchLabels: {app: a}}
                  template:
                    metadata: {labels: {app: b}}
                    spec:
                      restartPolicy: Alwasy
                      dnsPolicy: Cluster
                      containers:
                        - name: c
                          imagePullPolicy: always
                          ports: [{protocol: TCP}]
                          volumeMounts: [{name: nosuch, mountPath: /x}]
                """,
            lines: [
                "36d.yaml:5:3: Deployment/schemas/d36d: field 'spec.replicas' is refused: -1: must be "
                    + "greater than or equal to 0",
                "36d.yaml:8:16: Deployment/schemas/d36d: field 'spec.template.metadata.labels' is "
                    + #"refused: {"app":"b"}: `selector` does not match template `labels`"#,
                "36d.yaml:10:7: Deployment/schemas/d36d: field 'spec.template.spec.restartPolicy' is "
                    + #"refused: "Alwasy": supported values: "Always"; did you mean 'Always'?"#,
                "36d.yaml:11:7: Deployment/schemas/d36d: field 'spec.template.spec.dnsPolicy' is "
                    + #"refused: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "#
                    + #""Default", "None"; did you mean 'ClusterFirst'?"#,
                "36d.yaml:13:11: Deployment/schemas/d36d: field 'spec.template.spec.containers[0].image' "
                    + "is required; add 'image:'",
                "36d.yaml:14:11: Deployment/schemas/d36d: field "
                    + #"'spec.template.spec.containers[0].imagePullPolicy' is refused: "always": supported "#
                    + #"values: "Always", "IfNotPresent", "Never"; did you mean 'Always'?"#,
                "36d.yaml:15:19: Deployment/schemas/d36d: field "
                    + "'spec.template.spec.containers[0].ports[0].containerPort' is required; add "
                    + "'containerPort:'",
                "36d.yaml:16:27: Deployment/schemas/d36d: field "
                    + #"'spec.template.spec.containers[0].volumeMounts[0].name' is "nosuch", which does not "#
                    + "exist; declare it, or correct 'name'",
            ],
        ),
        FailureCase(
            id: "36g",
            failure: "quantities",
            manifest: """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: q36g, namespace: schemas}
                spec:
                  selector: {matchLabels: {app: a}}
                  template:
                    metadata: {labels: {app: a}}
                    spec:
                      containers:
                        - name: c
                          image: x
                          resources:
                            limits:
                              memory: 1GiB
                              cpu: half
                """,
            lines: [
                "36g.yaml:14:23: DaemonSet/schemas/q36g: field "
                    + "'spec.template.spec.containers[0].resources.limits.memory': expected a quantity, found "
                    + #""1GiB"; write '1Gi'"#,
                "36g.yaml:15:20: DaemonSet/schemas/q36g: field "
                    + "'spec.template.spec.containers[0].resources.limits.cpu': expected a quantity, found "
                    + #""half"; write for example '500m' or '1Gi'"#,
            ],
        ),
        FailureCase(
            id: "38",
            failure: "duplicate items of a list",
            manifest: """
                apiVersion: v1
                kind: Service
                metadata: {name: dup38, namespace: schemas}
                spec:
                  ports:
                    - {port: 80, protocol: TCP}
                    - {port: 80, protocol: TCP}
                """,
            lines: [
                "38.yaml:7:7: Service/schemas/dup38: field 'spec.ports' has more than one item "
                    + #"[port=80,protocol="TCP"]: at 38.yaml:6:7 and at 38.yaml:7:7; remove one of them"#
            ],
        ),
        FailureCase(
            id: "39",
            failure: "value that is not base64",
            manifest: """
                apiVersion: v1
                kind: Secret
                metadata: {name: b39, namespace: schemas}
                data:
                  password: geheim!
                """,
            lines: [
                "39.yaml:5:13: Secret/schemas/b39: field 'data.password': expected base64, found a "
                    + "string: ***; encode it with 'base64 -w0', or move it to 'stringData'"
            ],
        ),
        FailureCase(
            id: "28c",
            failure: "definition with a wrong rule",
            manifest: """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: gizmos.t28c.example.test}
                spec:
                  group: t28c.example.test
                  scope: Namespaced
                  names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
                  versions:
                    - name: v1
                      served: true
                      storage: true
                      schema:
                        openAPIV3Schema: 
                          type: object
                          properties:
                            spec:
                              type: object
                              x-kubernetes-validations:
                                - rule: "self.nosuch <= self.max"
                                  message: min must not exceed max
                              properties: {min: {type: integer}, max: {type: integer}}
                """,
            versions: 25...999,
            lines: [
                "28c.yaml:19:19: CustomResourceDefinition/gizmos.t28c.example.test: field "
                    + "'spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].ru"
                    + #"le' is refused: "self.nosuch <= self.max": compilation failed: ERROR: <input>:1:5: "#
                    + "undefined field 'nosuch' | self.nosuch <= self.max | ....^"
            ],
        ),
        FailureCase(
            id: "28d",
            failure: "definition whose schema is not structural",
            manifest: """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: gizmos.t28d.example.test}
                spec:
                  group: t28d.example.test
                  scope: Namespaced
                  names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
                  versions:
                    - name: v1
                      served: true
                      storage: true
                      schema:
                        openAPIV3Schema: {properties: {spec: {properties: {a: {type: string}}}}}
                """,
            lines: [
                "28d.yaml:13:9: CustomResourceDefinition/gizmos.t28d.example.test: field "
                    + "'spec.versions[0].schema.openAPIV3Schema.type' is required: must not be empty at the "
                    + "root; add 'type:'",
                "28d.yaml:13:40: CustomResourceDefinition/gizmos.t28d.example.test: field "
                    + "'spec.versions[0].schema.openAPIV3Schema.properties[spec].type' is required: must not "
                    + "be empty for specified object fields; add 'type:'",
            ],
        ),
    ]
}
