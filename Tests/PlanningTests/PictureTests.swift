import Base
import Drawing
import Planning
import TestSupport
import Testing

/// The plan as an SVG picture.
@Suite(.timeLimit(.minutes(30))) struct PictureTests {
    private static let file = """
        tasks:
          a: {exec: {command: ls}}
          b: {after: [a], description: "Link <a> & \\"b\\"", symlink: {path: /l, target: t}}
        """

    /// Prints the title, then the tooltip of every box with its texts, then the other texts.
    private static let reader = """
        import sys, xml.etree.ElementTree as tree
        space = "{http://www.w3.org/2000/svg}"
        root = tree.fromstring(sys.stdin.buffer.read())
        assert root.tag == space + "svg" and root.find(space + "desc").text
        names = {element.tag.replace(space, "") for element in root.iter()}
        assert names <= {"svg", "title", "desc", "style", "g", "rect", "path", "text"}, names
        assert all("url(" not in value and "://" not in value for element in root.iter() for value in element.attrib.values())
        print(root.find(space + "title").text)
        inside = set()
        for box in root.iter(space + "g"):
            if not box.findall(space + "title"): continue
            texts = box.findall(space + "text")
            inside |= set(texts)
            print(repr(box.find(space + "title").text), *[text.text for text in texts], sep=" | ")
        for text in root.iter(space + "text"):
            if text not in inside: print("-", text.text)
        """

    /// What a parser of XML finds in a picture.
    private func texts(_ picture: String) async throws -> [String] {
        let result = try await Tool.run("python3", ["-c", Self.reader], input: picture)
        try #require(result.status == 0, "\(result.errors)")
        return result.outputLines
    }

    @Test func `a picture has boxes and arrows`() throws {
        let picture = try plan(Self.file).renderSVG()
        let first =
            #"<svg xmlns="http://www.w3.org/2000/svg" width="404" height="172" viewBox="0 0 404 172" role="img" "#
            + #"aria-labelledby="title description">"#
        #expect(picture.split(separator: "\n").first ?? "" == first)
        let content = try #require(picture.ranges(of: "</style>\n").first).upperBound
        #expect(
            picture[content...] == """
                  <rect class="fill-page" width="100%" height="100%"/>
                  <text class="strong fill-text" x="24" y="36">Plan of role control-plane</text>
                  <text class="fill-muted" x="24" y="56">2 tasks</text>
                  <g transform="translate(24 78)">
                    <g class="stroke-muted" fill="none" stroke-width="1.2">
                      <path d="M51 23H95"/>
                    </g>
                    <g class="fill-muted">
                      <path d="M95 23l-7 -3.5v7z"/>
                    </g>
                    <g>
                      <title>a
                exec</title>
                      <rect class="fill-panel stroke-line" x="0" y="0" width="51" height="46" rx="6"/>
                      <text class="code fill-text" x="12" y="20">a</text>
                      <text class="small fill-muted" x="12" y="37">exec</text>
                    </g>
                    <g>
                      <title>b: Link &lt;a&gt; &amp; &quot;b&quot;
                symlink
                after a</title>
                      <rect class="fill-panel stroke-line" x="95" y="0" width="71" height="46" rx="6"/>
                      <text class="code fill-text" x="107" y="20">b</text>
                      <text class="small fill-muted" x="107" y="37">symlink</text>
                    </g>
                  </g>
                  <text class="small fill-muted" x="24" y="152">An arrow leads from a task to one that runs after it.</text>
                </svg>

                """
        )
    }

    @Test func `a state is a word beside a bar in its colour`() throws {
        let picture = try plan(Self.file).renderSVG(states: ["a": DrawnState("changed", .succeeded)])
        #expect(
            picture.contains(
                """
                      <rect class="fill-panel stroke-succeeded" x="0" y="0" width="118" height="46" rx="6"/>
                      <rect class="fill-succeeded" x="5" y="6" width="4" height="34" rx="2"/>
                      <text class="code fill-text" x="18" y="20">a</text>
                      <text class="small fill-muted" x="18" y="37">exec</text>
                      <text class="small end strong fill-text" x="106" y="37">changed</text>

                """
            )
        )
        #expect(picture.contains(#"<rect class="fill-panel stroke-line" x="162" y="0" "#))
    }

    @Test func `lines are curves between columns and straight in them`() throws {
        let four = """
            tasks:
              a: {exec: {command: ls}}
              b: {after: [a], exec: {command: ls}}
              c: {after: [b], exec: {command: ls}}
              d: {after: [c, e], exec: {command: ls}}
              e: {after: [a], exec: {command: ls}}
            """
        let picture = try plan(four).renderSVG()
        let lines = picture.split(separator: "\n").filter { $0.contains("<path d=\"M") && !$0.contains("l-7") }
        #expect(
            lines.map { $0.drop { $0 == " " } } == [
                #"<path d="M51 54C75.5 54 75.5 23 100 23"/>"#,
                #"<path d="M151 23H195"/>"#,
                #"<path d="M51 54C75.5 54 75.5 85 100 85"/>"#,
                #"<path d="M246 23C270.5 23 270.5 54 295 54"/>"#,
                #"<path d="M151 85H246C270.5 85 270.5 54 295 54"/>"#,
            ]
        )
    }

    @Test func `a picture has everything in words`() async throws {
        let states = ["a": DrawnState("changed", .succeeded), "b": DrawnState("running", .running)]
        let picture = try plan(Self.file).renderSVG(states: states)
        #expect(
            try await texts(picture) == [
                "Plan of role control-plane",
                "'a\\nexec, changed' | a | exec | changed",
                #"'b: Link <a> & "b"\nsymlink, running\nafter a' | b | symlink | running"#,
                "- Plan of role control-plane",
                "- 2 tasks: 1 changed, 1 running",
                "- An arrow leads from a task to one that runs after it.",
            ]
        )
        let description =
            "<desc id=\"description\">Plan of role control-plane. 2 tasks: 1 changed, 1 running. "
            + "a: exec, changed. b: symlink, running, after a.</desc>"
        #expect(picture.contains(description))
    }

    @Test func `states are not shown unless they are given`() async throws {
        let picture = try plan(Self.file).renderSVG()
        #expect(
            try await texts(picture).dropFirst() == [
                "'a\\nexec' | a | exec", #"'b: Link <a> & "b"\nsymlink\nafter a' | b | symlink"#,
                "- Plan of role control-plane", "- 2 tasks",
                "- An arrow leads from a task to one that runs after it.",
            ]
        )
    }

    @Test func `a dependency that follows from others has no arrow`() async throws {
        let three = try plan("\(Self.file)\n  c: {after: [a, b], exec: {command: ls}}\n").renderSVG()
        #expect(try await texts(three).last == "- 1 dependency that follows from others has no arrow.")
        #expect(three.count(of: "<path d=\"M") == 4)
        let four = try plan(
            "\(Self.file)\n  c: {after: [a, b], exec: {command: ls}}\n  d: {after: [a, b, c], exec: {command: ls}}\n"
        )
        #expect(
            try await texts(four.renderSVG()).last == "- 3 dependencies that follow from others have no arrow."
        )
        #expect(four.renderSVG().contains("d\nexec\nafter a, b and c"))
    }

    @Test func `a long name is in several lines`() async throws {
        let name = "copy-the-certificates-of-the-node-from-the-directory-of-agenix"
        let unbroken = String(repeating: "x", count: 60)
        let picture = try plan(
            "tasks: {\(name): {exec: {command: ls}}, \(unbroken): {exec: {command: ls}}}"
        ).renderSVG()
        let x = String(repeating: "x", count: 26)
        #expect(
            try await texts(picture)[1...2] == [
                "'\(name)\\nexec' | copy-the-certificates-of- | the-node-from-the- | directory-of-agenix | exec",
                "'\(unbroken)\\nexec' | \(x) | \(x) | xxxxxxxx | exec",
            ]
        )
    }

    @Test func `an empty plan has a picture`() async throws {
        #expect(try await texts(Plan(steps: []).renderSVG()) == ["Plan", "- Plan", "- no task for this node"])
        #expect(
            try await texts(Plan(steps: [], roles: ["a", "b"]).renderSVG()).first == "Plan of roles a and b"
        )
    }

    @Test func `the plans of all nodes are below each other`() async throws {
        let text = """
            nodes: {cp-1: {roles: [control-plane, init]}, w-*: {role: worker}}
            tasks:
              a: {exec: {command: ls}}
              b: {roles: [init], after: [a], exec: {command: ls}}
              c: {roles: [init], after: [a, b], exec: {command: ls}}
            """
        let all = AllNodes([SourceFile(path: "bootstrap.yaml", bytes: Array(text.utf8))])
        #expect(
            try await texts(all.renderSVG()) == [
                "Plans of all nodes",
                "'a\\nexec' | a | exec", "'b\\nexec\\nafter a' | b | exec", "'c\\nexec\\nafter a and b' | c | exec",
                "'a\\nexec' | a | exec",
                "- cp-1 (control-plane, init)", "- 3 tasks", "- w-* (worker, as w-0)", "- 1 task",
                "- An arrow leads from a task to one that runs after it.",
                "- 1 dependency that follows from others has no arrow.",
            ]
        )
    }

    @Test func `the words for screen readers have a limit`() throws {
        let tasks = (0..<250).map { "  t\($0): {exec: {command: ls}}\n" }.joined()
        let picture = try plan("tasks:\n\(tasks)").renderSVG()
        #expect(picture.contains(" t199: exec. And 50 more.</desc>"))
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
