import Base
import Host
import Planning
@testable import Reporting
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct JournalSinkTests {
    /// The entries for events, without the fields that every entry has.
    private func entries(_ events: [Event]) -> [String] {
        let entries = Entries()
        let recorder = Recorder()
        let journal = JournalQueue { fields in
            let common = fields.filter { ["SYSLOG_IDENTIFIER", "NEST_RUN_ID"].contains($0.0) }
            #expect(common.map(\.0) == ["SYSLOG_IDENTIFIER", "NEST_RUN_ID"])
            #expect(common.first?.1 == "nest-bootstrap")
            let names = common.map(\.0)
            let own = fields.filter { !names.contains($0.0) }.map { name, value in
                name == "MESSAGE_ID" ? MessageID(rawValue: value).map { "\($0)" } ?? value : "\(name)=\(value)"
            }
            entries.all.withLock { $0.append(own.joined(separator: " ")) }
        }
        let reporter = Reporter(JournalSink(output: recorder.output, run: "r1", journal: journal))
        for event in events { reporter.receive(event, attempt: event.task == "a" ? 2 : nil) }
        reporter.finish()
        #expect(recorder.text(.diagnostics) == "")
        return entries.all.withLock { $0 }
    }

    private final class Entries: Sendable {
        let all = Locked<[String]>([])
    }

    @Test func `a run is reported to the journal with fields`() {
        let all = "NEST_TASK=a NEST_VERB=apply NEST_ATTEMPT=2"
        let expected = [
            "MESSAGE=a: waiting: server: refused waiting PRIORITY=6 \(all) NEST_WAIT=condition NEST_OBJECT=server "
                + "NEST_REASON=refused",
            "MESSAGE=a: ConfigMap/x configured objectApplied PRIORITY=6 \(all) NEST_OBJECT=ConfigMap/x",
            "MESSAGE=a:     .data.a: 1 -> 2 objectApplied PRIORITY=6 \(all) NEST_OBJECT=ConfigMap/x",
            "MESSAGE=a: error: a.yaml:2:3: ConfigMap/y: wrong \"type\"; type a number objectFailed PRIORITY=3 \(all) "
                + "NEST_OBJECT=ConfigMap/y",
            "MESSAGE=a: warning: ConfigMap/x: old warning PRIORITY=4 \(all) NEST_OBJECT=ConfigMap/x",
            "MESSAGE=a: | two\\nlines output PRIORITY=6 \(all)",
            "MESSAGE=a: failed in 1.5 s (1 configured, 1 failed) taskFailed PRIORITY=4 \(all) "
                + "NEST_OUTCOME=failed NEST_DURATION_USEC=1500000",
            "MESSAGE=b: skipped: 'a' did not succeed taskSkipped PRIORITY=4 NEST_TASK=b NEST_OUTCOME=skipped "
                + "NEST_DURATION_USEC=0 NEST_DEPENDENCY=a",
            "MESSAGE=2 tasks: 1 failed, 1 skipped runFinished PRIORITY=5",
        ]
        #expect(entries(SampleRun.events) == expected)
    }

    @Test func `an error of the system has its number`() {
        let error = SystemError("cannot write", "/x", code: 30)
        let sent = entries([Event(task: "a", .taskFinished(.failed(error), after: .zero))])
        #expect(
            sent.first == "MESSAGE=a: error: cannot write '/x': Read-only file system problem PRIORITY=3 "
                + "NEST_TASK=a ERRNO=30"
        )
        #expect(sent.last?.contains("taskFailed") == true)
        #expect(sent.last?.contains("ERRNO=30") == true)
    }

    @Test func `a value cannot add a line or a field`() {
        let sent = entries([
            Event(task: "a", .warning(subject: "x\nPRIORITY=0", "y\nMESSAGE=z\u{1b}[31m"))
        ])
        let words = "x\\nPRIORITY=0: y\\nMESSAGE=z"
        #expect(sent == ["MESSAGE=a: warning: \(words) warning PRIORITY=4 NEST_TASK=a NEST_OBJECT=x\\nPRIORITY=0"])
    }

    @Test func `what ends the program is an entry, or a line if the journal refuses it`() {
        let entries = Locked<[[String]]>([])
        let recorder = Recorder()
        let journal = JournalQueue { fields in entries.withLock { $0.append(fields.map { "\($0.0)=\($0.1)" }) } }
        let output = ConsoleOutput(journal: journal)
        output.report([Problem("not yet")], .dependencyMissing, [("NEST_TASK", "a")])
        output.flush(idleLimit: .seconds(600))
        #expect(entries.withLock { $0.count } == 1)
        let sent = entries.withLock { $0.first ?? [] }
        #expect(sent.contains("MESSAGE=not yet"))
        #expect(sent.contains("MESSAGE_ID=\(MessageID.dependencyMissing.rawValue)"))
        #expect(sent.contains("PRIORITY=5"))
        #expect(sent.contains("NEST_TASK=a"))

        let refusing: JournalQueue.Sender = { _ throws(SystemError) in throw SystemError("a", "b", code: 1) }
        let writer: ConsoleOutput.Writer = { (bytes, stream) throws(SystemError) in
            recorder.output.write(String(decoding: bytes, as: UTF8.self), to: stream)
        }
        let failing = ConsoleOutput(writer, journal: JournalQueue(refusing))
        failing.report(Plain("cannot read"))
        failing.flush(idleLimit: .seconds(600))
        #expect(recorder.text(.diagnostics).hasSuffix("\nnest-bootstrap: cannot read\n"))
    }

    @Test func `entries that the journal refuses go to standard error, with the reason`() {
        let recorder = Recorder()
        let refusing: JournalQueue.Sender = { _ throws(SystemError) in
            throw SystemError("cannot send to", "journal", code: 90)
        }
        let reporter = Reporter(JournalSink(output: recorder.output, run: "r1", journal: JournalQueue(refusing)))
        reporter.receive(Event(task: "a", .waiting(Wait("one"))))
        reporter.receive(Event(task: "a", .waiting(Wait("two"))))
        reporter.finish()
        #expect(
            recorder.text(.diagnostics) == """
                nest-bootstrap: cannot send to 'journal': Message too long
                a: waiting: one
                nest-bootstrap: cannot send to 'journal': Message too long
                a: waiting: two

                """
        )
    }
}
