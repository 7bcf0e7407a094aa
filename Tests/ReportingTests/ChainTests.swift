import Base
import Reporting
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ChainTests {
    private func nested(_ words: [String]) -> any Error {
        var error: any Error = Plain(words.last ?? "")
        for word in words.dropLast().reversed() { error = Problem(word, cause: error) }
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

    @Test func `a public chain ends with the first problem that has a public message, without hints`() {
        let inner = Problem("MARKER", hint: "MARKER", cause: Plain("MARKER"), publicMessage: "it failed")
        #expect(publicChain(Problem("task 'a'", hint: "MARKER", cause: inner)) == "task 'a': it failed")
        #expect(publicChain(Problem("cannot read", hint: "type this")) == "cannot read; type this")
        #expect(publicChain(Problems([inner, Problem("other")])) == "it failed (and 1 more)")
    }

    @Test func `a chain without end is cut`() {
        #expect(chain(nested((1...100).map { "cause \($0)" })).hasSuffix("cause 16"))
    }

    @Test func `diagnostics are as many problems, each with its location`() {
        let diagnostics = Problems([
            Problem(
                "unknown key 'tsak'",
                at: SourceLocation(file: "b.yaml", position: SourceLocation.Position(line: 3, column: 5)),
                hint: "did you mean 'task'?"
            ),
            Problem("is empty", at: SourceLocation(file: "a.yaml")),
        ])
        let lines = problems(of: Problem("cannot plan", cause: diagnostics)).map(\.description)
        #expect(
            lines == [
                "a.yaml: cannot plan: is empty", "b.yaml:3:5: cannot plan: unknown key 'tsak'; did you mean 'task'?",
            ]
        )
        #expect(chain(diagnostics) == "a.yaml: is empty (and 1 more)")
    }

    @Test func `an outer hint is not lost, and an inner one is better`() {
        let cause = Problem("cannot open", cause: Plain("no such file"))
        let known = Problem("cannot link", hint: "make it", cause: cause)
        #expect(problems(of: known).map(\.description) == ["cannot link: cannot open: no such file; make it"])
        #expect(chain(known) == "cannot link: cannot open: no such file; make it")
        let better = Problem("cannot link", hint: "make it", cause: Problem("full", hint: "empty it"))
        #expect(chain(better) == "cannot link: full; empty it")
        let placed = Problem("cannot read", hint: "write it", cause: Problem("is empty", at: SourceLocation(file: "a")))
        #expect(problems(of: placed).map(\.description) == ["a: cannot read: is empty; write it"])
    }

    @Test func `a location that is nowhere is not printed`() {
        #expect(problems(of: Problem("lost", at: SourceLocation(file: ""))).map(\.description) == ["lost"])
    }

    @Test func `what events have reported already is not reported again`() {
        #expect(problems(of: Problems.alreadyReported) == [])
    }
}
