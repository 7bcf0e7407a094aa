import Base

/// The values of a document that carry an anchor.
struct Anchors {
    /// The value of an anchor.
    struct Value {
        var node: Node
        /// The number of its nodes, with aliases expanded.
        var nodeCount: Int
        /// The depth of its collections, itself included.
        var height: Int
    }

    private var values: [String: Value] = [:]

    /// The anchors of open collections, with the number of the collection.
    private var open: [String: Int] = [:]

    /// Records the beginning of a collection with an anchor.
    mutating func open(_ name: String?, id: Int) {
        guard let name else { return }
        open[name] = id
    }

    /// Records the value of an anchor, unless the name was used again within the value.
    mutating func complete(_ name: String?, id: Int? = nil, _ value: @autoclosure () -> Value) {
        guard let name else { return }
        if let id, open[name] != id { return }
        open[name] = nil
        values[name] = value()
    }

    /// Finds the value of an alias.
    func value(of name: String, at location: SourceLocation) throws(Problem) -> Value {
        guard open[name] == nil else {
            throw Problem("alias '*\(name)' is inside the value of its anchor", at: location)
        }
        if let value = values[name] { return value }
        let hint = nearestName(to: name, in: values.keys.sorted()).map { "did you mean '*\($0)'?" }
        throw Problem("alias '*\(name)' has no anchor in this document", at: location, hint: hint)
    }
}
