import Base
@testable import Host
import Planning
@testable import Reporting
import Testing

/// The whole text of a timeline.
@Suite(.timeLimit(.minutes(15)))
struct TimelineTextTests {
    private func text(
        _ source: TimelineSource,
        columns: Int?,
        isColoured: Bool = false,
    ) -> String {
        timelineLines(Timeline(source), columns: columns, isColoured: isColoured)
            .map { "\($0)\n" }.joined()
    }

    @Test func `a boot that goes on`() {
        #expect(
            text(SampleBoot.source, columns: 80) == """
                6 tasks: 1 running, 1 waiting, 4 succeeded
                times count from the start of the machine at 2026-01-01T10:00:00Z

                              0s            15s           30s           45s
                * kubeconfig     █                                                       12 ms
                * rbac         ··▒▒▒▒▒▒▒▒▒▒▒██                                           11.9 s
                    waited 11.4 s for API server 10.0.0.1:6443 (connection refused)
                  link         ····█                                                     10 ms
                * crds         ··············✗✗✗········███                              13.9 s
                    2 attempts, 9.9 s between them
                * node         ···························██▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  running
                    has waited 29 s for DaemonSet/kube-system/node (ready: 0 of 1)
                  late         ························································  waiting

                ✗ attempt failed
                █ works
                ▒ waits for a server, lock or condition
                · waits for a task, a unit or the next attempt
                * critical path, 1m 0s so far: kubeconfig (12 ms), rbac (11.9 s), crds (13.9 s),
                node (29.9 s)

                """
        )
    }

    @Test func `colours change nothing else`() {
        let coloured = text(SampleBoot.source, columns: 40, isColoured: true)
        #expect(coloured.contains("····\u{1b}[31m✗✗\u{1b}[0m·\u{1b}[32m██\u{1b}[0m"), "\(coloured)")
        #expect(coloured.replacing(/\u{1b}\[\d*m/, with: "") == text(SampleBoot.source, columns: 40))
    }

    @Test func `a node without tasks has no chart`() {
        let source = TimelineSource(tasks: [], clock: SampleBoot.clock)
        #expect(text(source, columns: 80) == "no task for this node\n")
        let picture = timelineSVG(Timeline(source), node: "")
        #expect(picture.contains(">Timeline of the tasks</text>") && picture.contains(">no task for this node</text>"))
    }

    @Test func `a picture has a row for each task, and escapes names and reasons`() {
        // A combining mark makes one character of two scalars.
        let name = #"<a> & "b"<\#u{301}\#u{1b}\#u{202e}"#
        var source = SampleBoot.source
        source.tasks.append(SampleBoot.task(name, .ended(.failed), SampleBoot.record(name, .failed, at: 9000)))
        let picture = timelineSVG(Timeline(source), node: "<n>")
        #expect(picture.contains("<title>Timeline of &lt;n&gt;</title>"))
        #expect(picture.contains(#">&lt;a&gt; &amp; "b"&lt;\#u{301}\x1b\u{202e}</text>"#))
        #expect(picture.contains(/<text class="failure" x="\d+" y="\d+">failed<\/text>/))
        #expect(picture.contains(">11.9 s; waited 11.4 s for API server 10.0.0.1:6443 (connection refused)</text>"))
        #expect(picture.ranges(of: #"<rect class="wait""#).count == 3)
        #expect(picture.ranges(of: #"<rect class="failure""#).count == 3)
    }
}
