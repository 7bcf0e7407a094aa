import YAML

/// A value of another structure than expected: a list in the place of a mapping, or a mapping or text in that of a list.
struct OtherStructure {
    private let node: Node

    init(_ node: Node) {
        self.node = node
    }

    /// Returns how to write a list as a mapping, or `nil` if that is not clear.
    var mappingHint: String? {
        guard let items = node.sequence, let first = items.first else { return nil }
        let pairs = items.compactMap(\.string).compactMap(Self.pair)
        if pairs.count == items.count, let text = first.string {
            return "write '\(pairs[0].name): \(pairs[0].value)' in place of '- \(text)'"
        }
        if let name = first.string, items.allSatisfy({ $0.string.map(isVariableName) == true }) {
            return "write each as a key with its value, such as '\(name): …' in place of '- \(name)'"
        }
        let mappings = items.compactMap(\.mapping)
        guard mappings.count == items.count, let entry = mappings[0].entries.first else { return nil }
        if mappings.allSatisfy({ $0["name"]?.string != nil && $0.entries.count > 1 }),
            let name = mappings[0]["name"]?.string
        {
            if mappings.allSatisfy({ $0.entries.count == 2 && $0["value"] != nil }), let value = mappings[0]["value"] {
                return
                    "write '\(name): \(typed(value.content.scalarText))' in place of '- name: \(name)' and its 'value:'"
            }
            let key = suggestedTaskName(name) ?? name
            return "write '\(key):' in place of '- name: \(name)', and indent the keys below it"
        }
        let keys = mappings.flatMap(\.entries).map(\.key)
        guard Set(keys).count == keys.count else { return nil }
        guard node.isBlockList else { return "write braces in place of the brackets: '{\(entry.key): …}'" }
        return items.count == 1
            ? "put two spaces in place of the '- ' before '\(entry.key):'"
            : "put two spaces in place of each '- ', as before '\(entry.key):'"
    }

    /// Returns the items of a list that was written as a mapping or a text, or `nil` if they are not clear.
    var items: [String]? {
        switch node.content {
        case .string(let text):
            let parts = text.split(whereSeparator: { $0 == "," || $0.isWhitespace })
            let isList = text.contains(",") || !text.contains("/")
            return text.isEmpty ? nil : isList ? parts.map { typed(String($0)) } : [typed(text)]
        case .number(let number): return [number.text]
        case .mapping(let mapping):
            let entries = mapping.entries
            let isEmpty = entries.allSatisfy { $0.value.isNull || $0.value.boolean == true }
            if isEmpty { return entries.map { typed($0.key) } }
            let isNumbered = entries.allSatisfy { $0.key.utf8.allSatisfy(\.isDigit) }
            let texts = entries.compactMap { $0.value.string ?? $0.value.integer.map { String($0) } }
            return (isNumbered || entries.count == 1) && texts.count == entries.count ? texts.map { typed($0) } : nil
        case .boolean: return node.spelling.map { ["\"\($0)\""] }
        case .null, .sequence: return nil
        }
    }

    /// Splits a text such as `A=b`, or returns `nil` for another one.
    private static func pair(_ text: String) -> (name: String, value: String)? {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { return nil }
        let name = text[..<sign]
        guard name.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "_-.".utf8.contains($0) }) else { return nil }
        return (String(name), typed(String(text[text.index(after: sign)...])))
    }
}
