import Base
import YAML

/// How to write a value of another structure than its schema's: a list as a mapping, or the other way round.
enum StructureHint {
    /// Returns the hint, or `nil` if it is not clear what was meant.
    static func text(for node: Node, as schema: Schema) -> String? {
        switch (schema.expectation, node.content) {
        case (.list, .mapping(let mapping)): list(of: mapping, node, schema.items)
        case (.list, .string(let text)): list(of: text, schema.items)
        case (.list, .number(let number)):
            schema.items.flatMap { item(node, as: $0) }.map { "write [\($0)]" } ?? "write [\(number.text)]"
        case (.mapping, .sequence(let items)): mapping(of: items, node)
        case (.mapping, .string), (.mapping, .number): item(node, as: schema).map { "write \($0)" }
        default: nil
        }
    }

    /// Returns how to write an item with one key of its own, such as `A: b`, that should have a name and a value.
    static func namedValue(_ entry: Mapping.Entry, in mapping: Mapping, _ schema: Schema) -> String? {
        guard isNamedValue(mapping, schema), let value = scalar(entry.value) else { return nil }
        return "write '{name: \(entry.key), value: \(value)}'"
    }

    /// Returns whether a mapping has one key of its own, and its schema a name and a value.
    static func isNamedValue(_ mapping: Mapping, _ schema: Schema) -> Bool {
        let known = schema.fieldNames
        return mapping.entries.count == 1 && known.contains("name") && known.contains("value")
            && !known.contains(mapping.entries[0].key)
    }

    /// Returns how to write a mapping as a list.
    private static func list(of mapping: Mapping, _ node: Node, _ item: Schema?) -> String? {
        guard let first = mapping.entries.first else { return "write []" }
        let known = item?.fieldNames ?? []
        if mapping.entries.allSatisfy({ known.contains($0.key) }) {
            let isBlock = first.location == node.location
            return isBlock
                ? "write '- ' before '\(first.key):', and indent the lines below it by 2 spaces more"
                : "put it in brackets: '[{\(first.key): …}]'"
        }
        let values = mapping.entries.compactMap { scalar($0.value) }
        guard values.count == mapping.entries.count else { return "write each item after '- '" }
        if known.contains("name"), known.contains("value") {
            return "write each as an item, such as '- {name: \(first.key), value: \(values[0])}'"
        }
        return item?.expectation == .string ? "write [\(values.joined(separator: ", "))]" : "write each item after '- '"
    }

    /// Returns how to write a text as a list.
    private static func list(of text: String, _ item: Schema?) -> String? {
        guard let item, item.expectation == .string else {
            return item.flatMap { Self.item(.string(text), as: $0) }.map { "write [\($0)]" }
                ?? "write each item after '- '"
        }
        guard !text.contains(where: { "\"'\n\\".contains($0) }) else { return "write each item after '- '" }
        let parts = text.split { $0 == "," || $0.isWhitespace }
        let items = parts.isEmpty ? [text[...]] : parts
        let shown = items.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
        return items.count > 8 ? "write each item after '- '" : "write [\(shown)]"
    }

    /// Returns how to write a list as a mapping.
    private static func mapping(of items: [Node], _ list: Node) -> String? {
        let mappings = items.compactMap(\.mapping)
        let keys = mappings.flatMap(\.entries).map(\.key)
        if mappings.count == items.count, Set(keys).count == keys.count, let first = mappings.first?.entries.first {
            return list.isBlockList
                ? "put two spaces in place of \(items.count == 1 ? "the" : "each") '- ' before '\(first.key):'"
                : "write braces in place of the brackets: '{\(first.key): …}'"
        }
        guard let text = items.first?.string, let pair = pair(text) else { return nil }
        return "write '\(pair.name): \(pair.value)' in place of '\(text)'"
    }

    /// Returns a value as an item that is a mapping: with a name and a value, or with the only field it must have.
    private static func item(_ node: Node, as schema: Schema) -> String? {
        let known = schema.fieldNames
        if let text = node.string, let pair = pair(text), !known.contains(pair.name), known.contains("name"),
            known.contains("value")
        {
            return "{name: \(pair.name), value: \(pair.value)}"
        }
        let required = (schema.node["required"]?.sequence ?? []).compactMap(\.string)
        let isPlain = node.string?.contains("=") != true
        let fields = required.isEmpty && known.contains("name") && isPlain ? ["name"] : required.filter { _ in isPlain }
        guard fields.count == 1, let value = scalar(node), let field = schema.field(fields[0]) else { return nil }
        switch (field.expectation, node.content) {
        case (.integer, .number), (.string, .string), (.anything, _): return "{\(fields[0]): \(value)}"
        case (.integer, .string(let text)):
            // Docker writes a port of the host and one of the container as `8080:80`.
            let last = text.prefix { $0 != "/" }.split(separator: ":").last.flatMap { UInt16($0) }
            return last.map { "{\(fields[0]): \($0)}" }
        default: return nil
        }
    }

    private static func scalar(_ node: Node) -> String? {
        switch node.content {
        case .string, .number, .boolean: String(decoding: node.json(), as: UTF8.self)
        case .null, .sequence, .mapping: nil
        }
    }

    /// Splits a text such as `A=b`, or returns `nil` for another one.
    private static func pair(_ text: String) -> (name: String, value: String)? {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[0].contains(where: \.isWhitespace) else { return nil }
        return (String(parts[0]), scalar(.string(String(parts[1]))) ?? "")
    }
}
