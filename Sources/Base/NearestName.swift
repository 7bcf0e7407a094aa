/// Returns the valid name that is most similar to a misspelled name, or `nil` if all are too different.
///
/// Case is ignored, and names that differ only in separators count as equal. A replaced character counts more than a
/// missing, added or swapped one. With more than one error, or a replaced character in a short name, the first
/// characters must be equal. Of several equally similar names, the first one is returned.
public func nearestName(to name: String, in names: some Sequence<String>) -> String? {
    let written = ComparedName(name)
    var nearest: (name: String, cost: Int)?
    for candidate in names {
        let best = nearest.map { $0.cost - 1 } ?? .max
        guard let cost = written.cost(of: ComparedName(candidate), limit: best) else { continue }
        nearest = (candidate, cost)
    }
    return nearest?.name
}

/// A name, normalised for comparison.
private struct ComparedName {
    /// The first 64 characters in lower case, without leading dashes.
    let characters: [Unicode.Scalar]

    /// The characters without separators.
    private let folded: [Unicode.Scalar]

    init(_ name: String) {
        let name = name.lowercased()
        characters = Array(name.drop { $0 == "-" }.unicodeScalars.prefix(comparedLength))
        folded = characters.filter { !"-_. ".unicodeScalars.contains($0) }
    }

    /// Returns the edit cost between two names, or `nil` if it exceeds the limit or the names are too different.
    func cost(of other: Self, limit: Int) -> Int? {
        let length = max(characters.count, other.characters.count)
        guard !folded.isEmpty, folded != other.folded else { return folded.isEmpty || limit < 0 ? nil : 0 }
        guard length > 2 else { return nil }
        // About a third of the characters may be missing or added, at most four; fewer may be replaced.
        let allowed = min(limit, min(8, max(3, 2 * length / 3)))
        guard abs(characters.count - other.characters.count) * missingCost <= allowed else { return nil }
        let cost = editCost(characters, other.characters)
        let isOneMistake = cost <= (length > 5 ? replacedCost : missingCost)
        return cost <= allowed && (isOneMistake || characters.first == other.characters.first) ? cost : nil
    }
}

/// Returns the name that begins with a typed word if there is exactly one, otherwise the most similar name, if any.
public func nameMeant(by word: String, in names: some Collection<String>) -> String? {
    let beginning = word.lowercased()
    let longer = Set(beginning.isEmpty ? [] : names.filter { $0.lowercased().hasPrefix(beginning) })
    guard longer.count == 1 else { return nearestName(to: word, in: names) }
    return longer.first
}

private let comparedLength = 64

/// The cost of a character that is missing, added, or swapped with its neighbour.
private let missingCost = 2

/// The cost of a character that is replaced by another one.
private let replacedCost = 3

/// Returns the restricted Damerau-Levenshtein distance with these costs.
private func editCost(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var previous: [Int] = []
    var current = (0...right.count).map { $0 * missingCost }
    for row in left.indices {
        let beforePrevious = previous
        previous = current
        current[0] = (row + 1) * missingCost
        for column in right.indices {
            let replaced = previous[column] + (left[row] == right[column] ? 0 : replacedCost)
            current[column + 1] = min(replaced, min(previous[column + 1], current[column]) + missingCost)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                current[column + 1] = min(current[column + 1], beforePrevious[column - 1] + missingCost)
            }
        }
    }
    return current[right.count]
}
