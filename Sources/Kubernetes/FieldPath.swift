import YAML

/// A field as the API server names it, led back to where it was written.
///
/// The server writes paths in two ways: `.spec.template.spec.containers[name="a"].ports[containerPort=80].hostPort` from
/// the merge by schema, `spec.containers[0].image` and `data[my.key]` from validation. Keys with dots are not quoted in
/// either, so a path can only be read together with the object that it leads through.
struct FieldPath: Sendable, Hashable {
    /// The path without a leading dot.
    let text: String

    init(_ text: String) {
        self.text = text.hasPrefix(".") ? String(text.dropFirst()) : text
    }

    /// The field in a message.
    var name: String { ["", "<nil>", "[]"].contains(text) ? "the object" : "field '\(text)'" }

    /// What a path leads to in an object.
    struct Target {
        /// The value, or `nil` where the object has no such field.
        var node: Node?
        /// Where the key stands, or the value where there is no key; of the nearest parent where there is no field.
        var place: Place
        /// The last key of the path, as far as it is one.
        var key: String?
    }

    /// Follows the path through an object.
    func resolve(in root: Node) -> Target {
        var target = Target(node: root, place: root.place, key: nil)
        var rest = Substring(text)
        while !rest.isEmpty, let node = target.node {
            if rest.first == "." { rest = rest.dropFirst() }
            switch node.content {
            case .mapping(let mapping): target = Self.step(through: mapping, &rest, from: target)
            case .sequence(let items): target = Self.step(through: items, &rest, from: target)
            case .null, .boolean, .number, .string: return Target(node: nil, place: target.place, key: nil)
            }
        }
        return target
    }

    private static func step(through mapping: Mapping, _ rest: inout Substring, from target: Target) -> Target {
        let entry: Mapping.Entry?
        let key: String
        if rest.first == "[" {
            key = bracketed(&rest)
            entry = mapping.entries.first { $0.key == key }
        } else {
            // The longest key wins, so that `a.b` is found before `a`.
            let candidates = mapping.entries.filter { entry in
                rest.hasPrefix(entry.key) && [nil, ".", "["].contains(rest.dropFirst(entry.key.count).first)
            }
            entry = candidates.max { $0.key.count < $1.key.count }
            key = entry?.key ?? String(rest.prefix { $0 != "." && $0 != "[" })
            rest = rest.dropFirst(key.count)
        }
        return Target(node: entry?.value, place: entry?.place ?? target.place, key: key)
    }

    private static func step(through items: [Node], _ rest: inout Substring, from target: Target) -> Target {
        guard rest.first == "[" else { return Target(node: nil, place: target.place, key: nil) }
        let item = ItemSelector(bracketed(&rest)).items(of: items).first
        return Target(node: item, place: item?.place ?? target.place, key: nil)
    }

    /// Takes `[...]` off the front and returns what stands inside; brackets inside quotes do not count.
    private static func bracketed(_ rest: inout Substring) -> String {
        var quotes = QuoteScanner()
        let close = rest.indices.dropFirst().first { !quotes.isInside(rest[$0]) && rest[$0] == "]" }
        let inside = rest[..<(close ?? rest.endIndex)].dropFirst()
        rest = close.map { rest[rest.index(after: $0)...] } ?? ""
        return String(inside)
    }
}

/// Tells which characters of a text stand in double quotes, the quotes included.
struct QuoteScanner {
    private var isQuoted = false
    private var isEscaped = false

    /// Takes the next character.
    mutating func isInside(_ character: Character) -> Bool {
        defer { isEscaped = isQuoted && !isEscaped && character == "\\" }
        if character == "\"", !isEscaped {
            isQuoted.toggle()
            return true
        }
        return isQuoted
    }
}
