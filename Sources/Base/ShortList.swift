/// The most items of a list that a message has.
private let limit = 4

/// Writes the first few of a list that may be long, and how many more there are.
///
/// - Parameter words: The words in their order.
/// - Returns: Up to four words, or the first three and the number of the others.
public func shortList(_ words: [String]) -> String {
    guard words.count > limit else { return words.joined(separator: ", ") }
    return words.prefix(limit - 1).joined(separator: ", ") + " and \(words.count - limit + 1) more"
}

/// Writes the first few of a list of names in single quotes, and how many more there are.
///
/// - Parameter names: The names in their order.
/// - Returns: Up to four names, as in `'a', 'b' and 'c'`, or the first three and the number of the others.
public func quotedList(_ names: [String]) -> String {
    var items = names.prefix(names.count > limit ? limit - 1 : limit).map { "'\($0)'" }
    if names.count > limit { items.append("\(names.count - items.count) more") }
    let last = items.popLast() ?? ""
    return items.isEmpty ? last : "\(items.joined(separator: ", ")) and \(last)"
}
