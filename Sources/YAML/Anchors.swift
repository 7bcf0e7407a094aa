/// The values of a document that carry an anchor.
struct Anchors {
    /// What an alias stands for.
    struct Value {
        var node: Node
        /// How many nodes it has, its own aliases expanded.
        var nodeCount: Int
        /// How many collections are nested in it, itself included.
        var height: Int
    }

    private var values: [String: Value] = [:]

    /// The anchors of collections whose end has not come yet, with the number of the collection.
    private var open: [String: Int] = [:]

    /// Notes that a collection with an anchor begins.
    mutating func open(_ name: String?, id: Int) {
        guard let name else { return }
        open[name] = id
    }

    /// Notes the value of an anchor, unless its name was given to another value within it.
    mutating func complete(_ name: String?, id: Int? = nil, _ value: @autoclosure () -> Value) {
        guard let name else { return }
        if let id, open[name] != id { return }
        open[name] = nil
        values[name] = value()
    }

    /// Finds what an alias stands for.
    func value(of name: String, at place: Place) throws(Diagnostic) -> Value {
        guard open[name] == nil else {
            throw Diagnostic(place, "alias '*\(name)' stands within the value that it names")
        }
        if let value = values[name] { return value }
        let hint = nearestName(to: name, in: values.keys.sorted()).map { "did you mean '*\($0)'?" }
        throw Diagnostic(place, "alias '*\(name)' names no anchor of this document", hint: hint)
    }
}
