import Base

/// The part of a path in brackets, which selects items of a list.
///
/// It is an index such as `0`, a value of a set such as `="a"`, or keys of an associative list such as
/// `containerPort=80,protocol="TCP"`. A string needs no quotes.
struct ItemSelector {
    private enum Form {
        case index(Int)
        case value(String)
        case keys([(name: String, value: String)])
    }

    private let form: Form

    init(_ text: String) {
        if let index = Int(text) {
            form = .index(index)
        } else if text.hasPrefix("=") {
            form = .value(String(text.dropFirst()))
        } else {
            var quotes = QuoteScanner()
            let parts = text.split { !quotes.isInside($0) && $0 == "," }
            form = .keys(
                parts.map { part in
                    let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    return (name: String(pair[0]), value: pair.count == 2 ? String(pair[1]) : "")
                }
            )
        }
    }

    /// Returns the selected items; for keys, in descending order of the number of keys that match.
    func items(of list: [Node]) -> [Node] {
        switch form {
        case .index(let index):
            list.indices.contains(index) ? [list[index]] : []
        case .value(let value):
            list.filter { Self.json($0) == value || $0.string == value }
        case .keys(let keys):
            list.map { (item: $0, count: Self.matchCount(of: $0, keys)) }
                .filter { $0.count > 0 }
                .sorted { $0.count > $1.count }
                .map(\.item)
        }
    }

    /// Returns the number of keys for which an item has the same value, 0 if it has a different value for any key.
    ///
    /// A key that the item omits is skipped, because the server adds defaults before it compares.
    private static func matchCount(of item: Node, _ keys: [(name: String, value: String)]) -> Int {
        var count = 0
        for (name, value) in keys {
            guard let written = item[name] else { continue }
            // A string in the selector may be written without quotes.
            guard json(written) == value || written.string == value else { return 0 }
            count += 1
        }
        return count
    }

    private static func json(_ node: Node) -> String {
        String(decoding: node.json(), as: UTF8.self)
    }
}
