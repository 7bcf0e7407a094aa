import YAML

extension ObjectIdentity {
    /// Reads the identity of a written object.
    ///
    /// - Throws: Every field of the identity that is missing or is no string, and `generateName`, which server-side
    ///   apply cannot serve.
    init(written node: Node, documentIndex: Int) throws(Diagnostics) {
        guard node.mapping != nil else {
            throw Diagnostics([
                Diagnostic(
                    node.place,
                    "document \(documentIndex) is no object: a mapping is expected, \(node.kindName) stands here",
                    hint: "begin with 'apiVersion:' and 'kind:'",
                )
            ])
        }
        var problems: [Diagnostic] = []
        func required(_ field: String, of parent: Node?, as path: String, example: String) -> String {
            let value = parent?[field]
            if let string = value?.string, !string.isEmpty { return string }
            let place = value?.place ?? parent?.place ?? node.place
            let found = value.map { $0.string == "" ? "is empty" : "is \($0.kindName), not a string" }
            let subject = "'\(path)' of document \(documentIndex) \(found ?? "is missing")"
            let hint = value.flatMap(quoting) ?? "write '\(field): \(example)'"
            problems.append(Diagnostic(place, subject, hint: hint))
            return ""
        }
        func quoting(_ value: Node) -> String? {
            switch value.content {
            case .number(let number): "write it in quotes: '\"\(number.text)\"'"
            case .boolean(let truth): "write it in quotes: '\"\(truth)\"'"
            case .null, .string, .sequence, .mapping: nil
            }
        }
        let apiVersion = required("apiVersion", of: node, as: "apiVersion", example: "v1")
        let kind = required("kind", of: node, as: "kind", example: "ConfigMap")
        let metadata = node["metadata"]
        var name = ""
        if let generateName = metadata?["generateName"], metadata?["name"] == nil {
            problems.append(
                Diagnostic(
                    generateName.place,
                    "'metadata.generateName' makes a new object at every run, so it cannot be applied",
                    hint: "write 'name:' instead",
                )
            )
        } else {
            name = required("name", of: metadata ?? node, as: "metadata.name", example: "example")
        }
        let namespace = metadata?["namespace"]
        if let namespace, namespace.string == nil, !namespace.isNull {
            _ = required("namespace", of: metadata, as: "metadata.namespace", example: "default")
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        let written = namespace?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.init(type: GroupVersionKind(apiVersion: apiVersion, kind: kind), namespace: written, name: name)
    }
}
