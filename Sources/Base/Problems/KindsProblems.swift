extension ProblemExplanation {
    /// Kinds and versions of the API.
    static let ofKinds: [Self] = [
        .init(
            .unknownKind,
            "Kind that does not exist",
            cause: """
                No kind of this name is in the API, neither built in nor defined by a CustomResourceDefinition, or \
                the definition is not applied yet.
                """,
            fix: "Correct the kind, or apply the definition in a task that this one runs after.",
            example: .manifest(
                """
                apiVersion: apps/v1
                kind: Deploymant
                metadata: {name: a}
                """
            )
        ),
        .init(
            .unknownVersion,
            "API group or version that does not exist",
            cause:
                "The apiVersion is misspelt, belongs to another kind, or is not served by the definition of the kind.",
            fix: "Write the apiVersion that the hint names.",
            example: .manifest(
                """
                apiVersion: app/v1
                kind: Deployment
                metadata: {name: a}
                """
            )
        ),
        .init(
            .removedAPI,
            "API that was removed from Kubernetes",
            cause: "The server, or every version that is still supported, no longer has this apiVersion of the kind.",
            fix: "Write the apiVersion that replaces it; fields may differ.",
            example: .manifest(
                """
                apiVersion: extensions/v1beta1
                kind: Ingress
                metadata: {name: a}
                """
            )
        ),
        .init(
            .laterAPI,
            "API that the server does not have yet",
            cause: """
                The kind exists in a later version of Kubernetes than that of the server, or the version is not one \
                of those whose APIs are known.
                """,
            fix: "Upgrade the server, or use an earlier apiVersion of the kind.",
            example: .message(
                "ValidatingAdmissionPolicy of 'admissionregistration.k8s.io/v1' exists since Kubernetes 1.30"
            )
        ),
    ]
}
