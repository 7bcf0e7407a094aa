import TestSupport
import Testing

extension DiagnosisTests {
    /// A definition of namespaced Gizmos.
    static func definition(
        _ group: String,
        _ schema: String = "{type: object, x-kubernetes-preserve-unknown-fields: true}",
    ) -> String {
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gizmos.\(group).example.test}
        spec:
          group: \(group).example.test
          scope: Namespaced
          names: {plural: gizmos, singular: gizmo, kind: Gizmo, listKind: GizmoList}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: \(schema)}}]
        """
    }

    /// A list of items with an identifier.
    static let listSchema = """
        {type: object, properties: {spec: {type: object, properties: {
        mode: {type: string, enum: [Fast, Slow]}, list: {type: array, items: {type: object, required: [id], properties: {
        id: {type: string, pattern: '^[a-z]+$'}, "n": {type: integer, maximum: 10}}}}}}}}
        """

    /// A rule in CEL.
    static let ruleSchema = """
        {type: object, properties: {spec: {type: object, properties: {min: {type: integer}, max: {type: integer}},
        x-kubernetes-validations: [{rule: "self.min <= self.max", message: min must not exceed max}]}}}
        """

    /// A user who may write roles and bindings, and nothing else.
    static let weakRole = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: diagnosis-weak}
        rules:
          - apiGroups: [rbac.authorization.k8s.io]
            resources: [clusterroles, clusterrolebindings]
            verbs: [get, create, patch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: diagnosis-weak}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: diagnosis-weak}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: diagnosis-weak}]
        """
}

extension TestCluster {
    /// Applies a definition and waits until the server has its names.
    func mustDefine(_ definition: String) async throws {
        try await mustApply(definition)
        let name = definition.split(separator: "name: ").dropFirst().first?.prefix { $0 != "}" } ?? ""
        // kubectl fails as long as the definition has no conditions.
        let isEstablished = try await becomes {
            try await kubectl("wait", "--for=condition=Established", "--timeout=600s", "crd/\(name)").status == 0
        }
        try #require(isEstablished)
    }
}
