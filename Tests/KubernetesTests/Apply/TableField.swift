import Base
@testable import Kubernetes
import TestSupport

/// A field of an object in which a cell of the table is tried.
struct TableField {
    /// A field of a kind, with its two values.
    private struct Form {
        /// The API and the plural of the kind.
        var resource = "apis/apps/v1 deployments"
        /// The manifest, with `FIELD` for the field.
        let text: String
        /// The text of the field, with `VALUE` for its value.
        let field: String
        /// The value of the server, and another one, `nil` if there is none.
        let values: (same: String, other: String?)
        /// The path of the value.
        let path: String
        /// The paths of the values in managed fields.
        let owned: [[String]]

        /// Creates a field of a Deployment.
        ///
        /// - Parameters:
        ///   - place: The place of the field: the spec, the container or the spec of the pods.
        ///   - surroundings: The text in the place, with `FIELD` for the field.
        ///   - field: The text of the field.
        ///   - values: The values of the field.
        ///   - path: The path of the value in the place.
        ///   - owned: The paths of the values in managed fields, from the place.
        init(
            _ place: Place,
            in surroundings: String = " FIELD",
            _ field: String,
            _ values: (String, String),
            at path: String,
            _ owned: [String]...
        ) {
            let texts = Place.allCases.map { $0 == place ? surroundings : "" }
            text = """
                {apiVersion: apps/v1, kind: Deployment, metadata: {METADATA}, spec: {paused: true, replicas: 0,
                 selector: {matchLabels: {a: b}}\(texts[0]), template: {metadata: {labels: {a: b}},
                 spec: {containers: [{name: c, image: i\(texts[1])}]\(texts[2])}}}}
                """
            self.field = field
            self.values = (values.0, values.1)
            self.path = place.path + path
            self.owned = owned.map { place.keys + $0 }
        }

        /// Creates a field of another kind.
        init(
            resource: String,
            _ text: String,
            _ field: String,
            _ values: (String, String?),
            at path: String,
            _ owned: String...
        ) {
            (self.resource, self.text, self.field, self.values) = (resource, text, field, (values.0, values.1))
            (self.path, self.owned) = (path, [owned])
        }
    }

    /// A place in a Deployment.
    private enum Place: CaseIterable {
        case spec, container, pod

        var path: String {
            switch self {
            case .spec: "spec/"
            case .container: "spec/template/spec/containers/0/"
            case .pod: "spec/template/spec/"
            }
        }

        var keys: [String] {
            switch self {
            case .spec: ["f:spec"]
            case .container: Self.pod.keys + ["f:containers", #"k:{"name":"c"}"#]
            case .pod: ["f:spec", "f:template", "f:spec"]
            }
        }
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
        let text =
            switch value {
            case .same: form.values.same
            case .other: form.values.other
            case .missing: String?.none
            }
        let field = text.map { form.field.replacing("VALUE", with: $0) } ?? ""
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
        let found = form.path.split(separator: "/").reduce(object) { node, key in
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
        let names = form.path.split(separator: "/").filter { Int($0) == nil }
        guard line.contains(" -> "), !line.contains("metadata.annotations") else { return false }
        return names.suffix(2).allSatisfy { line.prefix { $0 != ":" }.contains($0) }
    }

    private func value(_ found: Node?) -> ApplyTable.Value? {
        guard let found, let same = try? node(form.values.same) else { return nil }
        let other = form.values.other.flatMap { try? node($0) }
        if isSet { return found.sequence?.contains(same) == true ? .same : nil }
        let isIncluded = { found.includes($0, owned: { .mapping([]) }) }
        return isIncluded(same) ? .same : other.map(isIncluded) == true ? .other : nil
    }
}

extension TableField {
    /// A field that the server leaves out if the manifest does not have it.
    private static func plain(_ type: ApplyTable.FieldType) -> Form {
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {METADATA"
        return switch type {
        case .scalar:
            Form(.spec, ", minReadySeconds: VALUE", ("4", "5"), at: "minReadySeconds", ["f:minReadySeconds"])
        case .mapEntry:
            Form(
                resource: "api/v1 configmaps",
                "\(map)}, data: {rest: x FIELD}}",
                ", k: VALUE",
                ("first", "second"),
                at: "data/k",
                "f:data",
                "f:k"
            )
        case .listItem:
            Form(
                .container,
                in: ", env: [{name: REST, value: x} FIELD]",
                ", VALUE",
                ("{name: K, value: first}", "{name: K, value: second}"),
                at: "env/1",
                ["f:env", #"k:{"name":"K"}"#, "f:value"]
            )
        case .setItem:
            Form(
                resource: "api/v1 configmaps",
                "\(map), finalizers: [table.test/rest FIELD]}}",
                ", VALUE",
                ("table.test/k", nil),
                at: "metadata/finalizers",
                "f:metadata",
                "f:finalizers",
                #"v:"table.test/k""#
            )
        case .atomicList: Form(.container, ", args: VALUE", ("[first]", "[second]"), at: "args", ["f:args"])
        case .union:
            Form(
                .container,
                ", livenessProbe: VALUE",
                ("{httpGet: {port: 80}}", "{tcpSocket: {port: 80}}"),
                at: "livenessProbe",
                ["f:livenessProbe", "f:httpGet"],
                ["f:livenessProbe", "f:tcpSocket"]
            )
        }
    }

    /// A field to which the server gives a default if the manifest does not have it.
    private static func defaulted(_ type: ApplyTable.FieldType) -> Form {
        let widgets = "apis/NAMESPACE.test/v1 widgets"
        let widget = "{apiVersion: NAMESPACE.test/v1, kind: Widget, metadata: {METADATA}, spec: {rest: x FIELD}}"
        let policy = """
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {METADATA},
             spec: {podSelector: {matchLabels: {a: b}} FIELD}}
            """
        return switch type {
        case .scalar:
            Form(
                .spec,
                ", revisionHistoryLimit: VALUE",
                ("10", "3"),
                at: "revisionHistoryLimit",
                ["f:revisionHistoryLimit"]
            )
        case .mapEntry:
            Form(
                resource: widgets,
                widget,
                ", map: {k: VALUE}",
                ("first", "second"),
                at: "spec/map/k",
                "f:spec",
                "f:map",
                "f:k"
            )
        case .listItem:
            Form(
                resource: widgets,
                widget,
                ", list: [VALUE]",
                ("{name: k, value: first}", "{name: k, value: second}"),
                at: "spec/list/0",
                "f:spec",
                "f:list",
                #"k:{"name":"k"}"#,
                "f:value"
            )
        case .setItem:
            Form(
                resource: widgets,
                widget,
                ", set: [VALUE]",
                ("first", nil),
                at: "spec/set",
                "f:spec",
                "f:set",
                #"v:"first""#
            )
        case .atomicList:
            Form(
                resource: "apis/networking.k8s.io/v1 networkpolicies",
                policy,
                ", policyTypes: VALUE",
                ("[Ingress]", "[Egress]"),
                at: "spec/policyTypes",
                "f:spec",
                "f:policyTypes"
            )
        case .union:
            Form(
                .pod,
                in: ", volumes: [{name: v FIELD}]",
                ", VALUE",
                ("emptyDir: {}", "configMap: {name: m}"),
                at: "volumes/0",
                ["f:volumes", #"k:{"name":"v"}"#, "f:emptyDir"],
                ["f:volumes", #"k:{"name":"v"}"#, "f:configMap"]
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
