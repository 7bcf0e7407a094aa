import Execution
import Reporting
import Testing

@Suite(.timeLimit(.minutes(3)))
struct TerminalSinkTests {
    private let recorder = Recorder()

    private func sink(
        columns: Int = 60,
        isColoured: Bool = false,
        showsDiagnostics: Bool = true,
        recorder: Recorder? = nil
    ) -> Reporter {
        let recorder = recorder ?? self.recorder
        let display = TerminalSink.Display(
            isColoured: isColoured,
            showsDiagnostics: showsDiagnostics,
            columns: { columns },
        )
        return Reporter(TerminalSink(recorder.output, display), uptime: recorder.uptime)
    }

    private func screen(_ recorder: Recorder? = nil, columns: Int = 60) -> String {
        let recorder = recorder ?? self.recorder
        var screen = Screen(columns: columns)
        screen.feed(recorder.text())
        return screen.text
    }

    @Test func `what is done scrolls up and what runs is shown below`() {
        let sink = sink()
        sink.receive(Event(task: "kubeconfig", .taskStarted(verb: "kubeconfig")))
        sink.receive(Event(task: "crds", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "crds", .waiting("API server a:6443: connection refused (gives up at 12:00:00Z)")))
        recorder.pass(.seconds(8))
        sink.tick()
        #expect(
            screen() == """
                kubeconfig  8 s     kubeconfig
                crds        8 s     waiting 8 s: connection refused (API
                                    server a:6443; gives up at 12:00:00Z)

                """
        )
        sink.receive(Event(task: "kubeconfig", .path("/etc/admin", .created)))
        sink.receive(Event(task: "kubeconfig", .taskFinished(.changed, after: .seconds(8))))
        sink.receive(Event(task: "crds", .objectCount(20)))
        sink.receive(Event(task: "crds", .object("CustomResourceDefinition/a", .init(.unchanged))))
        #expect(
            screen() == """
                kubeconfig: /etc/admin created
                kubeconfig: changed in 8 s
                crds  8 s     1 of 20 objects, last:
                              CustomResourceDefinition/a unchanged

                """
        )
        sink.receive(Event(task: "crds", .taskFinished(.unchanged, after: .seconds(9))))
        sink.finish()
        #expect(
            screen() == """
                kubeconfig: /etc/admin created
                kubeconfig: changed in 8 s
                crds: unchanged in 9 s (1 unchanged)

                """
        )
    }

    @Test func `a wait ends with its object, not with another one`() {
        let sink = sink(columns: 80)
        sink.receive(Event(task: "pool", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "pool", .waiting("IPPool/a: kind not served yet")))
        recorder.pass(.seconds(2))
        sink.receive(Event(task: "pool", .waiting("IPPool/b: kind not served yet")))
        sink.receive(Event(task: "pool", .object("IPPool/c", .init(.unchanged))))
        #expect(screen(columns: 80) == "pool  2 s     waiting 0 s (and 1 more): kind not served yet (IPPool/b)\n")
        sink.receive(Event(task: "pool", .object("IPPool/b", .init(.unchanged))))
        #expect(screen(columns: 80) == "pool  2 s     waiting 2 s: kind not served yet (IPPool/a)\n")
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

    @Test func `tasks that do not fit the window are counted`() {
        let sink = sink()
        for number in 1...12 { sink.receive(Event(task: "t\(number)", .taskStarted(verb: "exec"))) }
        let lines = screen().split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines.last == "… and 3 more running")
    }

    @Test func `tasks that have not started are counted`() {
        let sink = sink()
        sink.receive(Event(.runStarted(taskCount: 40)))
        sink.receive(Event(task: "t1", .taskStarted(verb: "exec")))
        #expect(screen() == "t1  0 s     exec\n39 more waiting for it\n")
        for number in 2...12 { sink.receive(Event(task: "t\(number)", .taskStarted(verb: "exec"))) }
        sink.receive(Event(task: "t40", .taskFinished(.skipped(because: "t0"), after: .zero)))
        #expect(screen().hasSuffix("\n… and 3 more running, 27 more waiting for these\n"))
    }

    @Test func `a narrow terminal has the name and what the task does in lines of their own`() {
        let sink = sink(columns: 40)
        sink.receive(Event(task: "bootstrap-rbac", .taskStarted(verb: "apply")))
        let words = "API server 127.0.0.1:18599: connection refused (gives up at 12:10:00Z)"
        sink.receive(Event(task: "bootstrap-rbac", .waiting(words)))
        sink.receive(Event(task: "crds", .taskStarted(verb: "apply")))
        #expect(
            screen(columns: 40) == """
                bootstrap-rbac  0 s
                  waiting 0 s: connection refused (API
                  server 127.0.0.1:18599; gives up at
                  12:10:00Z)
                crds  0 s
                  apply

                """
        )
        sink.receive(Event(task: "crds", .warning(subject: "DaemonSet/kube-system/calico-node", "is deprecated")))
        #expect(
            screen(columns: 40).hasPrefix(
                "crds: warning:\n    DaemonSet/kube-system/calico-node:\n    is deprecated\nbootstrap-rbac  0 s\n"
            )
        )
    }

    @Test func `without UTF-8 everything is ASCII`() {
        let recorder = Recorder(isUTF8: false)
        let sink = sink(recorder: recorder)
        for number in 1...12 { sink.receive(Event(task: "t\(number)", .taskStarted(verb: "exec"))) }
        sink.receive(Event(task: "t1", .output("ümlaut")))
        #expect(screen(recorder).utf8.allSatisfy { $0 < 0x80 })
        #expect(screen(recorder).hasSuffix("\n... and 3 more running\n"))
        #expect(screen(recorder).hasPrefix("t1: | \\u{fc}mlaut\n"))
    }

    @Test func `colours end on the same line`() {
        sink(isColoured: true).receive(Event(task: "a", .taskFinished(.changed, after: .seconds(1))))
        #expect(recorder.text() == "\ra: \u{1b}[32mchanged in 1 s\u{1b}[0m\u{1b}[K\n\u{1b}[J")
    }

    @Test func `errors go to standard error when that is elsewhere`() {
        let sink = sink(showsDiagnostics: false)
        sink.receive(Event(task: "a", .taskFinished(.failed(Plain("no")), after: .seconds(1))))
        #expect(recorder.text(.diagnostics) == "a: error: no\n")
        #expect(screen() == "a: failed in 1 s\n")
    }
}
