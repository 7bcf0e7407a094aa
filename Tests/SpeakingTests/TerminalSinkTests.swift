import Execution
import Speaking
import Testing

@Suite(.timeLimit(.minutes(3)))
struct TerminalSinkTests {
    private let recorder = Recorder()

    private func sink(columns: Int = 60, isColoured: Bool = false, showsDiagnostics: Bool = true) -> TerminalSink {
        let recorder = recorder
        return TerminalSink(
            recorder.outlet,
            TerminalSink.Display(
                isColoured: isColoured,
                showsDiagnostics: showsDiagnostics,
                columns: { columns },
                uptime: { recorder.uptime() },
            ),
        )
    }

    private func screen(columns: Int = 60) -> String {
        var screen = Screen(columns: columns)
        screen.feed(recorder.text())
        return screen.text
    }

    @Test func `what is done scrolls away and what runs is shown below`() {
        let sink = sink()
        sink.receive(Event(task: "kubeconfig", .taskStarted(verb: "kubeconfig")))
        sink.receive(Event(task: "crds", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "crds", .waiting("API server a:6443, gate 'server answers': connection refused")))
        recorder.pass(.seconds(8))
        sink.tick()
        #expect(
            screen() == """
                kubeconfig  8 s     kubeconfig
                crds        8 s     waiting 8 s: API server a:6443, gate '…

                """
        )
        sink.receive(Event(task: "kubeconfig", .path("/etc/admin", .created)))
        sink.receive(Event(task: "kubeconfig", .taskFinished(.changed, after: .seconds(8))))
        sink.receive(Event(task: "crds", .object("CustomResourceDefinition/a", .init(.unchanged))))
        #expect(
            screen() == """
                kubeconfig: /etc/admin created
                kubeconfig: changed in 8.0 s
                crds  8 s     CustomResourceDefinition/a unchanged

                """
        )
        sink.receive(Event(task: "crds", .taskFinished(.unchanged, after: .seconds(9))))
        sink.finish()
        #expect(
            screen() == """
                kubeconfig: /etc/admin created
                kubeconfig: changed in 8.0 s
                crds: unchanged in 9.0 s (1 unchanged)

                """
        )
    }

    @Test func `a wait is over when its object is done, not when another is`() {
        let sink = sink(columns: 80)
        sink.receive(Event(task: "pool", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "pool", .waiting("IPPool/a: kind not served yet")))
        recorder.pass(.seconds(2))
        sink.receive(Event(task: "pool", .waiting("IPPool/b: kind not served yet")))
        sink.receive(Event(task: "pool", .object("IPPool/c", .init(.unchanged))))
        #expect(screen(columns: 80) == "pool  2 s     waiting 0 s (and 1 more): IPPool/b: kind not served yet\n")
        sink.receive(Event(task: "pool", .object("IPPool/b", .init(.unchanged))))
        #expect(screen(columns: 80) == "pool  2 s     waiting 2 s: IPPool/a: kind not served yet\n")
        sink.receive(Event(task: "pool", .object("IPPool/a", .init(.unchanged))))
        #expect(screen(columns: 80) == "pool  2 s     IPPool/a unchanged\n")
    }

    @Test func `nothing is written when nothing changed`() {
        let sink = sink()
        sink.receive(Event(task: "a", .taskStarted(verb: "exec")))
        let count = recorder.writeCount
        recorder.pass(.milliseconds(200))
        sink.tick()
        #expect(recorder.writeCount == count)
    }

    @Test func `long lines that stay are whole and leave nothing of the old ones`() {
        let sink = sink(columns: 20)
        for name in ["a", "b", "c"] { sink.receive(Event(task: name, .taskStarted(verb: "exec"))) }
        sink.receive(Event(task: "a", .output("0123456789 0123456789 0123456789")))
        sink.finish()
        #expect(screen(columns: 20) == "a: | 0123456789 0123\n456789 0123456789\n")
    }

    @Test func `more tasks than a window has room for are counted`() {
        let sink = sink()
        for number in 1...12 { sink.receive(Event(task: "t\(number)", .taskStarted(verb: "exec"))) }
        let lines = screen().split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines.last == "… and 3 more")
    }

    @Test func `colours are taken back on the same line`() {
        sink(isColoured: true).receive(Event(task: "a", .taskFinished(.changed, after: .seconds(1))))
        #expect(recorder.text() == "\ra: \u{1b}[32mchanged in 1.0 s\u{1b}[0m\u{1b}[K\n\u{1b}[J")
    }

    @Test func `errors go to standard error when that is elsewhere`() {
        let sink = sink(showsDiagnostics: false)
        sink.receive(Event(task: "a", .taskFinished(.failed(Plain("no")), after: .seconds(1))))
        #expect(recorder.text(.diagnostics) == "a: error: no\n")
        #expect(screen() == "a: failed in 1.0 s\n")
    }
}
