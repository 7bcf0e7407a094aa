/// libyaml's complaint about a text in words that help its author.
struct SyntaxReport {
    let part: DocumentText
    let problem: SyntaxProblem
    let openFlow: (place: Place, bracket: String)?
    let lastScalar: EventSpan?

    init(
        _ part: DocumentText,
        problem: SyntaxProblem,
        openFlow: (place: Place, bracket: String)?,
        lastScalar: EventSpan?,
    ) {
        self.part = part
        self.problem = problem
        self.openFlow = openFlow
        self.lastScalar = lastScalar
    }

    var diagnostic: Diagnostic {
        Diagnostic(Place(file: part.file, mark: Mark(line: part.line + problem.problemMark.line, column: problem.problemMark.column + 1)), problem.problem)
    }
}
