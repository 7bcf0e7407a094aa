/// A mapping in the making: finds keys that come twice, in time that grows with the number of keys only.
struct MappingBuilder {
    /// The entries so far, no key twice.
    private(set) var entries: [Mapping.Entry] = []

    /// Where each key stands in `entries`, kept only once a search from the front would be slower.
    private var positions: [String: Int] = [:]

    /// The keys that only a merge has set.
    private var merged: Set<String> = []

    private static let searchedCount = 8

    /// Adds a key that was written here.
    ///
    /// - Returns: The place at which the same key was written before, in which case nothing is added, or `nil`.
    mutating func insert(_ entry: Mapping.Entry) -> Place? {
        guard let position = position(of: entry.key) else {
            append(entry)
            return nil
        }
        guard merged.remove(entry.key) != nil else { return entries[position].place }
        entries[position] = entry
        return nil
    }

    /// Adds what a merge key brings.
    ///
    /// A value that is merged replaces what stands before it, even if that was written here: kubectl does so.
    mutating func merge(_ mapping: Mapping) {
        for entry in mapping.entries {
            guard let position = position(of: entry.key) else {
                merged.insert(entry.key)
                append(entry)
                continue
            }
            entries[position].value = entry.value
        }
    }

    private mutating func append(_ entry: Mapping.Entry) {
        entries.append(entry)
        if entries.count == Self.searchedCount {
            for (position, entry) in entries.enumerated() { positions[entry.key] = position }
        } else if entries.count > Self.searchedCount {
            positions[entry.key] = entries.count - 1
        }
    }

    private func position(of key: String) -> Int? {
        guard entries.count < Self.searchedCount else { return positions[key] }
        return entries.firstIndex { $0.key == key }
    }
}

extension Diagnostic {
    /// Says that a key is there twice.
    static func duplicateKey(_ key: String, at place: Place, first: Place) -> Self {
        Self(place, "key '\(key)' is set twice, the first time at \(first)", hint: "remove one of the two")
    }
}
