import Testing

@testable import Reporting

/// The whole picture of a timeline.
@Suite(.timeLimit(.minutes(30)))
struct TimelineSVGTests {
    @Test func `a boot that is over`() throws {
        let picture = timelineSVG(Timeline(SampleBoot.finished), node: "cp1")
        let style = try #require(picture.firstRange(of: "  <style>"))
        let content = try #require(picture.firstRange(of: "</style>\n"))
        #expect(picture[..<style.lowerBound] == Self.head)
        #expect(picture[content.upperBound...] == Self.content)
    }

    @Test func `the title says what the times are about`() {
        var source = SampleBoot.finished
        func hasTitle(_ title: String, node: String) -> Bool {
            timelineSVG(Timeline(source), node: node).contains("<title id=\"title\">\(title)</title>")
        }
        #expect(hasTitle("Timeline of the boot", node: ""))
        source.system = nil
        #expect(hasTitle("Timeline of the tasks of cp1", node: "cp1"))
    }

    private static let head = """
        <svg xmlns="http://www.w3.org/2000/svg" width="1320" height="342" viewBox="0 0 1320 342" role="img" \
        aria-labelledby="title description">
          <title id="title">Timeline of the boot of cp1</title>
          <desc id="description">3 tasks: 1 changed, 1 failed, 1 skipped; the last ended after 20 s. Times count from \
        the start of the machine at 2026-01-01T10:00:00Z; the boot took 25 s. Critical path, 20 s: k3s.service → a \
        (500 ms) → b (10 s). Note: not shown, because they were last started after the tasks: multi-user.target</desc>

        """

