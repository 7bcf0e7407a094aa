import Testing

@testable import Reporting

@Suite(.timeLimit(.minutes(5))) struct SVGTests {
    @Test func `elements are indented, and their texts and attributes escaped`() {
        let element = SVGElement(
            "g",
            ["class": "a \"b\" & <c>"],
            [SVGElement("text", ["x": "1"], text: "1 < 2 && \"3\" > '2'"), SVGElement("rect")],
        )
        #expect(
            element.markup() == """
                <g class="a &quot;b&quot; &amp; &lt;c&gt;">
                  <text x="1">1 &lt; 2 &amp;&amp; &quot;3&quot; &gt; '2'</text>
                  <rect/>
                </g>

                """
        )
    }

    @Test func `characters that XML does not allow, or that turn the direction of writing, are escaped`() {
        let element = SVGElement("t", text: "a\u{0}b\u{1b}c\u{202e}d\u{200f}\u{61c}\u{feff}\u{ffff}e\tf\ng")
        let expected = #"a\x00b\x1bc\u{202e}d\u{200f}\u{61c}\u{feff}\u{ffff}e    f"#
        #expect(element.markup() == "<t>\(expected)\ng</t>\n")
    }

    @Test(arguments: [
        (0.0, "0"), (12.0, "12"), (1.25, "1.3"), (-0.5, "-0.5"), (-0.04, "0"), (-3.0, "-3"), (99.96, "100"),
        (.infinity, "0"), (.nan, "0"), (1e20, "100000000000000"),
    ])
    func `numbers have one decimal at most`(number: Double, text: String) {
        #expect(svgNumber(number) == text)
    }

    @Test func `a text that is too wide is cut off`() {
        #expect(svgText("abc", within: 100) == "abc")
        #expect(svgText("abcdefghij", within: 40) == "abcd…")
        #expect(svgText("abc", within: 0) == "…")
        #expect(svgText("日本語日本語", within: 40) == "日本…")
    }

    @Test(arguments: [
        ("", 0.0), ("waits for a lock", 86.1), ("10.0.0.1:6443", 72.7), ("MW", 20), ("AB", 15), ("日本", 21), ("é", 6.3),
    ])
    func `a text that is not code has letters of different widths`(text: String, width: Double) {
        #expect((svgProseWidth(text, size: 10) * 10).rounded() == (width * 10).rounded())
    }

    @Test func `a document has a title, a description, and colours for light and dark pages`() {
        let document = SVGDocument(
            width: 100,
            height: 50.5,
            title: "T & t",
            description: "<d>",
            content: [SVGElement("rect", ["class": SVGColour.succeeded.fill])],
        )
        let text = document.markup
        let head = [
            #"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50.5" viewBox="0 0 100 50.5" role="img""#,
            #" aria-labelledby="title description">"#, "\n",
            #"  <title id="title">T &amp; t</title>"#, "\n",
            #"  <desc id="description">&lt;d&gt;</desc>"#, "\n",
        ]
        #expect(text.hasPrefix(head.joined()))
        #expect(text.contains(".fill-succeeded{fill:#1a7f37}"))
        #expect(text.contains("@media (prefers-color-scheme:dark){"))
        #expect(text.contains(".fill-succeeded{fill:#3fb950}"))
        #expect(text.hasSuffix("  <rect class=\"fill-succeeded\"/>\n</svg>\n"))
    }
}
