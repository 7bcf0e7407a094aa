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

    /// What a path leads to in an object.
    struct Target {
        /// The value, or `nil` where the object has no such field.
        var node: Node?
        /// Where the key stands, or the value where there is no key; of the nearest parent where there is no field.
        var place: Place
        /// The value that the last step was taken from.
        var parent: Node
        /// The last key of the path, as far as it is one.
        var key: String?
    }

    /// Follows the path through an object.
    func resolve(in root: Node) -> Target {
        var target = Target(node: root, place: root.place, parent: root, key: nil)
        var rest = Substring(text)
        while !rest.isEmpty, let node = target.node {
            if rest.first == "." { rest = rest.dropFirst() }
            target.parent = node
            switch node.content {
            case .mapping(let mapping): step(through: mapping, &rest, &target)
            case .sequence(let items): step(through: items, &rest, &target)
            case .null, .boolean, .number, .string: return target
            }
        }
        return target
    }

    private func step(through mapping: Mapping, _ rest: inout Substring, _ target: inout Target) {
        if rest.first == "[" {
            let key = Self.bracketed(&rest)
            let entry = mapping.entries.first { $0.key == key }
            target = Target(
                node: entry?.value,
                place: entry?.place ?? target.place,
                parent: target.parent,
                key: key,
            )
            return
        }
        let candidates = mapping.entries.filter { entry in
            rest.hasPrefix(entry.key) && [nil, ".", "["].contains(rest.dropFirst(entry.key.count).first)
        }
        if let entry = candidates.max(by: { $0.key.count < $1.key.count }) {
            rest = rest.dropFirst(entry.key.count)
            target = Target(node: entry.value, place: entry.place, parent: target.parent, key: entry.key)
        } else {
            let key = String(rest.prefix { $0 != "." && $0 != "[" })
            target = Target(node: nil, place: target.place, parent: target.parent, key: key)
        }
    }

    private func step(through items: [Node], _ rest: inout Substring, _ target: inout Target) {
        let selector = Self.bracketed(&rest)
        let item =
            Int(selector).flatMap { items.indices.contains($0) ? items[$0] : nil }
            ?? items.first { Self.item($0, matches: selector) }
        target = Target(node: item, place: item?.place ?? target.place, parent: target.parent, key: nil)
    }

    /// Takes `[...]` off the front and returns what stands inside; brackets inside quotes do not count.
    private static func bracketed(_ rest: inout Substring) -> String {
        guard rest.first == "[" else {
            defer { rest = "" }
            return String(rest)
        }
        var isQuoted = false
        var isEscaped = false
        for index in rest.indices.dropFirst() {
            let character = rest[index]
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == "]", !isQuoted {
                let inside = rest[rest.index(after: rest.startIndex)..<index]
                rest = rest[rest.index(after: index)...]
                return String(inside)
            }
        }
        defer { rest = "" }
        return String(rest.dropFirst())
    }

    /// Tells whether an item of an associative list has the keys of a selector such as `name="a",protocol="TCP"`.
    ///
    /// A key that the item leaves out matches: the server fills in defaults before it compares.
    private static func item(_ item: Node, matches selector: String) -> Bool {
        if selector.hasPrefix("=") { return written(item) == selector.dropFirst() }
        var hasMatch = false
        for part in selector.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let mapping = item.mapping else { return false }
            guard let value = mapping[String(pair[0])] else { continue }
            guard written(value) == pair[1] else { return false }
            hasMatch = true
        }
        return hasMatch
    }

    private static func written(_ node: Node) -> String {
        switch node.content {
        case .string(let string): "\"\(string)\""
        case .number(let number): number.json
        case .boolean(let truth): "\(truth)"
        case .null: "null"
        case .sequence, .mapping: ""
        }
    }
}
