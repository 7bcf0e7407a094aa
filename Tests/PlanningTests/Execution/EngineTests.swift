import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct EngineTests {
    @Test func `every step runs after what it depends on`() async {
        let order = Locked<[String]>([])
        let report = await Engine(clock: ManualClock()).run(planOfLines("a", "b: a", "c: a", "d: b c")) { step, _ in
            order.withLock { $0.append(step.task.name) }
            return step.task.name == "a" ? .changed : .unchanged
        }
        let names = order.withLock { $0 }
        #expect(names.first == "a" && names.last == "d" && names.count == 4)
        #expect(report.words == ["a: changed", "b: unchanged", "c: unchanged", "d: unchanged"])
    }

    @Test func `steps run side by side`() async {
        let gates = [Gate(), Gate()]
        // Each opens the other's gate: one after the other they would wait for ever.
        let report = await Engine(clock: ManualClock()).run(planOfLines("a", "b")) { step, _ in
            let index = step.task.name == "a" ? 0 : 1
            gates[1 - index].open()
            await gates[index].wait()
            return .changed
        }
        #expect(report.words == ["a: changed", "b: changed"])
    }

    @Test func `every task is concluded once, before its last event and before its dependants start`() async {
        let log = Locked<[String]>([])
        @Sendable func add(_ line: String) { log.withLock { $0.append(line) } }
        let engine = Engine(
            clock: ManualClock(),
            emit: { event in
                if case .taskFinished = event.kind { add("\(event.task ?? "") finished") }
            },
            conclude: { add("\($0.task) \($0.outcome.name)") },
        )
        _ = await engine.run(planOfLines("a", "b: a", "c: b")) { step, _ in
            add("\(step.task.name) runs")
            return step.task.name == "a" ? .changed : .failed(Failure(description: "no"))
        }
        let expected = "a runs,a changed,a finished,b runs,b failed,b finished,c skipped,c finished"
        #expect(log.withLock { $0 } == expected.split(separator: ",").map(String.init))
    }

    @Test func `when a step fails its dependants are skipped and everything else goes on`() async {
        let recorder = Recorder()
        let engine = Engine(clock: ManualClock(), emit: { recorder.record($0) })
        let report = await engine.run(planOfLines("a", "b: a", "c: b", "x", "y: x")) { step, _ in
            if step.task.name == "a" { throw Failure(description: "no") }
            return .changed
        }
        #expect(report.words == ["a: failed(no)", "b: skipped(a)", "c: skipped(b)", "x: changed", "y: changed"])
        let ofTasks = [
            "a: started symlink", "a: failed(no) after 0s", "b: skipped(a) after 0s", "c: skipped(b) after 0s",
            "x: started symlink", "x: changed after 0s", "y: started symlink", "y: changed after 0s",
        ]
        let all = recorder.all
        #expect(all.first == "run of 5" && all.last == "report of 5")
        #expect(all.dropFirst().dropLast().sorted() == ofTasks.sorted())
    }

    @Test(arguments: [true, false])
    func `the reason for skipping does not depend on which failure came first`(_ isFirstSlow: Bool) async {
        let gate = Gate()
        let slow = isFirstSlow ? "a" : "b"
        let report = await Engine(clock: ManualClock()).run(planOfLines("a", "b", "c: b a")) { step, _ in
            if step.task.name == slow { await gate.wait() } else { gate.open() }
            return .failed(Failure(description: step.task.name))
        }
        #expect(report.words == ["a: failed(a)", "b: failed(b)", "c: skipped(b a)"])
    }

    @Test func `an empty plan is done at once`() async {
        #expect(await Engine().run(Plan(steps: [])) { _, _ in .changed }.entries.isEmpty)
    }

    @Test func `a chain of 10,000 steps of which the first fails is skipped to its end`() async {
        let location = planOfLines("a").steps[0]
        let steps = (0..<10_000).map { index in
            var step = location
            step.task.name = "t\(index)"
            step.dependencies = index == 0 ? [] : [index - 1]
            return step
        }
        let report = await Engine(clock: ManualClock()).run(Plan(steps: steps)) { _, _ in
            throw Failure(description: "no")
        }
        #expect(report.words.last == "t9999: skipped(t9998)")
    }

    @Test func `a reason for waiting is reported again only when it changes`() async {
        let recorder = Recorder()
        _ = await Engine(clock: ManualClock()) { recorder.record($0) }.run(planOfLines("a")) { _, context in
            for text in ["x", "x", "y", "y", "x"] { context.emit(.waiting(Wait(.init(.condition, text)))) }
            return .unchanged
        }
        #expect(recorder.all.filter { $0.contains("waiting") } == ["a: waiting x", "a: waiting y", "a: waiting x"])
    }

    @Test func `durations are those of the clock`() async {
        let clock = ManualClock()
        let report = await Engine(clock: clock).run(planOfLines("a")) { _, context in
            clock.advance(by: .seconds(90))
            #expect(context.remaining == .seconds(510))
            return .changed
        }
        #expect(report.entries[0].duration == .seconds(90))
    }
}
