extension ProblemExplanation {
    /// Manifests: fields and names.
    static let ofManifests: [Self] = [
        .init(
            .notAnObject,
            "Document that is not an object",
            cause: """
                A document of a manifest lacks apiVersion, kind or metadata.name, has something else in their place, \
                or has generateName, which creates a new object at every run.
                """,
            fix: "Begin the document with 'apiVersion:' and 'kind:', and give it a name.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                data: {a: b}
                """
            )
        ),
        .init(
            .invalidObjectName,
            "Name or label that Kubernetes does not allow",
            cause: """
                The name of an object, container or port, or a label or key, has characters or a length that the API \
                server refuses.
                """,
            fix: "Write the name that the hint suggests.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: My_Config}
                """
            )
        ),
        .init(
            .unknownField,
            "Field that the kind does not have",
            cause: "The field is misspelt, at the wrong place, or newer than the server.",
            fix: "Use the name that the hint suggests, or remove the field.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a, lables: {a: b}}
                """
            )
        ),
        .init(
            .wrongFieldType,
            "Field of another type",
            cause: """
                The value of a field is for example a number, where the schema of the kind has a string. YAML takes \
                1 and true without quotes for a number and a boolean.
                """,
            fix: "Put the value in quotes if it is text, otherwise write it as the message says.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a}
                data: {port: 80}
                """
            )
        ),
        .init(
            .missingField,
            "Field that is required",
            cause: "An object lacks a field, or a Secret lacks a key, that its kind or type requires.",
            fix: "Add the field that the message names.",
            example: .manifest(
                """
                apiVersion: v1
                kind: Service
                metadata: {name: a}
                spec:
                  ports: [{port: 80}, {port: 81}]
                """
            )
        ),
        .init(
            .wrongFieldValue,
            "Value that a field does not allow",
            cause: """
                The value is not one of those that the schema of the kind allows, such as an enumeration, a pattern, \
                a range, a quantity or a port.
                """,
            fix: "Write one of the values that the message lists.",
            example: .manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers: [{name: a, image: a, resources: {limits: {memory: 1GiB}}}]
                """
            )
        ),
        .init(
            .wrongSelector,
            "Selector that does not match its own pods",
            cause: """
                The labels of a workload's pods do not match its selector, or the selector is empty or has an \
                operator that does not exist. The API server refuses it.
                """,
            fix: "Write the same labels in both places.",
            example: .manifest(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: a}
                spec:
                  selector: {matchLabels: {app: a}}
                  template:
                    metadata: {labels: {app: b}}
                    spec: {containers: [{name: a, image: a}]}
                """
            )
        ),
        .init(
            .danglingReference,
            "Reference to something that is not there",
            cause: """
                A mount names a volume that the pod does not have, a Service or probe a port that no container has, \
                or a Service labels that no pod has.
                """,
            fix: "Correct the name, or declare what it names.",
            example: .manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers:
                  - {name: a, image: a, volumeMounts: [{name: data, mountPath: /data}]}
                """
            )
        ),
        .init(
            .repeatedItem,
            "Item that is repeated",
            cause: """
                A list has two items with the same key, or the manifests of a task have the same object or data key \
                twice, so that one would overwrite the other.
                """,
            fix: "Remove one of them.",
            example: .manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers: [{name: a, image: a}, {name: a, image: b}]
                """
            )
        ),
        .init(
            .objectTooLarge,
            "Object that is too large",
            cause: "The object, its data or its annotations exceed a limit of the API server or of etcd.",
            fix: "Split the object, or move data out of annotations.",
            example: .message("ConfigMap/a: the data has 1100000 bytes; the limit is 1048576 ('big.txt' has 1090000)")
        ),
        .init(
            .invalidBase64,
            "Data that is not base64",
            cause: """
                Fields such as data of a Secret and caBundle hold bytes in base64, and this value is plain text or \
                has a typing error.
                """,
            fix: "Encode it with 'base64 -w0'; in a Secret write plain text to 'stringData'.",
            example: .manifest(
                """
                apiVersion: v1
                kind: Secret
                metadata: {name: a}
                data: {a: "no base64!"}
                """
            )
        ),
        .init(
            .serverField,
            "Field that only the server writes",
            cause: """
                The manifest was exported from a cluster and contains fields such as managedFields or \
                resourceVersion, with which it cannot be applied.
                """,
            fix: "Remove the fields that the message names.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: a
                  managedFields: [{manager: kubectl}]
                """
            )
        ),
        .init(
            .readableSecrets,
            "Role that lets more users read Secrets",
            cause: "A binding gives permission to read Secrets to a group that includes every user or account.",
            fix: "Bind the role to the accounts that need it.",
            example: .manifest(
                """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: a}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
                """
            )
        ),
        .init(
            .wrongAnnotation,
            "Annotation of nest-bootstrap that is wrong",
            cause: """
                Annotations that begin with 'nest-bootstrap/' say how an object is applied. The annotation does not \
                exist, has another value than it may have, or names a field that is not there.
                """,
            fix: "Write it as 'nest-bootstrap explain ANNOTATION' describes it, or remove it.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a, annotations: {nest-bootstrap/prune: "yes"}}
                """
            )
        ),
        .init(
            .unreadManifest,
            "Manifest that is not read or not checked",
            cause: """
                A directory contains no manifest, a file of it is not read, a manifest contains no object, or it is \
                not on this machine, so that it cannot be checked.
                """,
            fix: "Name the file in 'manifests', rename it to end in .yaml, or run the check on the node.",
            example: .manifest("# nothing")
        ),
        .init(
            .notFetched,
            "URL that cannot be fetched as declared",
            cause: """
                The manifest, file or archive of a URL cannot be fetched, or has another digest than the task file \
                says, or its copy in the cache is damaged.
                """,
            fix: """
                Make the server reachable, or compare the new content with what its publisher announces and write \
                the new digest.
                """,
            example: .message("the digest of 'https://example.com/a.yaml' differs: expected SHA-256 1234…, got 5678…")
        ),
    ]
}
