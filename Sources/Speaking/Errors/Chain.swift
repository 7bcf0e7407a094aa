import YAML

/// Puts an error and all that led to it into one line.
///
/// - Parameter error: The error; see ``Caused``.
/// - Returns: The descriptions from the outside in, none of them repeating what another says already.
public func chain(_ error: any Error) -> String {
    printable(joined(causes(of: error).map(words)))
}

/// Lists the lines that tell of an error.
///
/// - Parameter error: The error; see ``Explained``, ``Hinted`` and ``Caused``.
/// - Returns: One problem for most errors, each of its problems for an error that has several, and none for one whose
///   problems were told already.
public func problems(of error: any Error) -> [Problem] {
    let causes = causes(of: error)
    guard let index = causes.firstIndex(where: { $0 is any Explained }) else {
        let last = causes.last as? any Hinted
        return [Problem(joined(causes.map(bareWords)), hint: last?.hint)]
    }
    let outer = causes[..<index].map(bareWords)
    let inner = (causes[index] as? any Explained)?.problems ?? []
    return inner.map { diagnostic in
        var problem = Problem(diagnostic)
        problem.message = joined(outer + [problem.message])
        return problem
    }
}

/// The error, what led to it, what led to that, and so on.
private func causes(of error: any Error) -> [any Error] {
    var causes = [error]
    // An error that is its own cause must not hold anybody up.
    while causes.count < 16, let cause = (causes.last as? any Caused)?.cause { causes.append(cause) }
    return causes
}

/// What an error says about itself alone.
private func words(_ error: any Error) -> String {
    guard let explained = error as? any Explained else { return String(describing: error) }
    let problems = explained.problems.map { Problem($0).description }
    guard let first = problems.first else { return String(describing: error) }
    return problems.count == 1 ? first : "\(first) (and \(problems.count - 1) more)"
}

/// The same without what to do, which is told apart.
private func bareWords(_ error: any Error) -> String {
    (error as? any Hinted)?.message ?? words(error)
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
