import YAML

/// A path that may match several fields of an object, such as `webhooks[].clientConfig.caBundle`.
struct FieldPattern {
    /// A value with its path in the object, such as `webhooks[0].clientConfig.caBundle`.
    typealias Field = (path: String, node: Node)

    /// A field in the path, and whether the field is a list; all items of a list are examined.
    private typealias Step = (name: String, isList: Bool)

    private let steps: [Step]

    /// Creates a pattern from field names with dots between them; `[]` follows the name of a list.
    init(_ text: String) {
        steps = text.split(separator: ".").map { field in
            field.hasSuffix("[]") ? (String(field.dropLast(2)), true) : (String(field), false)
        }
    }

    /// Finds the fields in a node.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - path: The path of the node in its object, empty for the object itself.
    /// - Returns: The matching fields of the node.
    func fields(in node: Node, _ path: String) -> [Field] {
        fields(in: node, path, steps[...])
    }

    private func fields(in node: Node, _ path: String, _ steps: ArraySlice<Step>) -> [Field] {
        guard let step = steps.first else { return [(path, node)] }
        guard let child = node[step.name] else { return [] }
        let path = path.isEmpty ? step.name : "\(path).\(step.name)"
        guard step.isList else { return fields(in: child, path, steps.dropFirst()) }
        return (child.sequence ?? []).enumerated().flatMap { index, item in
            fields(in: item, "\(path)[\(index)]", steps.dropFirst())
        }
    }
}
