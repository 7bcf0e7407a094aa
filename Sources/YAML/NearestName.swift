/// Finds the name that was most likely meant.
///
/// - Parameters:
///   - name: What was written.
///   - names: What could have been written.
/// - Returns: The nearest of the names, the first of several as near, or `nil` where all are too different.
public func nearestName(to name: String, in names: some Sequence<String>) -> String? {
    let written = Array(name.lowercased().unicodeScalars.prefix(comparedLength))
    var nearest: (name: String, distance: Int)?
    for candidate in names {
        let scalars = Array(candidate.lowercased().unicodeScalars.prefix(comparedLength))
        // A third of the characters may differ; of a name of one or two, none but its case.
        let limit = min(nearest.map { $0.distance - 1 } ?? .max, max(written.count, scalars.count) / 3)
        guard abs(written.count - scalars.count) <= limit else { continue }
        let distance = editDistance(written, scalars)
        if distance <= limit { nearest = (candidate, distance) }
    }
    return nearest?.name
}

private let comparedLength = 64

/// Counts the characters to insert, remove, replace or swap with their neighbour to turn one text into another.
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
