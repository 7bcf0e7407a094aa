import Execution
import Host
import Locking
import Testing
import YAML

@testable import Speaking

@Suite(.timeLimit(.minutes(3)))
struct JournalSinkTests {
    /// The entries that a run of events makes, without the fields of every one.
    private func entries(_ events: [Event]) -> [String] {
        let entries = Locked<[String]>([])
        let recorder = Recorder()
        let sink = JournalSink(recorder.outlet, run: "r1", attempt: { $0 == "a" ? 2 : nil }) { fields in
            let common = fields.filter {
                $0.0.hasPrefix("CODE_") || $0.0 == "SYSLOG_IDENTIFIER" || $0.0 == "NEST_RUN_ID"
            }
            #expect(common.map(\.0) == ["SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE", "CODE_FUNC", "NEST_RUN_ID"])
            #expect(common.first?.1 == "nest-bootstrap")
            // Who made the event, not who tells of it.
            #expect(common.dropFirst().first?.1.hasPrefix("SpeakingTests/") == true)
            let names = common.map(\.0)
            let own = fields.filter { !names.contains($0.0) }.map { name, value in
                name == "MESSAGE_ID" ? MessageID(rawValue: value).map { "\($0)" } ?? value : "\(name)=\(value)"
            }
            entries.withLock { $0.append(own.joined(separator: " ")) }
        }
        for event in events { sink.receive(event) }
        #expect(recorder.text(.diagnostics) == "")
        return entries.withLock { $0 }
    }

    @Test func `a run is told to the journal with fields`() {
        let all = "NEST_TASK=a NEST_VERB=apply NEST_ATTEMPT=2"
        let expected = [
            "MESSAGE=a: waiting: server: refused waiting PRIORITY=6 \(all)",
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

    @Test func `the end of an only task is not counted as well`() {
        let report = Report([.init(task: "a", outcome: .unchanged, duration: .zero)])
        let end = "MESSAGE=a: unchanged in 0 ms taskUnchanged PRIORITY=6 NEST_TASK=a NEST_OUTCOME=unchanged "
        #expect(entries([Event(.runFinished(report))]) == [end + "NEST_DURATION_USEC=0"])
    }

    @Test func `what the system refused has its number`() {
        let error = SystemError("cannot write", "/x", code: 30)
        let told = entries([Event(task: "a", .taskFinished(.failed(error), after: .zero))])
        #expect(
            told.first == "MESSAGE=a: error: cannot write '/x': Read-only file system problem PRIORITY=3 "
                + "NEST_TASK=a ERRNO=30"
        )
        #expect(told.last?.contains("taskFailed") == true)
        #expect(told.last?.contains("ERRNO=30") == true)
    }

    @Test func `no value makes a line or a field of its own`() {
        let told = entries([
            Event(task: "a", .warning(subject: "x\nPRIORITY=0", "y\nMESSAGE=z\u{1b}[31m"))
        ])
        let words = "x\\nPRIORITY=0: y\\nMESSAGE=z"
        #expect(told == ["MESSAGE=a: warning: \(words) warning PRIORITY=4 NEST_TASK=a NEST_OBJECT=x\\nPRIORITY=0"])
    }

    @Test func `what ends the program is an entry, or a line where the journal does not take it`() {
        let entries = Locked<[[String]]>([])
        let recorder = Recorder()
        let outlet = Outlet(journal: { fields in entries.withLock { $0.append(fields.map { "\($0.0)=\($0.1)" }) } })
        outlet.tell([Problem("not yet")], .dependencyMissing, [("NEST_TASK", "a")])
        #expect(entries.withLock { $0.count } == 1)
        let told = entries.withLock { $0.first ?? [] }
        #expect(told.contains("MESSAGE=not yet"))
        #expect(told.contains("MESSAGE_ID=\(MessageID.dependencyMissing.rawValue)"))
        #expect(told.contains("PRIORITY=5"))
        #expect(told.contains("NEST_TASK=a"))

        let refusing: JournalSink.Sender = { _ throws(SystemError) in throw SystemError("a", "b", code: 1) }
        let carrier: Outlet.Carrier = { (bytes, stream) throws(SystemError) in
            recorder.outlet.write(String(decoding: bytes, as: UTF8.self), to: stream)
        }
        let failing = Outlet(carrier, journal: refusing)
        failing.tell(Plain("cannot read"))
        #expect(recorder.text(.diagnostics) == "nest-bootstrap: cannot read\n")
    }

    @Test func `what the journal does not take is told on standard error, and why once`() {
        let recorder = Recorder()
        let sink = JournalSink(recorder.outlet, run: "r1") { _ throws(SystemError) in
            throw SystemError("cannot send to", "journal", code: 90)
        }
        sink.receive(Event(task: "a", .waiting("one")))
        sink.receive(Event(task: "a", .waiting("two")))
        #expect(
            recorder.text(.diagnostics) == """
                nest-bootstrap: cannot send to 'journal': Message too long
                a: waiting: one
                a: waiting: two

                """
        )
    }
}
