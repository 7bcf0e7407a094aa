/// Strings and brackets that are not closed.
extension SyntaxReport {
    /// A string without its second quote: the place is where it begins, the words tell where the file ends.
    var unclosedString: Diagnostic {
        let quote = text.rest(from: problem.contextMark).first.map(String.init) ?? "\""
        return atBeginning(
            "string that begins with \(quote) here is not closed before \(text.endInWords)",
            hint: "close it with \(quote)",
        )
    }

    /// A list or mapping in brackets whose next item is not separated from the last, or that is not closed.
    var unclosedFlow: Diagnostic {
        let expected = problem.problem.dropFirst("did not find expected ".count)
        guard let openFlow, isUnclosed(openFlow) else { return here("expected \(expected), found \(found)") }
        let isEnd = text.isEnd(problem.problemMark)
        let stop = isEnd ? text.endInWords : "\(found) at \(text.place(problem.problemMark))"
        return Diagnostic(
            openFlow.place,
            "'\(openFlow.bracket)' is not closed before \(stop)",
            hint: "close it with '\(openFlow.bracket == "{" ? "}" : "]")'",
        )
    }

    /// Whether the closing bracket is missing: nothing follows, or another line does.
    private func isUnclosed(_ flow: (place: Place, bracket: String)) -> Bool {
        text.isEnd(problem.problemMark) || flow.place.mark?.line != text.place(problem.problemMark).mark?.line
    }

    /// Something stands where a value should.
    var missingValue: Diagnostic {
        if openFlow != nil && text.isEnd(problem.problemMark) { return unclosedFlow }
        return here("expected a value, found \(found)")
    }
}
