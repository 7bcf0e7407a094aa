import TestSupport
import YAML
@testable import Kubernetes

/// A field of an object in which a cell of the table is tried.
struct TableField {
    /// A field that the server sets, or not, if the manifest does not have it.
    private struct Form {
        /// The API and the plural of the kind.
        let resource: String
        /// The manifest, with `FIELD` for the field.
        let text: String
        /// The field with the value of the server, with another one, and the text without the field.
        let same: String
        let other: String
        var missing = ""
        /// The path of the field's value.
        let value: String
        /// The value of the server, and the other one, as the object has them.
        let values: (same: String, other: String)
        /// The paths of both values in managed fields.
        let owned: [[String]]
    }

    /// The value and the owners of a field.
    struct State: Equatable {
        var value: ApplyTable.Value?
        var owners: Set<String>
    }

    let path: String
    let collection: String
    private let form: Form
    private let isSet: Bool
    private let name: String
    private let namespace: String

    init(_ cell: ApplyTable.Cell, name: String, namespace: String) {
        form = cell.owner == .nobody ? Self.defaulted(cell.type) : Self.plain(cell.type)
        isSet = cell.type == .setItem
        // The kind with defaults has the group of the namespace.
        let parts = form.resource.replacing("NAMESPACE", with: namespace).split(separator: " ")
        collection = "/\(parts[0])/namespaces/\(namespace)/\(parts[1])"
        path = "\(collection)/\(name)"
        self.name = name
        self.namespace = namespace
    }

    /// The manifest in which the field has a value.
    func manifest(_ value: ApplyTable.Value) -> String {
        let field =
            switch value {
            case .same: form.same
            case .other: form.other
            case .missing: form.missing
            }
        return form.text.replacing("FIELD", with: field).replacing("NAMESPACE", with: namespace)
            .replacing("METADATA", with: "name: \(name), namespace: \(namespace)")
    }

    /// Annotations with which kubectl marks an object that it has applied from a manifest.
    func annotations(_ manifest: String) throws -> String {
        let applied = String(decoding: try node(manifest).json(), as: UTF8.self)
        let annotation = Node.mapping([("kubectl.kubernetes.io/last-applied-configuration", .string(applied))])
        return String(decoding: annotation.json(), as: UTF8.self)
    }

    /// The manifest as client-side kubectl sends it.
    func annotated(_ manifest: String) throws -> String {
        manifest.replacing(
            "metadata: {name: \(name)",
            with: "metadata: {annotations: \(try annotations(manifest)), name: \(name)"
        )
    }

    /// The state of the field in an object.
    func state(of object: Node?) -> State {
        let found = form.value.split(separator: "/").reduce(object) { node, key in
            Int(key).map { node?[$0] ?? nil } ?? node?[String(key)]
        }
        let entries = object?["metadata"]?["managedFields"]?.sequence ?? []
        let owners = entries.filter { entry in
            form.owned.contains { keys in keys.reduce(entry["fieldsV1"]) { $0?[$1] } != nil }
        }
        return State(value: value(found), owners: Set(owners.compactMap { $0["manager"]?.string }))
    }

    /// Returns whether a line of a dry run is about a change of the field.
    func isChange(_ line: Substring) -> Bool {
        let names = form.value.split(separator: "/").filter { Int($0) == nil }
        guard line.contains(" -> "), !line.contains("metadata.annotations") else { return false }
        return names.suffix(2).allSatisfy { line.prefix { $0 != ":" }.contains($0) }
    }

    private func value(_ found: Node?) -> ApplyTable.Value? {
        guard let found, let same = try? node(form.values.same), let other = try? node(form.values.other) else {
            return nil
        }
        if isSet { return found.sequence?.contains(same) == true ? .same : nil }
        return found.includes(same) ? .same : found.includes(other) ? .other : nil
    }
}

extension TableField {
    private static func deployment(
        spec: String = "",
        container: String = "",
        pod: String = "",
        same: String,
        other: String,
        missing: String = "",
        value: String,
        values: (String, String),
        owned: [[String]]
    ) -> Form {
        let template =
            "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i\(container)}]\(pod)}}"
        return Form(
            resource: "apis/apps/v1 deployments",
            text: "{apiVersion: apps/v1, kind: Deployment, metadata: {METADATA}, "
                + "spec: {paused: true, replicas: 0, selector: {matchLabels: {a: b}}, \(template)\(spec)}}",
            same: same,
            other: other,
            missing: missing,
            value: "spec/\(value)",
            values: (values.0, values.1),
            owned: owned.map { ["f:spec"] + $0 }
        )
    }

