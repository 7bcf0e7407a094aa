/// Writes the first few of a list that may be long, and how many more there are.
///
/// - Parameter words: The words in their order.
/// - Returns: Up to four words, or the first three and the number of the others.
public func shortList(_ words: [String]) -> String {
    let limit = 4
    guard words.count > limit else { return words.joined(separator: ", ") }
    return words.prefix(limit - 1).joined(separator: ", ") + " and \(words.count - limit + 1) more"
}
