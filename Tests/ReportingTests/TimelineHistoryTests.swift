import Base
import Execution
import Host
import State
import Testing

@testable import Reporting

/// Earlier runs and attempts of a task, of which records and the journal may not have all.
@Suite(.timeLimit(.minutes(30)))
struct TimelineHistoryTests {
    private typealias Boot = SampleBoot

    @Test func `runs after the first success are left out, and counted`() {
        let history = TaskHistory(
            lastSuccess: Timestamp(seconds: 0),
            lastEnd: Boot.runEnd(.changed, at: 5000, after: 1000, attempt: 1)
        )
        let again = Boot.record("a", .failed, at: 50_000, after: 3000, history: history, run: "r9")
        var source = TimelineSource(tasks: [Boot.task("a", .ended(.failed), again)], clock: Boot.clock)
        // The record alone does not say whether the success before it was the first.
        let record = Timeline(source)
        #expect(spans(record, "a") == ["work 0-3 (failed)"])
        #expect(record.tasks.map(\.state) == [.ended(.failed)])
        #expect(record.originTime.description == "2026-01-01T10:00:47Z")
        let note = "1 task had succeeded before on this boot: only the last run is known"
        #expect(record.notes == [note])
        source.entries = [Boot.end("a", .changed, at: 5000, after: 1000)]
        // The oldest entries of the boot are gone.
        source.journalStart = .seconds(61)
        #expect(Timeline(source).notes == [note])
        source.journalStart = .seconds(2)
        let timeline = Timeline(source)
        #expect(timeline.tasks.map(\.state) == [.ended(.changed)])
        #expect(spans(timeline, "a") == ["work 0-1 (changed)"])
        #expect(timeline.originTime.description == "2026-01-01T10:00:04Z")
        #expect(timeline.notes == ["1 later run of tasks that had succeeded before is not shown"])
    }

    @Test func `without the journal the record has the number of attempts`() {
        let fourth = Boot.runEnd(.failed, at: 5000, after: 1000, attempt: 4)
        let history = TaskHistory(lastEnd: fourth)
        let record = Boot.record("a", .changed, at: 20_000, after: 2000, attempt: 5, history: history)
        let timeline = Timeline(TimelineSource(tasks: [Boot.task("a", .ended(.changed), record)], clock: Boot.clock))
        #expect(timeline.task("a")?.attemptCount == 5)
        #expect(spans(timeline, "a") == ["work 0-1 (failed)", "pause 1-14", "work 14-16 (changed)"])
        #expect(timeline.origin == .firstKnown)
        #expect(timeline.task("a")?.started == nil)
        #expect(timeline.task("a")?.ended == .seconds(16))
        let details = ["5 attempts, the first 3 of which are not known"]
        #expect(timeline.task("a")?.details(until: timeline.end) == details)
        #expect(!timelineJSON(timeline).contains("startedSeconds"))
    }

    @Test func `a success during the boot was the first one, also without the journal`() {
        let first = Boot.runEnd(.changed, at: 5000, after: 1000, attempt: 2)
        let history = TaskHistory(lastSuccess: Timestamp(seconds: 0), lastEnd: first)
        let record = Boot.record("a", .unchanged, at: 50_000, after: 3000, history: history, run: "r9")
        var source = TimelineSource(tasks: [Boot.task("a", .ended(.unchanged), record)], clock: Boot.clock)
        source.system = SystemTimes(boot: BootTimes(unitsLoaded: .seconds(1), finished: .seconds(9)), units: [])
        let timeline = Timeline(source)
        #expect(spans(timeline, "a") == ["work 4-5 (changed)"])
        #expect(timeline.task("a")?.attemptCount == 2)
        #expect(timeline.task("a")?.started == nil)
        #expect(timeline.notes == ["1 later run of tasks that had succeeded before is not shown"])
    }
}
