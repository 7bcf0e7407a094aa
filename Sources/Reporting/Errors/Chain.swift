public import Base
import Host

/// Formats an error and its causes as one line, the outermost first, followed by the hint if there is one.
///
/// A text is left out if it is part of an earlier text or of the next one.
public func chain(_ error: any Error) -> String {
    problem(of: causes(of: error)).line
}

/// Formats an error as one line that every user of the node may read.
///
/// If the error or one of its causes has a public message, deeper causes and all hints are left out.
public func publicChain(_ error: any Error) -> String {
    let list = causes(of: error).lazy.compactMap { $0 as? Problems }.first
    return list.map { firstLine($0.all.map(publicLine)) } ?? publicLine(error)
}

/// Formats one error, not a list of problems, as a line that every user may read.
private func publicLine(_ error: any Error) -> String { problem(of: publicCauses(causes(of: error))).line }

/// Returns the first line with the number of further lines, if any, or an empty string if there are no lines.
private func firstLine(_ lines: [String]) -> String {
    guard let first = lines.first else { return "" }
    return first + (lines.count > 1 ? " (and \(lines.count - 1) more)" : "")
}

/// Returns the causes that every user may see; the first public message ends the list and removes all hints.
private func publicCauses(_ causes: [any Error]) -> [any Error] {
    guard let index = causes.firstIndex(where: { ($0 as? Problem)?.publicMessage != nil }) else { return causes }
    return causes[...index].map { cause in
        guard let problem = cause as? Problem else { return cause }
        // The location of a failed command is useless without its command line, which is not public.
        let location = problem.publicMessage != nil && problem.mayPass ? nil : problem.location
        return Problem(problem.publicMessage ?? problem.message, at: location)
    }
}

/// Returns the problems of an error.
///
/// Each element of ``Base/Problems`` is a separate problem, so ``Base/Problems/alreadyReported`` has none.
public func problems(of error: any Error) -> [Problem] {
    let causes = causes(of: error)
    guard let index = causes.firstIndex(where: { $0 is Problems }), let inner = causes[index] as? Problems else {
        return [problem(of: causes)]
    }
    let outer = causes[..<index]
    return inner.all.map { problem in
        var problem = problem
        if !outer.isEmpty { problem.reason = problem.message }
        problem.message = joined(outer.map(text) + [problem.message])
        problem.hint = problem.hint ?? hint(of: outer)
        return problem
    }
}

/// Returns the journal field `ERRNO` if the error or one of its causes has a system error number.
func journalFields(of error: any Error) -> [(String, String)] {
    let number = causes(of: error).lazy.compactMap { ($0 as? SystemError)?.code }.first { $0 > 0 }
    return number.map { [("ERRNO", String($0))] } ?? []
}

private func causes(of error: any Error) -> [any Error] {
    var causes = [error]
    // Without a limit, deeply nested causes would make the line very long.
    while causes.count < 16, let cause = (causes.last as? Problem)?.cause { causes.append(cause) }
    return causes
}

/// Joins an error and its causes into one problem with the location of the outermost error that has one.
private func problem(of causes: [any Error]) -> Problem {
    let index = causes.firstIndex { ($0 as? Problem)?.location != nil }
    let located = index.flatMap { causes[$0] as? Problem }
    let parts = causes.indices.map { $0 == index ? located?.message ?? "" : text(causes[$0]) }
    var problem = Problem(joined(parts), at: located?.location, hint: hint(of: causes))
    problem.reason = causes.count > 1 ? parts.last : (causes.first as? Problem)?.reason
    return problem
}

/// Returns the hint of a problem or the advice of a system error, from the innermost error that has either.
private func hint(of causes: some BidirectionalCollection<any Error>) -> String? {
    causes.reversed().lazy.compactMap { ($0 as? Problem)?.hint ?? ($0 as? SystemError)?.advice }.first
}

/// Returns the text of one error without its causes.
private func text(_ error: any Error) -> String {
    if let problem = error as? Problem {
        return problem.location.map { "\($0): \(problem.message)" } ?? problem.message
    }
    guard let list = error as? Problems else { return String(describing: error) }
    return firstLine(list.all.map(\.line))
}

/// Joins texts with colons, without empty texts and texts that are part of an earlier text or of the next one.
func joined(_ descriptions: [String]) -> String {
    var parts: [String] = []
    for description in descriptions.map(withoutFullStop) where !description.isEmpty {
        if parts.contains(where: { $0.mentions(description) }) { continue }
        // A text that contains the previous one replaces it.
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
    /// Returns whether the text contains a phrase as whole words.
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

extension Problem {
    /// The description as one line, with control characters escaped.
    var line: String { printable(description) }
}
