/// A collection whose end has not come yet.
struct ComposerFrame {
    /// A key that waits for its value.
    enum Key {
        case text(String, Place)
        /// `<<`, which brings the entries of other mappings.
        case merge(Place)
        /// A key that has been complained about, so that its value counts for nothing.
        case invalid
    }

    let place: Place
    let isMapping: Bool
    let isFlow: Bool
    let anchor: String?
    /// A number that no other frame of the document has.
    let id: Int

    /// How many collections are nested here, this one included.
    private(set) var height = 1
    private var items: [Node] = []
    private var mapping = MappingBuilder()
    var key: Key?

    init(_ collection: CollectionEvent, place: Place, id: Int) {
        self.place = place
        self.id = id
        isMapping = collection.isMapping
        isFlow = collection.isFlow
        anchor = collection.anchor
    }

    /// Whether the next node is a key.
    var expectsKey: Bool { isMapping && key == nil }

    /// The complete collection.
    var node: Node {
        Node(isMapping ? .mapping(Mapping(mapping.entries)) : .sequence(items), place: place)
    }

    /// Adds the value that the last key waits for, or the next item.
    ///
    /// - Returns: What is wrong with it, in which case it is passed over.
    mutating func add(_ node: Node, height childHeight: Int, isAlias: Bool) -> Diagnostic? {
        height = max(height, childHeight + 1)
        guard let key else {
            items.append(node)
            return nil
        }
        self.key = nil
        switch key {
        case .invalid: return nil
        case .merge(let place): return merge(node, isAlias: isAlias, at: place)
        case .text(let text, let place):
            let first = mapping.insert(Mapping.Entry(key: text, place: place, value: node))
            return first.map { .duplicateKey(text, at: place, first: $0) }
        }
    }

    /// Takes over the entries of a mapping or, the first one winning, of several in a sequence.
    ///
    /// A sequence behind an alias is refused, because kubectl refuses it.
    private mutating func merge(_ node: Node, isAlias: Bool, at place: Place) -> Diagnostic? {
        if let source = node.mapping {
            mapping.merge(source)
            return nil
        }
        guard !isAlias, let sources = node.sequence?.map(\.mapping), !sources.contains(nil) else {
            let given = node.sequence?.first { $0.mapping == nil }.map { "a list with \($0.kindName)" } ?? node.kindName
            return Diagnostic(place, "'<<' wants a mapping or a list of mappings, not \(given)")
        }
        for case let source? in sources.reversed() { mapping.merge(source) }
        return nil
    }
}
