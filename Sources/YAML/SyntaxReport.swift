import Base

/// Translates an error of libyaml to a problem with a correction.
///
/// libyaml reports where it stopped; the mistake is often earlier, so the text is examined again.
struct SyntaxReport {
    let problem: SyntaxProblem
    let text: SourceText

    /// The innermost collection in brackets that was open.
    let openFlow: (location: SourceLocation, bracket: String)?

    /// The last scalar before the location at which libyaml stopped.
    let lastScalar: EventSpan?

    /// Whether the error is after the document.
    let isBehindDocument: Bool

    /// The problem with its location.
    var diagnostic: Problem {
        if let offset = problem.byteOffset { return unreadableByte(at: offset) }
        switch problem.problem {
        case "found unexpected end of stream", "found unexpected document indicator": return unclosedString
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'": return unclosedFlow
        case "did not find expected node content": return missingValue
        case "mapping values are not allowed in this context": return unexpectedColon
        case "did not find expected key": return wrongIndentation(expected: "a key")
        case "did not find expected '-' indicator": return wrongIndentation(expected: "'-'")
        case "could not find expected ':'": return missingColon(at: problem.contextMark)
        case "found character that cannot start any token": return wrongFirstCharacter
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return tab
        case "found unknown escape character": return unknownEscape
        case "found invalid Unicode character escape code": return halfCharacter
        case "found unexpected ':'":
            return here("expected a space after ':'", hint: "write ': ' if this is a key without a value, or quote it")
        case "block sequence entries are not allowed in this context": return listBehindKey
        case "did not find expected <document start>": return missingMarker
        case "did not find expected alphabetic or numeric character": return wrongName
        default: return general
        }
    }

    /// A problem at the location where libyaml stopped.
    func here(_ message: String, hint: String? = nil) -> Problem {
        Problem(message, at: text.location(problem.problemMark), hint: hint)
    }

    /// A problem at the beginning of the construct that libyaml was reading.
    func atBeginning(_ message: String, hint: String? = nil) -> Problem {
        Problem(message, at: text.location(problem.contextMark), hint: hint)
    }

    /// The character at which libyaml stopped, for messages.
    var found: String {
        let rest = text.rest(from: problem.problemMark)
        guard let first = rest.first else {
            return text.isEnd(problem.problemMark) ? text.endInWords : "the end of the line"
        }
        return first == "\t" ? "a tab" : "'\(first)'"
    }

    /// libyaml's text, for rare errors.
    private var general: Problem {
        let notExpected = "did not find expected "
        let words = problem.problem
        let message = words.hasPrefix(notExpected) ? "expected \(words.dropFirst(notExpected.count))" : words
        return here(problem.context.isEmpty ? message : "\(message) \(problem.context)")
    }
}
