/// A mapping or sequence whose end has not been read yet.
struct CollectionFrame {
    /// A key whose value has not been read yet.
    enum Key {
        case text(String, SourceLocation)
        /// `<<`, which adds the entries of other mappings.
        case merge(SourceLocation)
        /// A key with a reported problem; its value is ignored.
        case invalid
    }

    /// The position of the beginning within the document's text.
    let mark: EventMark
    let location: SourceLocation
    let isMapping: Bool
    let isFlow: Bool
    let anchor: String?
    /// A number that identifies the collection within the document.
    let id: Int

    /// The depth of nested collections including this one; always 1 in JSON, which has no aliases.
    private(set) var height = 1
    private var items: [Node] = []
    private var mapping = MappingBuilder()
    var key: Key?

    init(_ collection: CollectionEvent, mark: EventMark = EventMark(), location: SourceLocation, id: Int = 0) {
        (isMapping, isFlow, anchor) = (collection.isMapping, collection.isFlow, collection.anchor)
        (self.mark, self.location, self.id) = (mark, location, id)
    }

    var isEmpty: Bool { items.isEmpty && mapping.entries.isEmpty }

    /// Whether the next node is a key.
    var expectsKey: Bool { isMapping && key == nil }

    /// The complete collection.
    var node: Node {
        Node(isMapping ? .mapping(Mapping(mapping.entries)) : .sequence(items), location: location)
    }

    /// Adds the next item or the value of the last key; returns the problem of a duplicate key or an invalid merge.
    mutating func add(_ node: Node, height childHeight: Int, isAlias: Bool = false) -> Problem? {
        height = max(height, childHeight + 1)
        guard let key else {
            items.append(node)
            return nil
        }
        self.key = nil
        switch key {
        case .invalid: return nil
        case .merge(let location): return merge(node, isAlias: isAlias, at: location)
        case .text(let text, let location):
            let first = mapping.insert(Mapping.Entry(key: text, location: location, value: node))
            return first.map { first in
                let message = "key '\(text)' is set twice, the first time at \(first)"
                return Problem(message, at: location, hint: "remove one of the two")
            }
        }
    }

    /// Merges the entries of a mapping, or of the mappings in a sequence; the first mapping takes precedence.
    ///
    /// An alias of a sequence is refused, as in kubectl.
    private mutating func merge(_ node: Node, isAlias: Bool, at location: SourceLocation) -> Problem? {
        if let source = node.mapping {
            mapping.merge(source)
            return nil
        }
        guard !isAlias, let sources = node.sequence?.map(\.mapping), !sources.contains(nil) else {
            let given = node.sequence?.first { $0.mapping == nil }.map { "a list with \($0.kindName)" } ?? node.kindName
            return Problem("'<<' requires a mapping or a list of mappings, not \(given)", at: location)
        }
        for case let source? in sources.reversed() { mapping.merge(source) }
        return nil
    }
}
