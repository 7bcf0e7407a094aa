import Base
import YAML

/// The fields of an object that others may change, from the annotation `nest-bootstrap/ignore`.
struct IgnoredFields {
    /// The paths, as written.
    let paths: [FieldPath]

    /// Reads the annotation of an object; an object without it has no such fields.
    init(of object: Node) {
        let text = ObjectAnnotation.ignore.value(in: object)
        paths = text.map { Self.paths(in: $0).map(FieldPath.init) } ?? []
    }

    /// Splits a list of paths at the commas outside of brackets and quotes.
    private static func paths(in text: String) -> [String] {
        var paths = [""]
        var quotes = QuoteScanner()
        var depth = 0
        for character in text {
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
        return paths.map { path in
            let start = path.drop(while: \.isWhitespace)
            return String(start.reversed().drop(while: \.isWhitespace).reversed())
        }
    }

    /// Returns an object to send with which the fields stay as they are on the server.
    ///
    /// - Parameters:
    ///   - body: The object as it would be sent.
    ///   - fields: The fields of the object on the server.
    /// - Returns: The object.
    func retained(in body: Node, from fields: LiveFields) -> Node {
        // A list item that is left out does not change the indices of the items before it.
        let sent = paths.map { Self.sent($0, in: body) }.map { (path: $0, location: $0.resolve(in: body).location) }
        return sent.sorted { $1.location < $0.location }.reduce(body) { fields.retaining($1.path, in: $0) }
    }

    /// Returns the path of a field in the form in which the object is sent.
    private static func sent(_ path: FieldPath, in body: Node) -> FieldPath {
        let written = "stringData"
        guard body["kind"]?.string == "Secret", path.text.hasPrefix(written), body[written] == nil else { return path }
        return FieldPath("data\(path.text.dropFirst(written.count))")
    }
}

/// The check of the annotation.
extension IgnoredFields {
    /// Parts of an object that cannot be left to others: its identity, and what the agent itself writes.
    private static let refused: Set<String> = [
        "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.labels",
        "metadata.annotations",
    ]

    /// Finds paths that are malformed, that the manifest does not have, or that cannot be ignored.
    static func problems(of written: Node, in manifest: ManifestObject) -> [Problem] {
        let key = ObjectAnnotation.ignore.key
        guard let text = written.string else {
            let message = "annotation '\(key)' must be a list of paths with commas between them"
            return [
                Problem(
                    message,
                    at: written.location,
                    hint: "write '\(ObjectAnnotation.ignore.example)'"
                )
            ]
        }
        return paths(in: text).compactMap { path in
            let field = FieldPath(path)
            guard isWellFormed(path) else {
                let message = "annotation '\(key)' has the malformed path '\(path)'"
                let hint =
                    "write paths as 'spec.replicas' or 'webhooks[name=a].clientConfig.caBundle', with commas between them"
                return Problem(message, at: written.location, hint: hint)
            }
            guard !refused.contains(path) else {
                let message = "annotation '\(key)' names '\(path)', which the agent needs"
                return Problem(
                    message,
                    at: written.location,
                    hint: "name a field below it, or remove the path"
                )
            }
            guard field.resolve(in: manifest.root).node == nil else { return nil }
            let message = "annotation '\(key)' names field '\(path)', which the manifest does not have"
            return Problem(message, at: written.location, hint: hint(for: field, in: manifest.root))
        }
    }

    private static func hint(for path: FieldPath, in root: Node) -> String {
        let otherwise = "correct the path, or add the field, with which the object is created"
        guard let parent = path.parent, let mapping = parent.resolve(in: root).node?.mapping else { return otherwise }
        let name = String(path.text.dropFirst(parent.text.count).drop { $0 == "." })
        let near = nearestName(to: name, in: mapping.entries.map(\.key))
        return near.map { "did you mean '\(parent.text.isEmpty ? "" : "\(parent.text).")\($0)'?" } ?? otherwise
    }

    /// Returns whether a text has the form of a path: names with dots between them, and selectors in brackets.
    private static func isWellFormed(_ text: String) -> Bool {
        var rest = text[...]
        var isFirst = true
        while !rest.isEmpty {
            if rest.first == "[" {
                guard !isFirst, let selector = selector(&rest), !selector.isEmpty else { return false }
            } else {
                if !isFirst {
                    guard rest.first == "." else { return false }
                    rest = rest.dropFirst()
                }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, !name.contains("]") else { return false }
                rest = rest.dropFirst(name.count)
            }
            isFirst = false
        }
        return !isFirst
    }

    /// Removes `[...]` from the front and returns its content, `nil` if it does not end.
    private static func selector(_ rest: inout Substring) -> Substring? {
        var quotes = QuoteScanner()
        guard let close = rest.indices.first(where: { !quotes.isInside(rest[$0]) && rest[$0] == "]" }) else {
            return nil
        }
        defer { rest = rest[rest.index(after: close)...] }
        return rest[..<close].dropFirst()
    }
}

extension ObjectApplication {
    /// Returns an object to send with which the fields that others may change stay as they are on the server.
    func ignoring(_ body: Node, live: Node) -> Node {
        let ignored = IgnoredFields(of: manifest.root)
        guard !ignored.paths.isEmpty else { return body }
        return ignored.retained(in: body, from: LiveFields(live, takingFrom: applier.takenManagers))
    }
}
