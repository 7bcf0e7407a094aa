import YAML

extension FieldPath {
    /// The field that contains this one, `nil` for the whole object.
    var parent: FieldPath? {
        guard !text.isEmpty else { return nil }
        var quotes = QuoteScanner()
        var end = text.startIndex
        var depth = 0
        for index in text.indices where !quotes.isInside(text[index]) {
            switch text[index] {
            case "[":
                if depth == 0 { end = index }
                depth += 1
            case "]": depth -= 1
            case "." where depth == 0: end = index
            default: break
            }
        }
        return FieldPath(String(text[..<end]))
    }

    /// How many paths are considered.
    private static let spellingLimit = 1000

    /// The paths that may be meant, this one first.
    ///
    /// Old servers leave out the index of an item, write a field as its Go type has it, and name `clusterIPs[0]` where the
    /// object has `clusterIP`.
    func spellings(in root: Node) -> [FieldPath] {
        var result = [self]
        for spelling in Self.expand(text[...], in: root, as: "") where spelling != text {
            guard result.count < Self.spellingLimit else { break }
            result.append(FieldPath(spelling))
        }
        if text.hasSuffix("s[0]") { result.append(FieldPath(String(text.dropLast("s[0]".count)))) }
        return result
    }

    /// The paths that a text may mean from a node on.
    private static func expand(_ rest: Substring, in node: Node, as done: String) -> [String] {
        let rest = rest.first == "." ? rest.dropFirst() : rest
        guard !rest.isEmpty else { return [done] }
        switch node.content {
        case .mapping(let mapping) where rest.first != "[":
            let matching = mapping.entries.filter { entry in
                let count = entry.key.count
                return rest.prefix(count).lowercased() == entry.key.lowercased()
                    && [nil, ".", "["].contains(rest.dropFirst(count).first)
            }
            let exact = matching.filter { rest.hasPrefix($0.key) }
            let entries = exact.isEmpty ? matching : exact
            guard let entry = entries.max(by: { $0.key.count < $1.key.count }) else {
                return [done + (done.isEmpty ? "" : ".") + rest]
            }
            let name = done + (done.isEmpty ? "" : ".") + entry.key
            return expand(rest.dropFirst(entry.key.count), in: entry.value, as: name)
        case .sequence(let items) where rest.first != "[":
            return items.prefix(spellingLimit).enumerated().flatMap { index, item in
                expand(rest, in: item, as: "\(done)[\(index)]")
            }
        case .sequence(let items):
            guard let close = rest.firstIndex(of: "]"), let index = Int(rest[..<close].dropFirst()),
                items.indices.contains(index)
            else { return [done + rest] }
            return expand(rest[rest.index(after: close)...], in: items[index], as: "\(done)[\(index)]")
        default:
            return [done + (rest.first == "[" || done.isEmpty ? "" : ".") + rest]
        }
    }
}
