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

    private enum State {
        case open(id: Int)
        case complete(Value)
    }

    private var states: [String: State] = [:]

    /// Notes that a collection with an anchor begins.
    mutating func open(_ name: String?, id: Int) {
        guard let name else { return }
        states[name] = .open(id: id)
    }

    /// Notes the value of an anchor, unless its name was given to another value within it.
    mutating func complete(_ name: String?, id: Int? = nil, _ value: @autoclosure () -> Value) {
        guard let name else { return }
        if let id {
            guard case .open(id) = states[name] else { return }
        }
        states[name] = .complete(value())
    }

    /// Finds what an alias stands for.
    func value(of name: String, at place: Place) throws(Diagnostic) -> Value {
        switch states[name] {
        case .complete(let value): return value
        case .open: throw Diagnostic(place, "alias '*\(name)' stands within the value that it names")
        case nil:
            let hint = nearestName(to: name, in: states.keys).map { "did you mean '*\($0)'?" }
            throw Diagnostic(place, "alias '*\(name)' names no anchor of this document", hint: hint)
        }
    }
}