    private static let content = """
          <rect class="fill-page" width="100%" height="100%"/>
          <text class="fill-text strong" x="20" y="32">Timeline of the boot of cp1</text>
          <text class="fill-text" x="20" y="54">3 tasks: 1 changed, 1 failed, 1 skipped; the last ended after 20 \
        s</text>
          <text class="fill-muted" x="20" y="72">Times count from the start of the machine at 2026-01-01T10:00:00Z; \
        the boot took 25 s</text>
          <line class="stroke-inactive" x1="20" x2="46" y1="98" y2="98" stroke-width="2" stroke-dasharray="2 4"/>
          <text class="fill-muted small" x="52" y="102">waits for a task or unit</text>
          <rect class="fill-waiting" x="207.5" y="94" width="26" height="8" rx="1"/>
          <text class="fill-muted small" x="239.5" y="102">waits for a server, lock or condition</text>
          <rect class="fill-succeeded" x="472.4" y="91" width="26" height="14" rx="1"/>
          <text class="fill-muted small" x="504.4" y="102">works</text>
          <rect class="fill-failed" x="558.6" y="91" width="22" height="14" rx="1"/>
          <path class="stroke-text" d="M576.6 94L584.6 102M576.6 102L584.6 94" fill="none" stroke-width="2"/>
          <text class="fill-muted small" x="590.6" y="102">attempt failed</text>
          <line class="stroke-muted" x1="692" x2="718" y1="98" y2="98" stroke-width="2" stroke-dasharray="6 3"/>
          <text class="fill-muted small" x="724" y="102">until the next attempt</text>
          <rect class="fill-inactive" x="870.7" y="94" width="13" height="8" rx="1"/>
          <line class="stroke-inactive" x1="870.7" x2="896.7" y1="98" y2="98" stroke-width="2" stroke-dasharray="none"/>
          <text class="fill-muted small" x="902.7" y="102">unit starts, is active</text>
          <line class="stroke-accent" x1="1050.8" x2="1068.8" y1="98" y2="98" stroke-width="2" stroke-dasharray="none"/>
          <circle class="fill-accent" cx="1046.8" cy="98" r="3.5"/>
          <text class="fill-muted small" x="1074.8" y="102">critical path</text>
          <g>
            <line class="stroke-line" x1="154" x2="154" y1="130" y2="262"/>
            <text class="fill-muted small middle" x="154" y="122">0s</text>
            <line class="stroke-line" x1="314" x2="314" y1="130" y2="262"/>
            <text class="fill-muted small middle" x="314" y="122">5s</text>
            <line class="stroke-line" x1="474" x2="474" y1="130" y2="262"/>
            <text class="fill-muted small middle" x="474" y="122">10s</text>
            <line class="stroke-line" x1="634" x2="634" y1="130" y2="262"/>
            <text class="fill-muted small middle" x="634" y="122">15s</text>
            <line class="stroke-line" x1="794" x2="794" y1="130" y2="262"/>
            <text class="fill-muted small middle" x="794" y="122">20s</text>
          </g>
          <text class="fill-muted small strong" x="20" y="145">Units of systemd</text>
          <g>
            <title>k3s.service: active (active)
        started at 2 s
        active at 9 s</title>
            <circle class="fill-accent" cx="24" cy="163" r="3.5"/>
            <text class="fill-text strong" x="34" y="167">k3s.service</text>
            <rect class="fill-inactive" x="218" y="159" width="224" height="8" rx="1"/>
            <line class="stroke-inactive" x1="442" x2="794" y1="163" y2="163" stroke-width="2" stroke-dasharray="none"/>
            <text class="fill-muted" x="806" y="167">active</text>
            <text class="fill-muted small" x="878" y="167">at 9 s</text>
          </g>
          <text class="fill-muted small strong" x="20" y="189">Tasks</text>
          <g>
            <title>a: changed
        after k3s.service
        started at 9 s, ended at 9.5 s</title>
            <circle class="fill-accent" cx="24" cy="207" r="3.5"/>
            <text class="fill-text strong" x="34" y="211">a</text>
            <line class="stroke-inactive" x1="186" x2="442" y1="207" y2="207" stroke-width="2" stroke-dasharray="2 4"/>
            <rect class="fill-succeeded" x="442" y="200" width="16" height="14" rx="1"/>
            <text class="fill-text" x="806" y="211">500 ms</text>
          </g>
          <g>
            <title>b: failed
        Apply &lt;b&gt; &amp; &quot;c&quot;
        after 'a'
        started at 10 s, ended at 20 s
        waited 2 s for API server 10.0.0.1:6443 (connection refused)
        2 attempts, 4 s between them</title>
            <circle class="fill-accent" cx="24" cy="229" r="3.5"/>
            <text class="fill-text strong" x="34" y="233">b</text>
            <line class="stroke-inactive" x1="186" x2="458" y1="229" y2="229" stroke-width="2" stroke-dasharray="2 4"/>
            <rect class="fill-failed" x="474" y="222" width="64" height="14" rx="1"/>
            <path class="stroke-text" d="M534 225L542 233M534 233L542 225" fill="none" stroke-width="2"/>
            <line class="stroke-muted" x1="538" x2="666" y1="229" y2="229" stroke-width="2" stroke-dasharray="6 3"/>
            <rect class="fill-succeeded" x="666" y="222" width="32" height="14" rx="1"/>
            <rect class="fill-waiting" x="698" y="225" width="64" height="8" rx="1"/>
            <rect class="fill-failed" x="762" y="222" width="32" height="14" rx="1"/>
            <path class="stroke-text" d="M790 225L798 233M790 233L798 225" fill="none" stroke-width="2"/>
            <text class="fill-failed" x="806" y="233">failed</text>
            <text class="fill-muted small" x="878" y="233">waited 2 s for API server 10.0.0.1:6443; 2 attempts, 4 s \
        between them</text>
          </g>
          <g>
            <title>c: skipped
        after 'b'</title>
            <text class="fill-text" x="34" y="255">c</text>
            <line class="stroke-inactive" x1="186" x2="794" y1="251" y2="251" stroke-width="2" stroke-dasharray="2 4"/>
            <text class="fill-muted" x="806" y="255">skipped</text>
          </g>
          <path class="stroke-accent" d="M442 163V207H442" fill="none" stroke-width="1.5"/>
          <path class="stroke-accent" d="M458 207V229H474" fill="none" stroke-width="1.5"/>
          <text class="fill-text" x="20" y="296">Critical path, 20 s: k3s.service → a (500 ms) → b (10 s)</text>
          <text class="fill-text" x="20" y="314">Note: not shown, because they were last started after the tasks: \
        multi-user.target</text>
        </svg>

        """
}
