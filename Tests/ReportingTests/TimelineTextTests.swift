import Base
import Execution
import Host
import State
import Testing

@testable import Reporting

/// The whole text of a timeline.
@Suite(.timeLimit(.minutes(5)))
struct TimelineTextTests {
    private func text(
        _ source: TimelineSource,
        columns: Int?,
        isColoured: Bool = false,
        isUTF8: Bool = true,
    ) -> String {
        timelineLines(Timeline(source), columns: columns, isColoured: isColoured, isUTF8: isUTF8)
            .map { "\($0)\n" }.joined()
    }

    @Test func `a boot that goes on`() {
        #expect(
            text(SampleBoot.source, columns: 80) == """
                6 tasks: 3 changed, 1 unchanged, 1 running, 1 waiting
                times count from the start of the machine at 2026-01-01T10:00:00Z

                                         0s         15s         30s        45s
                  kubelet.service          ░───────────────────────────────────────────  active
                  network-online.target      ░─────────────────────────────────────────  active
                * kubeconfig                █                                            12 ms
                * rbac                    ··█▒▒▒▒▒▒▒██                                   12 s
                    waited 11.4 s for API server 10.0.0.1:6443 (connection refused)
                  link                    ···█                                           10 ms
                * crds                    ···········█✗╌╌╌╌╌╌╌██                         13.9 s
                    2 attempts, 9.9 s between them
                * node                    ······················█▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  running
                    has waited 29 s for DaemonSet/kube-system/node (ready: 0 of 1)
                  late                    ·············································  waiting

                ✗ attempt failed, █ works, ▒ waits for a server, lock or condition,
                ░ unit starts, ╌ until the next attempt, · waits for a task or unit,
                ─ unit is active, * critical path

                critical path, 1m 0s so far:
                  kubeconfig  12 ms   started at 4 s
                  rbac        12 s    started at 4.1 s, 11.4 s of it waiting for API server
                                      10.0.0.1:6443
                  crds        13.9 s  started at 16.1 s
                  node        29.9 s  started at 30.1 s, 29 s of it waiting for
                                      DaemonSet/kube-system/node

                """
        )
    }

    @Test func `a task whose first attempts are not known has no start and no duration`() {
        let seventh = SampleBoot.attempt(.failed, at: 20_000, after: 2000, number: 7)
        let flaky = SampleBoot.record("flaky", .changed, at: 40_000, after: 3000, attempt: 8)
        let first = SampleBoot.record("first", .changed, at: 4000, after: 1000)
        var source = TimelineSource(
            tasks: [
                SampleBoot.task("first", .ended(.changed), first),
                SampleBoot.task("flaky", after: [0], .ended(.changed), flaky, earlier: [seventh]),
            ],
            clock: SampleBoot.clock,
        )
        source.system = SystemTimes(boot: BootTimes(unitsLoaded: .seconds(1), finished: .seconds(45)), units: [])
        let lines = timelineLines(Timeline(source), columns: 70)
        #expect(lines.first == "2 tasks: 2 changed; the last ended after 40 s")
        let flakyLine = lines.first { $0.hasPrefix("* flaky") } ?? ""
        #expect(flakyLine.hasSuffix("  changed"), "\(flakyLine)")
        #expect(lines.contains("    8 attempts, the first 6 of which are not known"))
        #expect(lines.suffix(2) == ["  first  1 s  started at 3 s", "  flaky       started before 18 s"])
        let picture = timelineSVG(Timeline(source), node: "n")
        #expect(picture.contains(">Critical path, 40 s: first (1 s) → flaky</text>"))
    }

    @Test func `colours change nothing else`() {
        let coloured = text(SampleBoot.source, columns: 40, isColoured: true, isUTF8: false)
        #expect(coloured.contains("....\u{1b}[31mx\u{1b}[0m~~\u{1b}[32m#\u{1b}[0m"), "\(coloured)")
        #expect(coloured.replacing(/\u{1b}\[\d*m/, with: "") == text(SampleBoot.source, columns: 40, isUTF8: false))
    }

    @Test func `a node without tasks has no chart`() {
        let source = TimelineSource(tasks: [], clock: SampleBoot.clock)
        #expect(text(source, columns: 80) == "no task for this node\n")
        let picture = timelineSVG(Timeline(source), node: "")
        #expect(picture.contains(">Timeline of the tasks</text>") && picture.contains(">no task for this node</text>"))
        #expect(!picture.contains(">Tasks</text>"))
    }

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
        (12.0, "12"), (1.25, "1.3"), (-0.04, "0"), (-3.0, "-3"), (.infinity, "0"), (.nan, "0"),
        (1e20, "100000000000000"),
    ])
    func `numbers have one decimal at most`(number: Double, text: String) {
        #expect(svgNumber(number) == text)
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
        #expect(text.contains("<title id=\"title\">T &amp; t</title>"))
        #expect(text.contains("<desc id=\"description\">&lt;d&gt;</desc>"))
        #expect(text.contains(".fill-succeeded{fill:#1a7f37}"))
        #expect(text.contains("@media (prefers-color-scheme:dark){"))
        #expect(text.contains(".fill-succeeded{fill:#3fb950}"))
        #expect(text.hasSuffix("  <rect class=\"fill-succeeded\"/>\n</svg>\n"))
    }
}
