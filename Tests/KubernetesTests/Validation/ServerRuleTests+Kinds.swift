/// Manifests of single kinds, with what is wrong with them.
extension ServerRuleTests {
    private static func role(_ kind: String, _ rule: String) -> String {
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: \(kind), metadata: {name: rules}, rules: [{\(rule)}]}"
    }

    private static func binding(_ kind: String, _ role: String, _ subject: String) -> String {
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: \(kind), metadata: {name: rules}, "
            + "roleRef: {name: a, apiGroup: rbac.authorization.k8s.io, \(role)}, subjects: [{name: b, \(subject)}]}"
    }

    private static let groups =
        "write 'apiGroups: [\"\"]' for Pods, Secrets and others of the core group, or the group of the resources"

    private static let resources = "write the resources in plural, such as 'resources: [pods]'"

    /// Roles and their bindings.
    static let accessCases: [(text: String, problem: String?)] = [
        (role("Role", "apiGroups: [''], resources: [pods], verbs: [get]"), nil),
        (role("ClusterRole", "nonResourceURLs: [/metrics], verbs: [get]"), nil),
        (role("Role", "resources: [pods], verbs: [get]"), "field 'rules[0].apiGroups' is missing; \(groups)"),
        (role("Role", "apiGroups: [''], verbs: [get]"), "field 'rules[0].resources' is missing; \(resources)"),
        (
            role("Role", "apiGroups: [''], resources: [], verbs: [get]"),
            "field 'rules[0].resources' is empty; \(resources)"
        ),
        (
            role("Role", "apiGroups: [''], resources: [pods], verbs: []"),
            "field 'rules[0].verbs' is empty; write what is allowed, such as 'verbs: [get, list, watch]'"
        ),
        (
            role("Role", "nonResourceURLs: [/metrics], verbs: [get]"),
            "field 'rules[0].nonResourceURLs' is only allowed in a ClusterRole, because URLs are in no namespace; "
                + "write 'kind: ClusterRole', or remove it"
        ),
        (
            role("ClusterRole", "apiGroups: [''], resources: [pods], nonResourceURLs: [/metrics], verbs: [get]"),
            "field 'rules[0].nonResourceURLs' and 'apiGroups' are in the same rule; write a rule of its own for the URLs"
        ),
        (binding("RoleBinding", "kind: Role", "kind: User"), nil),
        (binding("RoleBinding", "kind: ClusterRole", "kind: ServiceAccount, namespace: c"), nil),
        (
            binding("ClusterRoleBinding", "kind: Role", "kind: Group"),
            "field 'roleRef.kind': expected 'ClusterRole', found 'Role'; name a ClusterRole, or write 'kind: RoleBinding' above"
        ),
        (
            binding("RoleBinding", "kind: ClustrRole", "kind: Group"),
            "field 'roleRef.kind': expected one of 'ClusterRole', 'Role', found 'ClustrRole'; write 'ClusterRole'"
        ),
        (
            binding("RoleBinding", "kind: Role", "kind: Users"),
            "field 'subjects[0].kind': expected one of 'Group', 'ServiceAccount', 'User', found 'Users'; write 'User'"
        ),
        (
            binding("ClusterRoleBinding", "kind: ClusterRole", "kind: ServiceAccount"),
            "field 'subjects[0].namespace' is missing, which a ServiceAccount needs in a ClusterRoleBinding; write the namespace of the ServiceAccount"
        ),
        (
            binding("RoleBinding", "kind: Role", "kind: ServiceAccount, namespace: a, apiGroup: v1"),
            "field 'subjects[0].apiGroup': ServiceAccounts are in the core group, found 'v1'; remove it"
        ),
    ]

    private static func definition(_ schema: String, storage: String = "true") -> String {
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.rules.test}, spec: {group: rules.test, "
            + "scope: Cluster, names: {plural: as, kind: A}, versions: [{name: v1, served: true, storage: \(storage), "
            + "schema: {openAPIV3Schema: {\(schema)}}}]}}"
    }

    private static let schema = "field 'spec.versions[0].schema.openAPIV3Schema"

    /// The schemas of CustomResourceDefinitions.
    static let definitionCases: [(text: String, problem: String?)] = [
        (definition("type: object, properties: {a: {type: array, items: {type: string}}}"), nil),
        (definition("type: object, properties: {a: {x-kubernetes-int-or-string: true}}"), nil),
        (definition("type: object, properties: {a: {x-kubernetes-preserve-unknown-fields: true}}"), nil),
        (definition("type: object, properties: {a: {type: object, additionalProperties: true}}"), nil),
        (definition("properties: {}"), "\(schema).type' is missing; write 'type: object'"),
        (definition("type: string"), "\(schema).type': expected object, found 'string'"),
        (
            definition("type: object, properties: {a: {type: array}}"),
            "\(schema).properties[a].items' is missing; write the schema of an item, such as 'items: {type: string}'"
        ),
        (
            definition("type: object, properties: {a: {type: array, items: {description: x}}}"),
            "\(schema).properties[a].items.type' is missing; write the type of the field, such as 'type: string'"
        ),
        (
            definition("type: object, properties: {a: {type: object, additionalProperties: {type: strng}}}"),
            "\(schema).properties[a].additionalProperties.type': expected one of array, boolean, integer, number, object, "
                + "string, found 'strng'; write 'string'"
        ),
        (
            definition("type: object", storage: "false"),
            "no version of 'spec.versions' has 'storage: true'; write it in one of them"
        ),
        (
            definition("type: object").replacing(
                "versions: [",
                with: "versions: [{name: v2, served: true, storage: true, "
                    + "schema: {openAPIV3Schema: {type: object}}}, "
            ),
            "field 'spec.versions[1].storage': version 'v2' is stored already, and only one can be; write 'storage: false'"
        ),
    ]
}
