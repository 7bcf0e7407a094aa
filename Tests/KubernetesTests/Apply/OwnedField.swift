import YAML
@testable import Kubernetes

/// A field that a manager owns in an object, with what other managers may do to it.
struct OwnedField {
    /// The field as the server names it in conflicts.
    var path: String
    /// The field's JSON pointer.
    var pointer: String
    /// The field's value.
    var value: Node

    /// The fields of a set that an object has, without the keys of list items.
    static func all(of fields: Node, in object: Node) -> [OwnedField] {
        all(of: fields, in: object, path: "", pointer: "", keys: [])
    }

    private static func all(
        of fields: Node,
        in value: Node,
        path: String,
        pointer: String,
        keys: [String]
    ) -> [OwnedField] {
        let entries = fields.mapping?.entries ?? []
        guard !entries.isEmpty else { return [OwnedField(path: path, pointer: pointer, value: value)] }
        return entries.flatMap { entry -> [OwnedField] in
            let name = String(entry.key.dropFirst(2))
            if entry.key.hasPrefix("f:"), !keys.contains(name), let child = value[name] {
                let pointer = "\(pointer)/\(escaped(name))"
                return all(of: entry.value, in: child, path: "\(path).\(name)", pointer: pointer, keys: [])
            }
            guard entry.key.hasPrefix("k:"), let items = value.sequence,
                let keys = try? readJSON(Array(name.utf8), file: "key").mapping?.entries
            else { return [] }
            let text = keys.map { "\($0.key)=\(String(decoding: $0.value.json(), as: UTF8.self))" }
                .joined(separator: ",")
            guard let item = ItemSelector(text).items(of: items).first, let index = items.firstIndex(of: item) else {
                return []
            }
            return all(
                of: entry.value,
                in: item,
                path: "\(path)[\(text)]",
                pointer: "\(pointer)/\(index)",
                keys: keys.map(\.key),
            )
        }
    }

    /// JSON patches that change the field, the likeliest first; the server may refuse some, or all of them.
    var changes: [String] {
        let description = "\(pointer)/0/schema/openAPIV3Schema/description"
        let ofSchema = pointer == "/spec/versions" ? [#"[{"op":"add","path":"\#(description)","value":"drift"}]"#] : []
        return ofSchema
            + Self.scalars(of: value, at: pointer).prefix(2).flatMap { pointer, scalar in
                Self.otherValues(than: scalar).map { #"[{"op":"replace","path":"\#(pointer)","value":\#($0)}]"# }
            }
    }

    /// The JSON patch that removes the field.
    var removal: String { #"[{"op":"remove","path":"\#(pointer)"}]"# }

    private static func scalars(of node: Node, at pointer: String) -> [(String, Node)] {
        switch node.content {
        case .mapping(let mapping):
            mapping.entries.flatMap { scalars(of: $0.value, at: "\(pointer)/\(escaped($0.key))") }
        case .sequence(let items): items.enumerated().flatMap { scalars(of: $1, at: "\(pointer)/\($0)") }
        default: [(pointer, node)]
        }
    }

    private static func otherValues(than node: Node) -> [String] {
        switch node.content {
        case .boolean(let value): return ["\(!value)"]
        case .number(let number): return ["\((Int(number.json) ?? 1) + 1)"]
        case .string(let text):
            let words = ["\(text)x", "1", "UDP", "Never", "Directory", "OnDelete"]
            return words.filter { $0 != text }.map { String(decoding: Node.string($0).json(), as: UTF8.self) }
        default: return []
        }
    }

    private static func escaped(_ key: String) -> String {
        key.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
