import Planning
import Testing

/// Drawings of a plan with the states of its tasks.
@Suite(.timeLimit(.minutes(5))) struct StateRenderingTests {
    private static let file = """
        tasks:
          a: {exec: {command: ls}}
          b: {after: [a], description: Make the link of a, symlink: {path: /l, target: t}}
          c: {after: [a, b], exec: {command: ls}}
        """

    private static let states = ["a": "changed", "b": "failed", "c": "not yet"]

    @Test func `states have a column of their own`() throws {
        let plan = try plan(Self.file)
        #expect(
            plan.renderText(states: Self.states) == """
                a        changed  exec
                └─ b     failed   symlink  Make the link of a
                   └─ c  not yet  exec     (also after a)

                """
        )
        #expect(
            plan.renderText(columns: 51, states: Self.states) == """
                a        changed  exec
                └─ b     failed   symlink  Make the link of a
                   └─ c  not yet  exec     (also after a)

                """
        )
        #expect(
            plan.renderText(columns: 50, states: Self.states) == """
                a: changed
                │  (exec)
                └─ b: failed
                   │  (symlink) Make the link of a
                   └─ c: not yet
                         (exec) (also after a)

                """
        )
    }

    /// A style that shows where it begins and ends.
    private func styled(_ task: String, _ text: String) -> String {
        task == "c" ? text : "\u{1b}[\(task == "b" ? 31 : 32)m\(text)\u{1b}[0m"
    }

    @Test func `the line of a task is not wider because of colours`() throws {
        let plan = try plan(Self.file)
        for columns in [20, 40, 47, 48, 49, 50, 51, 60, 120] {
            let plain = plan.renderText(columns: columns, states: Self.states)
            let coloured = plan.renderText(columns: columns, states: Self.states, style: styled)
            #expect(coloured.replacing(/\u{1b}\[\d*m/, with: "") == plain, "\(columns)")
        }
    }

    @Test func `the dot picture has states in words`() throws {
        let expected = """
            digraph plan {
              rankdir=LR;
              node [shape=box];
              "a" [label="a\\nexec\\nchanged"];
              "b" [label="b\\nsymlink\\nfailed"];
              "c" [label="c\\nexec\\nnot yet"];
              "a" -> "b";
              "a" -> "c";
              "b" -> "c";
            }

            """
        #expect(try plan(Self.file).renderDOT(states: Self.states) == expected)
    }

    @Test func `the mermaid picture has states in words`() throws {
        let expected = """
            flowchart LR
              t0["a<br/>exec<br/>changed"]
              t1["b<br/>symlink<br/>failed"]
              t2["c<br/>exec<br/>not yet"]
              t0 --> t1
              t0 --> t2
              t1 --> t2

            """
        #expect(try plan(Self.file).renderMermaid(states: Self.states) == expected)
    }

    @Test func `the JSON picture has a state for every task`() throws {
        let expected =
            #"{"version":1,"role":"control-plane","roles":["control-plane"],"tasks":["#
            + #"{"task":"a","verb":"exec","state":"changed","after":[],"units":[],"timeout":"10m"},"#
            + #"{"task":"b","verb":"symlink","description":"Make the link of a","state":"failed","after":["a"],"#
            + #""units":[],"timeout":"10m"},"#
            + #"{"task":"c","verb":"exec","state":"not yet","after":["a","b"],"units":[],"timeout":"10m"}]}"#
        #expect(try plan(Self.file).renderJSON(states: Self.states) == expected + "\n")
    }

    @Test func `a task without a state has none in any picture`() throws {
        let plan = try plan(Self.file)
        let states = ["a": "changed"]
        #expect(plan.renderText(states: states).hasPrefix("a        changed  exec\n└─ b              symlink  Make"))
        #expect(plan.renderText(columns: 40, states: states).contains("\n└─ b\n"))
        #expect(plan.renderDOT(states: states).contains("  \"b\" [label=\"b\\nsymlink\"];\n"))
        #expect(plan.renderMermaid(states: states).contains("  t1[\"b<br/>symlink\"]\n"))
        #expect(plan.renderJSON(states: states).contains(#""description":"Make the link of a","after":["a"]"#))
    }
}
