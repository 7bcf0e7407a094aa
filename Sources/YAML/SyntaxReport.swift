/// libyaml's complaint about a text, in words that tell its author what to change.
///
/// libyaml tells where it stopped; the place that is wrong is often before that, so the text is looked at once more.
struct SyntaxReport {
    let problem: SyntaxProblem
    let text: SourceText

    /// The innermost collection in brackets that was open.
    let openFlow: (place: Place, bracket: String)?

    /// The last scalar before the place at which libyaml stopped.
    let lastScalar: EventSpan?

    /// Whether the document had begun, so that only its end can be wrong.
    let isBehindDocument: Bool

    /// The place and the words for the problem.
    var diagnostic: Diagnostic {
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
            return here("expected a space behind ':'", hint: "write ': ' if this is a key without a value, or quote it")
        case "block sequence entries are not allowed in this context": return listBehindKey
        case "did not find expected <document start>": return missingMarker
        case "did not find expected alphabetic or numeric character": return wrongName
        default: return general
        }
    }

    /// A diagnostic where libyaml stopped.
    func here(_ message: String, hint: String? = nil) -> Diagnostic {
        Diagnostic(text.place(problem.problemMark), message, hint: hint)
    }

    /// A diagnostic where that began at whose end libyaml stopped.
    func atBeginning(_ message: String, hint: String? = nil) -> Diagnostic {
        Diagnostic(text.place(problem.contextMark), message, hint: hint)
    }

    /// The character at which libyaml stopped, in words.
    var found: String {
        let rest = text.rest(from: problem.problemMark)
        guard let first = rest.first else {
            return text.isEnd(problem.problemMark) ? text.endInWords : "the end of the line"
        }
        return first == "\t" ? "a tab" : "'\(first)'"
    }

    /// libyaml's own words, for what is too rare for better ones.
    private var general: Diagnostic {
        let notExpected = "did not find expected "
        let words = problem.problem
        let message = words.hasPrefix(notExpected) ? "expected \(words.dropFirst(notExpected.count))" : words
        return here(problem.context.isEmpty ? message : "\(message) \(problem.context)")
    }
}
