/// Objects with wrong names, values and sizes.
enum ValueCases {
    static let all = [
        FailureCase(
            id: "F13",
            failure: "duplicate key",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: dup, namespace: values}
                data:
                  a: "1"
                  b: "2"
                  a: "3"
                """,
            lines: [
                "F13.yaml:7:3: key 'a' is set twice, the first time at F13.yaml:5:3; remove one of the "
                    + "two"
            ],
        ),
        FailureCase(
            id: "F14",
            failure: "broken YAML",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: b, namespace: values}
                data:
                  a: "never closed
                  b: c
                """,
            lines: [
                #"F14.yaml:5:6: the string that begins with " here is not closed; "#
                    + "close it with \" after 'never closed'"
            ],
        ),
        FailureCase(
            id: "13b",
            failure: "a key that is a boolean in YAML 1.1",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: y13b, namespace: values}
                data:
                  y: a
                """,
            lines: [
                "13b.yaml:5:3: key 'y' is the boolean true in YAML 1.1, so it would become 'true'; put "
                    + "it in quotes: 'y'"
            ],
        ),
        FailureCase(
            id: "13c",
            failure: "two such keys",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: y13c, namespace: values}
                data:
                  y: a
                  yes: b
                """,
            lines: [
                "13c.yaml:5:3: key 'y' is the boolean true in YAML 1.1, so it would become 'true'; put "
                    + "it in quotes: 'y'",
                "13c.yaml:6:3: key 'yes' is the boolean true in YAML 1.1, so it would become 'true'; put "
                    + "it in quotes: 'yes'",
            ],
        ),
        FailureCase(
            id: "26a",
            failure: "ConfigMap of 1.2 MB",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: cm26a, namespace: values}
                data:
                  a: LONG-1200000
                """,
            lines: [
                "26a.yaml:5:3: ConfigMap/values/cm26a: field 'data.a' is too large (1200001 bytes; the "
                    + "limit is 1048576); split it into several objects"
            ],
        ),
        FailureCase(
            id: "26b",
            failure: "annotation of 300 KB",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: cm26b
                  namespace: values
                  annotations:
                    note: b
                    a: LONG-300000
                """,
            lines: [
                "26b.yaml:8:5: ConfigMap/values/cm26b: field 'metadata.annotations' is too large (300006 "
                    + "bytes, 300001 of them in 'a'; the limit is 262144); shorten 'a', or move it to a "
                    + "ConfigMap"
            ],
        ),
        FailureCase(
            id: "26c",
            failure: "object too large for etcd",
            manifest: """
                apiVersion: t26.example.test/v1
                kind: Gizmo
                metadata: {name: c, namespace: values}
                spec: {a: LONG-2000000}
                """,
            lines: [
                "26c.yaml:1:1: Gizmo/values/c: the object is too large for etcd (…bytes; a "
                    + "request may have 1572864 unless '--max-request-bytes' says otherwise); split it into "
                    + "several objects"
            ],
        ),
        FailureCase(
            id: "26d",
            failure: "object too large for the server",
            manifest: """
                apiVersion: t26.example.test/v1
                kind: Gizmo
                metadata: {name: d, namespace: values}
                spec: {a: LONG-3500000}
                """,
            lines: [
                "26d.yaml:1:1: Gizmo/values/d: the object is too large for the server (…bytes; "
                    + "the limit is 3145728); split it into several objects"
            ],
        ),
        FailureCase(
            id: "27",
            failure: "invalid names, labels and keys",
            manifest: """
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: My_Config
                  namespace: values
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: labels27
                  namespace: values
                  labels:
                    app: "not a label"
                    "bad key!": x
                    good: fine
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: data27
                  namespace: values
                data:
                  "a b": x
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: svc27, namespace: values}
                spec:
                  ports: [{port: 99999, protocol: TCP}]
                ---
                apiVersion: v1
                kind: Namespace
                metadata: {name: Kube_X}
                """,
            lines: [
                #"27.yaml:33:12: Namespace/Kube_X: field 'metadata.name' is refused: "Kube_X": a "#
                    + "lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
                    + "must start and end with an alphanumeric character; write for example 'kube-x'",
                #"27.yaml:4:3: ConfigMap/values/My_Config: field 'metadata.name' is refused: "My_Config": "#
                    + "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
                    + "or '.', and must start and end with an alphanumeric character; write for example "
                    + "'my-config'",
                #"27.yaml:13:5: ConfigMap/values/labels27: field 'metadata.labels.app' is refused: "not a "#
                    + #"label": a valid label must be an empty string or consist of alphanumeric characters, "#
                    + "'-', '_' or '.', and must start and end with an alphanumeric character; write for "
                    + "example 'not-a-label'",
                "27.yaml:14:5: ConfigMap/values/labels27: key 'bad key!' of field 'metadata.labels' is "
                    + "refused: name part must consist of alphanumeric characters, '-', '_' or '.', and must "
                    + "start and end with an alphanumeric character; write for example 'bad-key'",
                "27.yaml:23:3: ConfigMap/values/data27: key 'a b' is refused: a valid config key must "
                    + "consist of alphanumeric characters, '-', '_' or '.'; write for example 'a-b'",
                "27.yaml:29:12: Service/values/svc27: field 'spec.ports[0].port' is refused: 99999: must "
                    + "be between 1 and 65535, inclusive",
            ],
        ),
    ]
}
