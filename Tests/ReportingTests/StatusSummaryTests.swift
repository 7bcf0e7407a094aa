import Base
import Execution
import Host
import Reporting
import State
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StatusSummaryTests {
    private let now = Timestamp(rfc3339: "2030-05-01T10:00:00Z") ?? .now()

    private func task(_ name: String, _ state: TaskState, _ change: (inout TaskStatus) -> Void = { _ in }) -> TaskStatus
    {
        var status = TaskStatus(task: name, state: state)
        change(&status)
        return status
    }

    private func certificate(endingIn days: Int64) -> CertificateExpiry {
        let end = Timestamp(seconds: now.seconds + days * 86_400 + 60)
        return CertificateExpiry(path: "/a.crt", subject: "CN=a", validFrom: now, expires: end)
    }

    @Test func `a node whose tasks have all succeeded says since when`() {
        let statuses = [
            task("a", .ended(.changed)) { $0.finishedAt = Timestamp(rfc3339: "2030-05-01T09:00:00Z") },
            task("b", .ended(.unchanged)) { $0.finishedAt = Timestamp(rfc3339: "2030-05-01T09:57:40Z") },
        ]
        #expect(
            summaryLines(statuses, certificates: [certificate(endingIn: 400), certificate(endingIn: 89)], at: now)
                == ["2 tasks: all succeeded, since 2030-05-01T09:57:40Z (2m 20s ago); certificates valid for 89 days"]
        )
        #expect(
            summaryLines(statuses, certificates: [certificate(endingIn: 89)], at: now, columns: 40) == [
                "2 tasks: all succeeded, since", "2030-05-01T09:57:40Z (2m 20s ago);", "certificates valid for 89 days",
            ]
        )
    }

    @Test func `failures come first, with the time of the next retry`() {
        let statuses = [
            task("a", .ended(.changed)), task("b", .ended(.failed)) { $0.retriesIn = .seconds(75) },
            task("c", .ended(.failed)) { $0.retriesIn = .seconds(32) }, task("d", .waiting), task("e", .running),
            task("f", .notYet), task("g", .notYet),
        ]
        #expect(
            summaryLines(statuses, at: now)
                == ["7 tasks: 2 failed, 1 running, 1 waiting, 2 not run yet, 1 succeeded; next retry in 32 s"]
        )
    }

    @Test func `a task whose last repetition is unknown does not count as succeeded`() {
        let unknown = task("a", .ended(.changed)) {
            $0.repetition = TaskRepetition(state: .unknown, reasons: ["cannot read '/x'"])
        }
        let statuses = [unknown, task("b", .ended(.changed))]
        #expect(summaryLines(statuses, at: now) == ["2 tasks: 1 unknown, 1 succeeded"])
        let text = statusJSON(statuses)
        #expect(text.contains(#""repetition":{"state":"unknown","reason":"cannot read '/x'"}"#))
        #expect(text.contains(#""unknown":1,"#))
        #expect(statusLines(statuses).contains("    repetition: cannot read '/x'"))
    }

    @Test func `a failure that no retry can change says so`() {
        let statuses = [task("a", .ended(.failed)) { $0.isPermanent = true }]
        #expect(summaryLines(statuses, at: now) == ["1 task: 1 failed, 0 succeeded; no retry before a change"])
    }

    @Test(arguments: [
        (-1, "a certificate has expired"), (0, "a certificate expires today"), (1, "certificates valid for 1 day"),
    ])
    func `certificates that end soon`(days: Int64, words: String) {
        let statuses = [task("a", .ended(.interrupted))]
        #expect(
            summaryLines(statuses, certificates: [certificate(endingIn: days)], at: now)
                == ["1 task: 1 interrupted, 0 succeeded; \(words)"]
        )
    }

    @Test func `below the table is the command that loads the units of tasks that were run by hand`() {
        let unit = ServiceState(UnitState(load: "not-found", active: "inactive", sub: "dead"))
        var statuses = [task("a", .notYet) { $0.add(unit) }, task("b", .ended(.changed))]
        #expect(warningLines(unitWarnings(statuses)).isEmpty)
        statuses += [task("c", .ended(.changed)) { $0.add(unit) }]
        #expect(
            warningLines(unitWarnings(statuses))
                == ["warning: systemd does not know the unit of task 'c' yet; run 'nest-bootstrap up'"]
        )
        statuses += [task("d", .ended(.failed)) { $0.add(unit) }]
        #expect(
            warningLines(unitWarnings(statuses))
                == ["warning: systemd does not know the units of tasks 'c' and 'd' yet; run 'nest-bootstrap up'"]
        )
    }

    @Test func `without tasks there is nothing to say`() { #expect(summaryLines([], at: now) == []) }
}
