import Synchronization
import YAML

/// The server's own description of its kinds, fetched when an object has been refused.
///
/// `/openapi/v2` is served by every version and covers custom resources too. It is some megabytes, so it is read at
/// most once, and never on a run in which all goes well.
final class SchemaCache: Sendable {
    private let document = Mutex<Node?>(nil)

    /// Returns the schema of a kind, `nil` if the server does not describe it.
    func schema(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Schema? {
        if document.withLock({ $0 }) == nil {
            let fetched = try? await client.object("GET", "/openapi/v2", until: deadline).node
            document.withLock { $0 = fetched }
        }
        guard let definitions = document.withLock({ $0 })?["definitions"]?.mapping else { return nil }
        let entry = definitions.entries.first { entry in
            (entry.value["x-kubernetes-group-version-kind"]?.sequence ?? []).contains {
                $0["kind"]?.string == type.kind && $0["version"]?.string == type.version
                    && ($0["group"]?.string ?? "") == type.group
            }
        }
        return entry.map { Schema(node: $0.value, name: $0.key, definitions: definitions) }
    }
}

/// One schema of an OpenAPI version 2 document.
struct Schema {
    let node: Node
    let name: String
    let definitions: Mapping

    /// What a value of the schema may be.
    enum Expectation {
        case string, number, integer, boolean, list, mapping
        /// Nothing is known, or several types are allowed.
        case anything
    }

    /// The type that the schema asks for.
    var expectation: Expectation {
        let isOpen =
            node["x-kubernetes-int-or-string"]?.boolean == true || node["format"]?.string == "int-or-string"
            || name.hasSuffix(".resource.Quantity") || name.hasSuffix(".intstr.IntOrString")
        if isOpen { return .anything }
        return switch node["type"]?.string {
        case "string": .string
        case "integer": .integer
        case "number": .number
        case "boolean": .boolean
        case "array": .list
        case "object": .mapping
        default: node["properties"] == nil ? .anything : .mapping
        }
    }

    /// The fields that the schema names.
    var fieldNames: [String] {
        node["properties"]?.mapping?.entries.map(\.key) ?? []
    }

    /// Whether the schema refuses fields that it does not name.
    var isClosed: Bool {
        node["properties"] != nil && node["additionalProperties"] == nil
            && node["x-kubernetes-preserve-unknown-fields"]?.boolean != true
    }

    /// The schema of a field, `nil` if nothing is known of it.
    func field(_ key: String) -> Schema? {
        (node["properties"]?[key] ?? node["additionalProperties"]).flatMap(resolved)
    }

    /// The schema of a list's items.
    var items: Schema? {
        node["items"].flatMap(resolved)
    }

    private func resolved(_ node: Node) -> Schema? {
        guard node.mapping != nil else { return nil }
        guard let reference = node["$ref"]?.string else {
            return Schema(node: node, name: "", definitions: definitions)
        }
        let name = String(reference.split(separator: "/").last ?? "")
        return definitions[name].map { Schema(node: $0, name: name, definitions: definitions) }
    }
}
