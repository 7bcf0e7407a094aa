import Base

/// Strings and brackets that are not closed.
extension SyntaxReport {
    /// A string without its second quote; the location is that of its beginning.
    var unclosedString: Problem {
        let quote = text.rest(from: problem.contextMark).first.map(String.init) ?? "\""
        return atBeginning(
            "string that begins with \(quote) here is not closed before \(text.endInWords)",
            hint: "close it with \(quote)",
        )
    }

    /// A list or mapping in brackets whose next item is not separated from the last, or that is not closed.
    var unclosedFlow: Problem {
        let expected = problem.problem.dropFirst("did not find expected ".count)
        if let variable {
            return here("expected \(expected), found '{'", hint: "put the value with '\(variable)' in quotes")
        }
        guard let openFlow, isUnclosed(openFlow) else { return here("expected \(expected), found \(found)") }
        let isEnd = text.isEnd(problem.problemMark)
        let stop = isEnd ? text.endInWords : "\(found) at \(text.location(problem.problemMark))"
        return Problem(
            "'\(openFlow.bracket)' is not closed before \(stop)",
            at: openFlow.location,
            hint: "close it with '\(openFlow.bracket == "{" ? "}" : "]")'"
        )
    }

    /// A variable such as `${name}` whose bracket begins a mapping, as the text is in brackets itself.
    private var variable: Substring? {
        var mark = problem.problemMark
        guard mark.column > 0 else { return nil }
        mark.column -= 1
        let rest = text.rest(from: mark)
        guard rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") else { return nil }
        return rest[...end]
    }

    /// Whether the closing bracket is missing: nothing follows, or another line does.
    private func isUnclosed(_ flow: (location: SourceLocation, bracket: String)) -> Bool {
        text.isEnd(problem.problemMark)
            || flow.location.position?.line != text.location(problem.problemMark).position?.line
    }

    /// An unexpected character in place of a value.
    var missingValue: Problem {
        if openFlow != nil && text.isEnd(problem.problemMark) { return unclosedFlow }
        return here("expected a value, found \(found)")
    }
}
