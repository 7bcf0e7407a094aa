import Speaking
import Testing
import YAML

private struct Outer: Caused, CustomStringConvertible {
    let description: String
    let cause: (any Error)?
}

private struct Advice: Hinted {
    let message: String
    let hint: String?
}

private struct Action: Caused, Hinted {
    let message: String
    let hint: String?
    let cause: (any Error)?
}

private struct AlreadyTold: Explained {
    let problems: [Diagnostic] = []
}

@Suite(.timeLimit(.minutes(3)))
struct ChainTests {
    private func nested(_ words: [String]) -> any Error {
        var error: any Error = Plain(words.last ?? "")
        for word in words.dropLast().reversed() { error = Outer(description: word, cause: error) }
        return error
    }

    @Test(arguments: [
        (["cannot read '/x'"], "cannot read '/x'"),
        (
            ["task 'rbac' failed", "cannot apply ClusterRole/edit", "server answered 409"],
            "task 'rbac' failed: cannot apply ClusterRole/edit: server answered 409"
        ),
        // The outer one says it already.
        (["cannot read '/x': No such file", "No such file"], "cannot read '/x': No such file"),
        // The inner one says it better.
        (["cannot read", "cannot read '/x': No such file"], "cannot read '/x': No such file"),
        (["same", "same", "same"], "same"),
        // A part of a word is no repetition.
        (["cannot read 'forest'", "rest"], "cannot read 'forest': rest"),
        (["It failed.", "timed out.\n"], "It failed: timed out"),
        (["a", ""], "a"),
        (["one\ntwo", "\u{1b}[2J"], "one\\ntwo: \\x1b[2J"),
    ])
    func `a chain is one line that repeats nothing`(words: [String], expected: String) {
        #expect(chain(nested(words)) == expected)
    }

    @Test func `a chain without end is cut`() {
        #expect(chain(nested((1...100).map { "cause \($0)" })).hasSuffix("cause 16"))
    }

    @Test func `diagnostics are as many problems, each with its place`() {
        let diagnostics = Diagnostics([
            Diagnostic(
                Place(file: "b.yaml", mark: Mark(line: 3, column: 5)),
                "unknown key 'tsak'",
                hint: "did you mean 'task'?"
            ),
            Diagnostic(Place(file: "a.yaml"), "is empty"),
        ])
        let lines = problems(of: Outer(description: "cannot plan", cause: diagnostics)).map(\.description)
        #expect(
            lines == [
                "a.yaml: cannot plan: is empty", "b.yaml:3:5: cannot plan: unknown key 'tsak'; did you mean 'task'?",
            ]
        )
        #expect(chain(diagnostics) == "a.yaml: is empty (and 1 more)")
    }

    @Test func `a hint stays apart from the message`() {
        let error = Outer(description: "cannot start", cause: Advice(message: "no server", hint: "start it"))
        #expect(problems(of: error) == [Problem("cannot start: no server", hint: "start it")])
    }

    @Test func `an outer hint is not lost, and an inner one is better`() {
        let cause = Action(message: "cannot open", hint: nil, cause: Plain("no such file"))
        let known = Action(message: "cannot link", hint: "make it", cause: cause)
        #expect(problems(of: known).map(\.description) == ["cannot link: cannot open: no such file; make it"])
        #expect(chain(known) == "cannot link: cannot open: no such file; make it")
        let better = Action(message: "cannot link", hint: "make it", cause: Advice(message: "full", hint: "empty it"))
        #expect(chain(better) == "cannot link: full; empty it")
        let placed = Action(message: "cannot read", hint: "write it", cause: Diagnostic(Place(file: "a"), "is empty"))
        #expect(problems(of: placed).map(\.description) == ["a: cannot read: is empty; write it"])
    }

    @Test func `a place that is nowhere is not printed`() {
        #expect(problems(of: Diagnostic(Place(file: ""), "lost")).map(\.description) == ["lost"])
    }

    @Test func `what events told already is not told again`() {
        #expect(problems(of: AlreadyTold()) == [])
    }
}
