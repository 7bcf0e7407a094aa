import Base
import Execution
import Host
import State
import Testing

@testable import Reporting

/// Earlier runs and attempts of a task, not all of which may be known.
@Suite(.timeLimit(.minutes(5)))
struct TimelineHistoryTests {
    private typealias Boot = SampleBoot

    @Test func `runs after the first success are left out`() {
        let history = TaskHistory(lastSuccess: Timestamp(seconds: 0))
        let again = Boot.record("a", .failed, at: 50_000, after: 3000, history: history)
        let first = Boot.attempt(.changed, at: 5000, after: 1000)
        let task = Boot.task("a", .ended(.failed), again, earlier: [first])
        let timeline = Timeline(TimelineSource(tasks: [task], clock: Boot.clock))
        #expect(timeline.tasks.map(\.state) == [.ended(.changed)])
        #expect(spans(timeline, "a") == ["work 0-1 (changed)"])
        #expect(timeline.originTime.description == "2026-01-01T10:00:04Z")
        #expect(timeline.notes == ["later runs of 1 task that had succeeded before are not shown"])
    }

    @Test func `an interrupted run that has left the first success as it was is no later run`() {
        let first = Boot.attempt(.changed, at: 5000, after: 1000)
        let record = Boot.record("a", .changed, at: 5000, after: 1000)
        let task = Boot.task("a", .ended(.changed), record, earlier: [first])
        let timeline = Timeline(TimelineSource(tasks: [task], clock: Boot.clock))
        #expect(spans(timeline, "a") == ["work 0-1 (changed)"])
        #expect(timeline.notes.isEmpty)
    }

    @Test func `without the first success only the last run is known`() {
        let history = TaskHistory(lastSuccess: Timestamp(seconds: 0))
        let again = Boot.record("a", .failed, at: 50_000, after: 3000, history: history)
        let timeline = Timeline(TimelineSource(tasks: [Boot.task("a", .ended(.failed), again)], clock: Boot.clock))
        #expect(spans(timeline, "a") == ["work 0-3 (failed)"])
        #expect(timeline.notes == ["1 task had succeeded before on this boot: only the last run is known"])
    }

    @Test func `the first attempts of a task may not be known`() {
        let fourth = Boot.attempt(.failed, at: 5000, after: 1000, number: 4)
        let record = Boot.record("a", .changed, at: 20_000, after: 2000, attempt: 5)
        let task = Boot.task("a", .ended(.changed), record, earlier: [fourth])
        let timeline = Timeline(TimelineSource(tasks: [task], clock: Boot.clock))
        #expect(timeline.task("a")?.attemptCount == 5)
        #expect(spans(timeline, "a") == ["work 0-1 (failed)", "pause 1-14", "work 14-16 (changed)"])
        #expect(timeline.origin == .firstKnown)
        #expect(timeline.task("a")?.started == nil)
        #expect(timeline.task("a")?.ended == .seconds(16))
        let details = ["5 attempts, the first 3 of which are not known"]
        #expect(timeline.task("a")?.details(until: timeline.end) == details)
        #expect(!timelineJSON(timeline).contains("startedSeconds"))
    }

    @Test func `an earlier attempt whose process was killed ends with its last wait`() {
        let killed = Boot.attempt(nil, at: 5000, waits: [Boot.wait(.server, "s", "refused", from: 6000)])
        let record = Boot.record("a", .changed, at: 20_000, after: 2000, attempt: 2)
        let task = Boot.task("a", .ended(.changed), record, earlier: [killed])
        let timeline = Timeline(TimelineSource(tasks: [task], clock: Boot.clock))
        #expect(spans(timeline, "a") == ["work 0-1 (interrupted)", "pause 1-13", "work 13-15 (changed)"])
    }
}
