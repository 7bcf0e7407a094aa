/// Builds a mapping and finds duplicate keys in linear time.
struct MappingBuilder {
    /// The entries added so far, without duplicate keys.
    private(set) var entries: [Mapping.Entry] = []

    /// The index of each key in `entries`, kept only if there are enough entries for a linear search to be slower.
    private var positions: [ExactText: Int] = [:]

    /// The keys that were set only by a merge.
    private var merged: Set<ExactText> = []

    private static let searchedCount = 8

    /// Adds an entry that was written in the mapping itself, rather than merged.
    ///
    /// - Returns: The location of an earlier entry with the same key, in which case nothing is added; otherwise `nil`.
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
