import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct RenderingTests {
    @Test func `the text picture is a tree`() throws {
        let expected = """
            generate-kubeconfig   kubeconfig  Generate the admin kubeconfig
            └─ bootstrap-rbac     apply       Apply the RBAC rules
               └─ calico-crds     apply       Install the Calico CRDs
                  └─ calico-node  apply       (also after bootstrap-rbac)
            calico-ipam           symlink     Link calico-ipam to the calico binary

            """
        #expect(try plan(exampleFile).renderText() == expected)
    }

    @Test func `the tree is folded between words at the width of a terminal`() throws {
        let wide = try plan(exampleFile).renderText(columns: 58)
        #expect(wide.hasPrefix("generate-kubeconfig   kubeconfig  Generate the admin\n│                              "))
        let narrow = try plan(exampleFile).renderText(columns: 40)
        #expect(narrow.contains("\n└─ bootstrap-rbac     apply       Apply the RBAC rules\n"))
        #expect(narrow.contains("  symlink     Link calico-ipam to the\n    "))
        #expect(narrow.hasSuffix("    calico binary\n"))
    }

    @Test func `no description moves the cursor, and what is printed is what is wrapped`() throws {
        let text = #"""
            tasks:
              a: {description: "\e]0;title\a\e[31mred \u202Eabc", exec: {command: ls}}
              b: {after: [a], description: "日本 Kälte über", exec: {command: ls}}
            """#
        let plan = try plan(text)
        #expect(
            plan.renderText() == #"""
                a     exec  \x1b]0;title\x07red \u{202e}abc
                └─ b  exec  日本 Kälte über

                """#
        )
        #expect(
            plan.renderText(columns: 36) == #"""
                a     exec  \x1b]0;title\x07red
                │           \u{202e}abc
                └─ b  exec  日本 Kälte über

                """#
        )
        let pictures = [plan.renderDOT(), plan.renderMermaid()]
        #expect(pictures.allSatisfy { !$0.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" } })
    }

    @Test func `the JSON picture has every task with what it runs after`() throws {
        let text = """
            tasks:
              a: {after: [x.service], timeout: 90s, exec: {command: ls}}
              b: {after: [a], description: The "link", symlink: {path: /l, target: t}}
            """
        let expected =
            #"{"version":1,"role":"control-plane","roles":["control-plane"],"tasks":["#
            + #"{"task":"a","verb":"exec","after":[],"units":["x.service"],"timeout":"1m30s"},"#
            + #"{"task":"b","verb":"symlink","description":"The \"link\"","after":["a"],"units":[],"timeout":"10m"}]}"#
        #expect(try plan(text).renderJSON() == expected + "\n")
    }

    @Test func `an empty plan has pictures`() {
        let plan = Plan(steps: [])
        #expect(plan.renderJSON() == #"{"version":1,"roles":[],"tasks":[]}"# + "\n")
        #expect(plan.renderText() == "")
        #expect(plan.renderMermaid() == "flowchart LR\n")
    }

    private static let pictureFile = """
        tasks:
          a: {exec: {command: ls}}
          b: {after: [a], description: Make the link of a, symlink: {path: /l, target: t}}
          c: {after: [a, b], exec: {command: ls}}
        """

    @Test func `pictures have the verb of each task`() throws {
        let plan = try plan(Self.pictureFile)
        let expected = """
            digraph plan {
              rankdir=LR;
              node [shape=box];
              "a" [label="a\\nexec"];
              "b" [label="b\\nsymlink"];
              "c" [label="c\\nexec"];
              "a" -> "b";
              "a" -> "c";
              "b" -> "c";
            }

            """
        #expect(plan.renderDOT() == expected)
        let mermaid = plan.renderMermaid()
        #expect(mermaid.hasPrefix("flowchart LR\n  t0[\"a<br/>exec\"]\n"))
        #expect(mermaid.hasSuffix("  t0 --> t1\n  t0 --> t2\n  t1 --> t2\n"))
        #expect(plan.renderJSON().contains(#""description":"Make the link of a","after":["a"]"#))
    }
}
