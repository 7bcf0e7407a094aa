import Host
import YAML

/// Puts an error and all that led to it into one line.
///
/// - Parameter error: The error; see ``Caused``.
/// - Returns: The messages from the outside in, none of them repeating what another says already, then what to do.
public func chain(_ error: any Error) -> String {
    let causes = causes(of: error)
    return Problem(joined(causes.map(words)), hint: hint(of: causes)).description
}

/// Lists the lines that tell of an error.
///
/// - Parameter error: The error; see ``Explained``, ``Hinted`` and ``Caused``.
/// - Returns: One problem for most errors, each of its problems for an error that has several, and none for one whose
///   problems were told already.
public func problems(of error: any Error) -> [Problem] {
    let causes = causes(of: error)
    guard let index = causes.firstIndex(where: { $0 is any Explained }) else {
        return [Problem(joined(causes.map(words)), hint: hint(of: causes))]
    }
    let outer = causes[..<index]
    let inner = (causes[index] as? any Explained)?.problems ?? []
    return inner.map { diagnostic in
        var problem = Problem(diagnostic)
        problem.message = joined(outer.map(words) + [problem.message])
        problem.hint = problem.hint ?? hint(of: outer)
        return problem
    }
}

/// What the journal is told of an error besides the words: the system's number, and where to read on.
func journalFields(of error: any Error) -> [(String, String)] {
    let causes = causes(of: error)
    let number = causes.lazy.compactMap { ($0 as? SystemError)?.code }.first { $0 > 0 }
    let address = causes.lazy.compactMap { ($0 as? any Documented)?.documentation }.first
    return (number.map { [("ERRNO", String($0))] } ?? []) + (address.map { [("DOCUMENTATION", $0)] } ?? [])
}

/// The error, what led to it, what led to that, and so on.
private func causes(of error: any Error) -> [any Error] {
    var causes = [error]
    // An error that is its own cause must not hold anybody up.
    while causes.count < 16, let cause = (causes.last as? any Caused)?.cause { causes.append(cause) }
    return causes
}

/// What to do, by the error that is nearest to the first cause and knows it.
private func hint(of causes: some BidirectionalCollection<any Error>) -> String? {
    causes.reversed().lazy.compactMap { ($0 as? any Hinted)?.hint }.first
}

/// What an error says about itself alone, without what to do.
private func words(_ error: any Error) -> String {
    if let hinted = error as? any Hinted { return hinted.message }
    guard let explained = error as? any Explained, let first = explained.problems.first else {
        return String(describing: error)
    }
    let rest = explained.problems.count - 1
    return "\(Problem(first))" + (rest > 0 ? " (and \(rest) more)" : "")
}

/// Joins descriptions from the outside in, leaving out each that says nothing new.
func joined(_ descriptions: [String]) -> String {
    var parts: [String] = []
    for description in descriptions.map(withoutFullStop) where !description.isEmpty {
        if parts.contains(where: { $0.mentions(description) }) { continue }
        // What the next one repeats of the last is said once, in the fuller words.
        if let last = parts.last, description.mentions(last) { parts.removeLast() }
        parts.append(description)
    }
    return parts.joined(separator: ": ")
}

private func withoutFullStop(_ text: String) -> String {
    var text = text[...]
    while let last = text.last, last == "." && !text.hasSuffix("..") || last.isWhitespace { text.removeLast() }
    return String(text.drop(while: \.isWhitespace))
}

extension String {
    /// Whether a phrase stands in the text as words of its own, not inside other words.
    fileprivate func mentions(_ phrase: String) -> Bool {
        var rest = self[...]
        while let range = rest.firstRange(of: phrase) {
            let before = range.lowerBound == startIndex ? nil : self[index(before: range.lowerBound)]
            let after = range.upperBound == endIndex ? nil : self[range.upperBound]
            if !isPartOfWord(before), !isPartOfWord(after) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}

private func isPartOfWord(_ character: Character?) -> Bool {
    guard let character else { return false }
    return character.isLetter || character.isNumber
}
