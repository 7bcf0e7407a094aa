import Base

/// The fields of an object that others may change, from the annotation `nest-bootstrap/ignore`.
struct IgnoredFields {
    let paths: [FieldPath]

    init(of object: Node) {
        let text = ObjectAnnotation.ignore.value(in: object)
        paths = text.map { Self.paths(in: $0).map(FieldPath.init) } ?? []
    }

    /// Splits a list of paths at the commas outside brackets and quotes, and removes all white space.
    private static func paths(in text: String) -> [String] {
        var paths = [""]
        var quotes = QuoteScanner()
        var depth = 0
        for character in text where !character.isWhitespace {
            if !quotes.isInside(character) {
                if character == "[" { depth += 1 }
                if character == "]" { depth -= 1 }
                if character == ",", depth == 0 {
                    paths.append("")
                    continue
                }
            }
            paths[paths.count - 1].append(character)
        }
        return paths
    }

    /// Returns the object to send so that the ignored fields keep their values on the server.
    ///
    /// A field that another manager owns is left out; any other field gets its live value, if it has one. `body` is the
    /// object as it would be sent if no field were ignored, and `others` are the managed fields of other managers.
    func retained(in body: Node, as live: Node, _ others: [Node], keepsParents: Bool) -> Node {
        guard !paths.isEmpty else { return body }
        let theirs = others.reduce(FieldSet(nil)) { $0.union(FieldSet($1["fieldsV1"])) }
        let rest = theirs.removed(from: live, keepingParentsOf: .null())
        // Later items are handled first, because removing an item changes the indices of the items after it.
        let sent = paths.map { Self.sent($0, in: body) }.map { (path: $0, location: $0.resolve(in: body).location) }
        return sent.sorted { $1.location < $0.location }.reduce(body) { body, field in
            guard field.path.resolve(in: live).node != nil else { return body }
            let value = field.path.resolve(in: rest).node
            return value.map { field.path.replaced(in: body, by: $0) }
                ?? field.path.removed(from: body, keepsParents: keepsParents)
        }
    }

    /// Returns the path of a field in the object as it is sent: `stringData` of a Secret is sent as `data`.
    private static func sent(_ path: FieldPath, in body: Node) -> FieldPath {
        let written = "stringData"
        guard body["kind"]?.string == "Secret", path.text.hasPrefix(written), body[written] == nil else { return path }
        return FieldPath("data\(path.text.dropFirst(written.count))")
    }

    /// The fields that cannot be ignored: the identity of the object, and fields that the agent writes.
    private static let refused: Set<String> = [
        "", "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.labels",
        "metadata.annotations",
    ]

    /// Finds paths that the manifest does not have, that select a named item by its index, or that cannot be ignored.
    static func problems(of written: Node, in manifest: ManifestObject) -> [Problem] {
        let key = ObjectAnnotation.ignore.key
        guard let text = written.string else {
            let message = "annotation '\(key)' must be a list of paths with commas between them"
            return [Problem(message, at: written.location, hint: "write '\(ObjectAnnotation.ignore.example)'")]
        }
        return paths(in: text).compactMap { path in
            if refused.contains(path) {
                let message = "annotation '\(key)' names '\(path)', which the agent needs"
                return Problem(message, at: written.location, hint: "name a field below it, or remove the path")
            }
            for index in path.matches(of: /\[\d+\]/) {
                let item = FieldPath(String(path[..<index.range.upperBound])).resolve(in: manifest.root).node
                guard let name = item?["name"]?.string else { continue }
                let message = "annotation '\(key)' names item '\(index.output)' by its index, which others may change"
                return Problem(message, at: written.location, hint: "write '[name=\(name)]'")
            }
            guard FieldPath(path).resolve(in: manifest.root).node == nil else { return nil }
            let message = "annotation '\(key)' names field '\(path)', which the manifest does not have"
            let hint =
                "write a path as 'spec.replicas' or 'webhooks[name=a].clientConfig.caBundle' of a field with which the object "
                + "is created"
            return Problem(message, at: written.location, hint: hint)
        }
    }
}
