public import Base
import Host

/// Formats an error with its causes as one line.
///
/// - Parameter error: The error; the causes of a ``Base/Problem`` are followed.
/// - Returns: The messages from the outside in, none of them repeating what another says already, then the hint.
public func chain(_ error: any Error) -> String {
    problem(of: causes(of: error)).line
}

/// Formats an error as one line that every user of the node may read.
///
/// - Parameter error: The error.
/// - Returns: What ``chain(_:)`` returns, but with the public messages of problems that have one, and then without hints.
public func publicChain(_ error: any Error) -> String {
    let causes = causes(of: error)
    guard let list = causes.lazy.compactMap({ $0 as? any ProblemList }).first else {
        return problem(of: publicCauses(causes)).line
    }
    guard let first = list.problems.first else { return "" }
    let rest = list.problems.count - 1
    return publicLine(first) + (rest > 0 ? " (and \(rest) more)" : "")
}

/// Formats the failure of an object as one line that every user of the node may read.
func publicChain(_ error: any Error, of object: String) -> String {
    let text = publicChain(error)
    let namesObject = (error as? any ProblemList)?.namesObjects == true
    return namesObject || text.isEmpty || object.isEmpty ? text : "\(printable(object)): \(text)"
}

/// Formats the problems of an error as lines that every user of the node may read.
///
/// - Parameter error: The error.
/// - Returns: A line for each of the problems that ``problems(of:)`` lists.
public func publicLines(of error: any Error) -> [String] {
    let list = causes(of: error).lazy.compactMap { $0 as? any ProblemList }.first
    return list.map { $0.problems.map(publicLine) } ?? [publicChain(error)]
}

/// Formats a problem as one line that every user of the node may read.
private func publicLine(_ problem: Problem) -> String {
    Reporting.problem(of: publicCauses(causes(of: problem))).line
}

/// The causes as every user may see them: after a problem with a public message nothing follows, and hints are left out.
private func publicCauses(_ causes: [any Error]) -> [any Error] {
    guard let index = causes.firstIndex(where: { ($0 as? Problem)?.publicMessage != nil }) else { return causes }
    return causes[...index].map { cause in
        guard let problem = cause as? Problem else { return cause }
        return Problem(problem.publicMessage ?? problem.message, at: problem.location)
    }
}

/// Lists the problems of an error.
///
/// - Parameter error: The error; see ``ProblemList``.
/// - Returns: One problem for most errors, each of its problems for an error that has several, and none for one whose
///   problems were reported already.
public func problems(of error: any Error) -> [Problem] {
    problems(of: error) { $0.problems }
}

/// Lists the problems of an error for programs; see ``ProblemList/individualProblems``.
func individualProblems(of error: any Error) -> [Problem] {
    problems(of: error) { $0.individualProblems }
}

private func problems(of error: any Error, _ list: (any ProblemList) -> [Problem]) -> [Problem] {
    let causes = causes(of: error)
    guard let index = causes.firstIndex(where: { $0 is any ProblemList }) else {
        return [problem(of: causes)]
    }
    let outer = causes[..<index]
    let inner = (causes[index] as? any ProblemList).map(list) ?? []
    return inner.map { problem in
        var problem = problem
        problem.message = joined(outer.map(text) + [problem.message])
        problem.hint = problem.hint ?? hint(of: outer)
        return problem
    }
}

/// The fields of the journal for an error: the system's number, and the address of its documentation.
func journalFields(of error: any Error) -> [(String, String)] {
    let causes = causes(of: error)
    let number = causes.lazy.compactMap { ($0 as? SystemError)?.code }.first { $0 > 0 }
    let address = causes.lazy.compactMap { ($0 as? any ProblemList)?.documentation }.first
    return (number.map { [("ERRNO", String($0))] } ?? []) + (address.map { [("DOCUMENTATION", $0)] } ?? [])
}

/// The error, its cause, the cause of that, and so on.
private func causes(of error: any Error) -> [any Error] {
    var causes = [error]
    // A limit, as an error may be its own cause.
    while causes.count < 16, let cause = (causes.last as? Problem)?.cause { causes.append(cause) }
    return causes
}

/// Joins an error and its causes to one problem, at the first location that one of them has.
private func problem(of causes: [any Error]) -> Problem {
    let index = causes.firstIndex { ($0 as? Problem)?.location != nil }
    let located = index.flatMap { causes[$0] as? Problem }
    let parts = causes.indices.map { $0 == index ? located?.message ?? "" : text(causes[$0]) }
    return Problem(joined(parts), at: located?.location, hint: hint(of: causes))
}

/// The hint of the error that is nearest to the first cause and has one.
private func hint(of causes: some BidirectionalCollection<any Error>) -> String? {
    causes.reversed().lazy.compactMap { ($0 as? Problem)?.hint ?? ($0 as? SystemError)?.advice }.first
}

/// The text of one error alone, without its hint.
private func text(_ error: any Error) -> String {
    if let problem = error as? Problem {
        return problem.location.map { "\($0): \(problem.message)" } ?? problem.message
    }
    guard let list = error as? any ProblemList, let first = list.problems.first else {
        return String(describing: error)
    }
    let rest = list.problems.count - 1
    return first.line + (rest > 0 ? " (and \(rest) more)" : "")
}

/// Joins texts from the outside in, leaving out each that says nothing new.
func joined(_ descriptions: [String]) -> String {
    var parts: [String] = []
    for description in descriptions.map(withoutFullStop) where !description.isEmpty {
        if parts.contains(where: { $0.mentions(description) }) { continue }
        // A text that contains the last one replaces it.
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
    /// Whether the text contains a phrase as words of its own, not inside other words.
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
    /// The printed line, without control characters.
    var line: String { printable(description) }
}

/// An error that consists of several problems.
public protocol ProblemList: Error {
    /// The problems in the order in which they are printed; none if events have reported them all.
    var problems: [Problem] { get }

    /// The problems for programs, which get those of every object; the same unless others are printed with them.
    var individualProblems: [Problem] { get }

    /// Whether the problems name their objects, so that no object is named before them.
    var namesObjects: Bool { get }

    /// The address of documentation about such errors, if there is any.
    var documentation: String? { get }
}

/// Defaults for most errors.
extension ProblemList {
    /// The problems that are printed.
    public var individualProblems: [Problem] { problems }

    /// They do not.
    public var namesObjects: Bool { false }

    /// None.
    public var documentation: String? { nil }
}

/// Problems of files are printed one by one.
extension Problems: ProblemList {
    /// Every problem.
    public var problems: [Problem] { all }
}
