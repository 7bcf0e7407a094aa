/// The maximum number of list items in a message.
private let limit = 4

/// Formats up to four words, or the first three and the number of remaining words.
public func shortList(_ words: [String]) -> String {
    guard words.count > limit else { return words.joined(separator: ", ") }
    return words.prefix(limit - 1).joined(separator: ", ") + " and \(words.count - limit + 1) more"
}

/// Formats up to four names, as in `'a', 'b' and 'c'`, or the first three and the number of remaining names.
public func quotedList(_ names: [String]) -> String {
    var items = names.prefix(names.count > limit ? limit - 1 : limit).map { "'\($0)'" }
    if names.count > limit { items.append("\(names.count - items.count) more") }
    let last = items.popLast() ?? ""
    return items.isEmpty ? last : "\(items.joined(separator: ", ")) and \(last)"
}
