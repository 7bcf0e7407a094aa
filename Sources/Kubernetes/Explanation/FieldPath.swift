import Base

/// The path of a field as the API server writes it.
///
/// Server-side apply writes `.spec.template.spec.containers[name="a"].ports[containerPort=80].hostPort`, for example.
/// Validation writes `spec.containers[0].image` and `data[my.key]`. Neither quotes keys with dots, so a path can be
/// interpreted only together with its object.
struct FieldPath: Sendable, Hashable {
    /// The path without a leading dot.
    let text: String

    init(_ text: String) {
        self.text = text.hasPrefix(".") ? String(text.dropFirst()) : text
    }

    /// The description of the field for messages, such as `field 'spec.replicas'`.
    var name: String { ["", "<nil>", "[]"].contains(text) ? "the object" : "field '\(text)'" }

    struct Target {
        /// The value, `nil` if the object has no such field.
        var node: Node?
        /// The location of the key or list item; for a missing field, that of its nearest existing parent.
        var location: SourceLocation
        /// The last key that was looked up, `nil` if the last step did not lead into a mapping.
        var key: String?
    }

    func resolve(in root: Node) -> Target {
        var target = Target(node: root, location: root.location, key: nil)
        var rest = Substring(text)
        while !rest.isEmpty, let node = target.node {
            if rest.first == "." { rest = rest.dropFirst() }
            switch node.content {
            case .mapping(let mapping): target = Self.step(through: mapping, &rest, from: target)
            case .sequence(let items): target = Self.step(through: items, &rest, from: target)
            case .null, .boolean, .number, .string: return Target(node: nil, location: target.location, key: nil)
            }
        }
        return target
    }

    private static func step(through mapping: Mapping, _ rest: inout Substring, from target: Target) -> Target {
        let key = Self.key(in: mapping, &rest)
        let entry = mapping.entries.first { $0.key == key }
        return Target(node: entry?.value, location: entry?.location ?? target.location, key: key)
    }

    /// Removes and returns the first key of a path; if the mapping has both `a` and `a.b`, the longer match wins.
    static func key(in mapping: Mapping, _ rest: inout Substring) -> String {
        if rest.first == "[" { return bracketed(&rest) }
        let candidates = mapping.entries.map(\.key).filter { key in
            rest.hasPrefix(key) && [nil, ".", "["].contains(rest.dropFirst(key.count).first)
        }
        let key = candidates.max { $0.count < $1.count } ?? String(rest.prefix { $0 != "." && $0 != "[" })
        rest = rest.dropFirst(key.count)
        return key
    }

    private static func step(through items: [Node], _ rest: inout Substring, from target: Target) -> Target {
        guard rest.first == "[" else { return Target(node: nil, location: target.location, key: nil) }
        let item = ItemSelector(bracketed(&rest)).items(of: items).first
        return Target(node: item, location: item?.location ?? target.location, key: nil)
    }

    /// Returns an object without the field, and without parents that become empty unless `keepsParents` is set.
    func removed(from root: Node, keepsParents: Bool) -> Node {
        Self.replaced(Substring(text), in: root, by: nil, keepsParents) ?? root
    }

    /// Returns an object in which the field has another value, or unchanged if the object does not have the field.
    func replaced(in root: Node, by value: Node) -> Node {
        Self.replaced(Substring(text), in: root, by: value, true) ?? root
    }

    private static func replaced(
        _ rest: Substring,
        in node: Node,
        by new: Node?,
        _ keepsParents: Bool
    ) -> Node? {
        var rest = rest.first == "." ? rest.dropFirst() : rest
        guard !rest.isEmpty else { return new }
        switch node.content {
        case .mapping(var mapping):
            let key = key(in: mapping, &rest)
            guard let value = mapping[key] else { return node }
            mapping[key] = replaced(rest, in: value, by: new, keepsParents)
            return mapping.entries.isEmpty && !keepsParents ? nil : Node(.mapping(mapping), location: node.location)
        case .sequence(var items):
            guard rest.first == "[", let item = ItemSelector(bracketed(&rest)).items(of: items).first,
                let index = items.firstIndex(of: item)
            else { return node }
            let kept = replaced(rest, in: item, by: new, keepsParents)
            if let kept { items[index] = kept } else { items.remove(at: index) }
            return items.isEmpty && !keepsParents ? nil : Node(.sequence(items), location: node.location)
        case .null, .boolean, .number, .string: return node
        }
    }

    /// Removes `[...]` from the front of a path and returns the content, which may have brackets in quotes.
    static func bracketed(_ rest: inout Substring) -> String {
        var quotes = QuoteScanner()
        let close = rest.indices.dropFirst().first { !quotes.isInside(rest[$0]) && rest[$0] == "]" }
        let inside = rest[..<(close ?? rest.endIndex)].dropFirst()
        rest = close.map { rest[rest.index(after: $0)...] } ?? ""
        return String(inside)
    }
}

/// A scanner that finds the characters of a text in double quotes, including the quotes.
struct QuoteScanner {
    private var isQuoted = false
    private var isEscaped = false

    /// Returns whether a character is in quotes; it must be called for each character in order.
    mutating func isInside(_ character: Character) -> Bool {
        defer { isEscaped = isQuoted && !isEscaped && character == "\\" }
        if character == "\"", !isEscaped {
            isQuoted.toggle()
            return true
        }
        return isQuoted
    }
}