    private static let container = ["f:template", "f:spec", "f:containers", #"k:{"name":"c"}"#]

    /// A field that the server leaves out if the manifest does not have it.
    private static func plain(_ type: ApplyTable.FieldType) -> Form {
        let first = "template/spec/containers/0"
        switch type {
        case .scalar:
            return deployment(
                spec: "FIELD",
                same: ", minReadySeconds: 4",
                other: ", minReadySeconds: 5",
                value: "minReadySeconds",
                values: ("4", "5"),
                owned: [["f:minReadySeconds"]]
            )
        case .mapEntry:
            return Form(
                resource: "api/v1 configmaps",
                text: "{apiVersion: v1, kind: ConfigMap, metadata: {METADATA}, data: {rest: x FIELD}}",
                same: ", k: first",
                other: ", k: second",
                value: "data/k",
                values: ("first", "second"),
                owned: [["f:data", "f:k"]]
            )
        case .listItem:
            return deployment(
                container: ", env: [{name: REST, value: x} FIELD]",
                same: ", {name: K, value: first}",
                other: ", {name: K, value: second}",
                value: "\(first)/env/1",
                values: ("{name: K, value: first}", "{name: K, value: second}"),
                owned: [container + ["f:env", #"k:{"name":"K"}"#, "f:value"]]
            )
        case .setItem:
            return Form(
                resource: "api/v1 configmaps",
                text: "{apiVersion: v1, kind: ConfigMap, metadata: {METADATA, finalizers: [table.test/rest FIELD]}}",
                same: ", table.test/k",
                other: "",
                value: "metadata/finalizers",
                values: ("table.test/k", "-"),
                owned: [["f:metadata", "f:finalizers", #"v:"table.test/k""#]]
            )
        case .atomicList:
            return deployment(
                container: "FIELD",
                same: ", args: [first]",
                other: ", args: [second]",
                value: "\(first)/args",
                values: ("[first]", "[second]"),
                owned: [container + ["f:args"]]
            )
        case .union:
            return deployment(
                container: "FIELD",
                same: ", livenessProbe: {httpGet: {port: 80}}",
                other: ", livenessProbe: {tcpSocket: {port: 80}}",
                value: "\(first)/livenessProbe",
                values: ("{httpGet: {port: 80}}", "{tcpSocket: {port: 80}}"),
                owned: ["f:httpGet", "f:tcpSocket"].map { container + ["f:livenessProbe", $0] }
            )
        }
    }

    /// A field to which the server gives a default if the manifest does not have it.
    private static func defaulted(_ type: ApplyTable.FieldType) -> Form {
        func custom(
            _ same: String,
            _ other: String,
            _ value: String,
            _ values: (String, String),
            _ owned: String...
        )
            -> Form
        {
            Form(
                resource: "apis/NAMESPACE.test/v1 widgets",
                text: "{apiVersion: NAMESPACE.test/v1, kind: Widget, metadata: {METADATA}, spec: {rest: x FIELD}}",
                same: same,
                other: other,
                value: "spec/\(value)",
                values: (values.0, values.1),
                owned: [["f:spec"] + owned]
            )
        }
        switch type {
        case .scalar:
            return deployment(
                spec: "FIELD",
                same: ", revisionHistoryLimit: 10",
                other: ", revisionHistoryLimit: 3",
                value: "revisionHistoryLimit",
                values: ("10", "3"),
                owned: [["f:revisionHistoryLimit"]]
            )
        case .mapEntry:
            return custom(", map: {k: first}", ", map: {k: second}", "map/k", ("first", "second"), "f:map", "f:k")
        case .listItem:
            return custom(
                ", list: [{name: k, value: first}]",
                ", list: [{name: k, value: second}]",
                "list/0",
                ("{name: k, value: first}", "{name: k, value: second}"),
                "f:list",
                #"k:{"name":"k"}"#,
                "f:value"
            )
        case .setItem: return custom(", set: [first]", "", "set", ("first", "-"), "f:set", #"v:"first""#)
        case .atomicList:
            return Form(
                resource: "apis/networking.k8s.io/v1 networkpolicies",
                text: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {METADATA}, "
                    + "spec: {podSelector: {matchLabels: {a: b}} FIELD}}",
                same: ", policyTypes: [Ingress]",
                other: ", policyTypes: [Egress]",
                value: "spec/policyTypes",
                values: ("[Ingress]", "[Egress]"),
                owned: [["f:spec", "f:policyTypes"]]
            )
        case .union:
            return deployment(
                pod: ", volumes: [{name: v FIELD}]",
                same: ", emptyDir: {}",
                other: ", configMap: {name: m}",
                value: "template/spec/volumes/0",
                values: ("{emptyDir: {}}", "{configMap: {name: m}}"),
                owned: ["f:emptyDir", "f:configMap"].map {
                    ["f:template", "f:spec", "f:volumes", #"k:{"name":"v"}"#, $0]
                }
            )
        }
    }

    /// A kind whose fields have defaults, and one object of it.
    static let definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.NAMESPACE.test}
        spec:
          group: NAMESPACE.test
          scope: Namespaced
          names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
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
                    properties:
                      rest: {type: string}
                      map: {type: object, default: {k: first}, additionalProperties: {type: string}}
                      list:
                        type: array
                        default: [{name: k, value: first}]
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          required: [name]
                          properties: {name: {type: string}, value: {type: string}}
                      set: {type: array, default: [first], x-kubernetes-list-type: set, items: {type: string}}
        ---
        {apiVersion: NAMESPACE.test/v1, kind: Widget, metadata: {name: first, namespace: NAMESPACE}, spec: {rest: x}}
        """
}
