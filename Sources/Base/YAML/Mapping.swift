/// Keys and values in the order of the file, without duplicate keys.
public struct Mapping: Sendable, Hashable {
    public struct Entry: Sendable {
        public var key: String

        /// The location of the key.
        public var location: SourceLocation
        public var value: Node

        public init(key: String, location: SourceLocation, value: Node) {
            self.key = key
            self.location = location
            self.value = value
        }
    }

    public private(set) var entries: [Entry]

    /// Creates a mapping from entries, whose keys must differ.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// The value of a key.
    ///
    /// A new value keeps an existing key's position and location, and `nil` removes the key.
    public subscript(key: String) -> Node? {
        get {
            // A loop over indices does not copy the entries.
            for index in entries.indices where entries[index].key.hasSameBytes(as: key) { return entries[index].value }
            return nil
        }
        set {
            let index = entries.firstIndex { $0.key.hasSameBytes(as: key) }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key: key, location: value.location, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Compares keys and values regardless of their order.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.entries.count == right.entries.count else { return false }
        return left.byKey == right.byKey
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(byKey)
    }

    private var byKey: [ExactText: Node] {
        Dictionary(entries.map { (ExactText($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

/// A builder of a mapping that finds duplicate keys in linear time.
struct MappingBuilder {
    private(set) var entries: [Mapping.Entry] = []

    /// The index of each key in `entries`, kept only if there are so many entries that a linear search would be slower.
    private var positions: [ExactText: Int] = [:]

    /// The keys that were set only by a merge.
    private var merged: Set<ExactText> = []

    private static let searchedCount = 16

    /// Adds an entry of the mapping itself, or returns the location of an earlier such entry with the same key.
    mutating func insert(_ entry: Mapping.Entry) -> SourceLocation? {
        guard let position = position(of: entry.key) else {
            append(entry)
            return nil
        }
        guard merged.remove(ExactText(entry.key)) != nil else { return entries[position].location }
        entries[position] = entry
        return nil
    }

    /// Adds the entries of a merge key.
    ///
    /// As in kubectl, a merged value replaces an earlier value, even a value that was written in the mapping itself.
    mutating func merge(_ mapping: Mapping) {
        for entry in mapping.entries {
            guard let position = position(of: entry.key) else {
                merged.insert(ExactText(entry.key))
                append(entry)
                continue
            }
            entries[position].value = entry.value
        }
    }

    private mutating func append(_ entry: Mapping.Entry) {
        entries.append(entry)
        if entries.count == Self.searchedCount {
            for (position, entry) in entries.enumerated() { positions[ExactText(entry.key)] = position }
        } else if entries.count > Self.searchedCount {
            positions[ExactText(entry.key)] = entries.count - 1
        }
    }

    private func position(of key: String) -> Int? {
        guard entries.count < Self.searchedCount else { return positions[ExactText(key)] }
        return entries.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}
