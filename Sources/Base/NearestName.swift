/// Finds the name that is most similar to a misspelled one.
///
/// - Parameters:
///   - name: The misspelled name.
///   - names: The valid names.
/// - Returns: The most similar name, or `nil` if all are too different. Among equally similar names, the first one with
///   the same characters in another order is preferred, then the first of all.
public func nearestName(to name: String, in names: some Sequence<String>) -> String? {
    let written = Array(name.lowercased().unicodeScalars.prefix(comparedLength))
    let characters = written.sorted()
    var nearest: (name: String, distance: Int, isReordered: Bool)?
    for candidate in names {
        let scalars = Array(candidate.lowercased().unicodeScalars.prefix(comparedLength))
        // A third of the characters may differ; in a name of one or two characters, only the case.
        let isReordered = scalars.count == written.count && scalars.sorted() == characters
        let best = nearest.map { isReordered && !$0.isReordered ? $0.distance : $0.distance - 1 }
        let limit = min(best ?? .max, max(written.count, scalars.count) / 3)
        guard abs(written.count - scalars.count) <= limit else { continue }
        let distance = editDistance(written, scalars)
        if distance <= limit { nearest = (candidate, distance, isReordered) }
    }
    return nearest?.name
}

/// Finds the name that a typed word probably means.
///
/// - Parameters:
///   - word: The word, which is not one of the names.
///   - names: The valid names.
/// - Returns: The only name that begins with the word, or the most similar name; `nil` if all are too different.
public func nameMeant(by word: String, in names: some Collection<String>) -> String? {
    let beginning = word.lowercased()
    let longer = Set(beginning.isEmpty ? [] : names.filter { $0.lowercased().hasPrefix(beginning) })
    guard longer.count == 1 else { return nearestName(to: word, in: names) }
    return longer.first
}

private let comparedLength = 64

/// Returns the Damerau-Levenshtein distance: characters to insert, remove, replace or swap with their neighbour.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var previous: [Int] = []
    var current = Array(0...right.count)
    for row in left.indices {
        let beforePrevious = previous
        previous = current
        current[0] = row + 1
        for column in right.indices {
            let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
            current[column + 1] = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                current[column + 1] = min(current[column + 1], beforePrevious[column - 1] + 1)
            }
        }
    }
    return current[right.count]
}
