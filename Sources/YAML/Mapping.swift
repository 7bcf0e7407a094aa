/// Keys and values in the order in which they were written, no key twice.
public struct Mapping: Sendable, Hashable {
    /// One key with its value.
    public struct Entry: Sendable {
        /// The key, as JSON has it: always a string.
        public var key: String

        /// Where the key stands, which is not where its value stands.
        public var place: Place

        /// The value.
        public var value: Node

        /// Creates an entry.
        public init(key: String, place: Place, value: Node) {
            self.key = key
            self.place = place
            self.value = value
        }
    }

    /// The entries in the order of the file.
    public private(set) var entries: [Entry]

    /// Creates a mapping from entries whose keys differ.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// The value of a key, or `nil` where there is none.
    ///
    /// Setting a key that is there keeps its order and place; setting `nil` removes it.
    public subscript(key: String) -> Node? {
        get { entries.first { $0.key == key }?.value }
        set {
            let index = entries.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key: key, place: value.place, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Tells whether two mappings have the same keys with the same values, in any order.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.entries.count == right.entries.count else { return false }
        return left.byKey == right.byKey
    }

    /// Feeds keys and values to a hasher, whatever their order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(byKey)
    }

    private var byKey: [String: Node] {
        Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
