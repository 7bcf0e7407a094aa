import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct DeadlineTests {
    /// Waits until cancelled, or for ever.
    private static func waitForCancellation() async throws {
        try await Task.sleep(for: .seconds(3600))
    }

    /// Performs the step named `a` with a closure, and every other at once.
    private func lateStep(_ body: @escaping @Sendable (StepContext) async throws -> Outcome) async -> [String] {
        let clock = ManualClock()
        let started = Gate()
        let run = Task {
            await Engine(clock: clock).run(planOfLines("a", "b: a", "c", timeout: .seconds(60))) { step, context in
                guard step.task.name == "a" else { return .changed }
                started.open()
                return try await body(context)
            }
        }
        await started.wait()
        // The time counts from before the step began, so it has passed whether or not it is slept for already.
        clock.advance(by: .seconds(70))
        return await run.value.words
    }

    @Test func `a late step is cancelled, and its error says what it was waiting for`() async {
        let words = await lateStep { context in
            context.emit(.waiting(Wait(.init(.server, "API server 10.0.0.1:6443"))))
            try await Self.waitForCancellation()
            return .changed
        }
        #expect(words == ["a: failed(timed out after 1m: API server 10.0.0.1:6443)", "b: skipped(a)", "c: changed"])
    }

    @Test func `a late step may have reported nothing`() async {
        let words = await lateStep { _ in
            try await Self.waitForCancellation()
            return .changed
        }
        #expect(words[0] == "a: failed(timed out after 1m)")
    }

    @Test func `the error of an action about its deadline is used`() async {
        let words = await lateStep { context in
            try? await Self.waitForCancellation()
            throw DeadlineExceeded(timeout: context.timeout, lastWaiting: "DaemonSet/x: 1 of 2 ready")
        }
        #expect(words[0] == "a: failed(timed out after 1m: DaemonSet/x: 1 of 2 ready)")
    }

    @Test func `a step that succeeds after its deadline has succeeded`() async {
        let words = await lateStep { _ in
            try? await Self.waitForCancellation()
            return .changed
        }
        #expect(words == ["a: changed", "b: changed", "c: changed"])
    }

    @Test func `an error before the deadline is a failure of its own`() async {
        let report = await Engine(clock: ManualClock()).run(planOfLines("a")) { _, _ in throw Failure(description: "no")
        }
        #expect(report.words == ["a: failed(no)"])
    }
}

@Suite(.timeLimit(.minutes(15))) struct CancellationTests {
    /// Cancels a run as soon as a step other than `f` has begun, and `f` has failed.
    private func cancelled(
        _ plan: Plan,
        _ body: @escaping @Sendable () async throws -> Outcome,
    ) async -> [String] {
        let (started, failed) = (Gate(), Gate())
        let engine = Engine(
            clock: ManualClock(),
            emit: { event in
                if event.task == "f", case .taskFinished = event.kind { failed.open() }
            },
        )
        let run = Task {
            await engine.run(plan) { step, _ in
                if step.task.name == "f" { throw Failure(description: "no") }
                if plan.position(of: "f") != nil { await failed.wait() }
                started.open()
                return try await body()
            }
        }
        await started.wait()
        run.cancel()
        return await run.value.words
    }

    @Test func `what runs is cancelled, and nothing new starts`() async {
        let words = await cancelled(planOfLines("a", "b: a", "c")) {
            try await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["a: interrupted", "b: interrupted", "c: interrupted"])
    }

    @Test func `a step that finishes after a cancellation keeps its outcome`() async {
        let words = await cancelled(planOfLines("a", "b: a")) {
            try? await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["a: changed", "b: interrupted"])
    }

    @Test func `any error of a cancelled step is an interruption`() async {
        let words = await cancelled(planOfLines("a")) {
            try? await Task.sleep(for: .seconds(3600))
            throw Failure(description: "connection closed")
        }
        #expect(words == ["a: interrupted"])
    }

    @Test(arguments: [true, false])
    func `objects that fail are reported after a deadline, and not after an interruption`(isLate: Bool) async {
        let clock = ManualClock()
        let started = Gate()
        let failures = Locked(0)
        let engine = Engine(
            clock: clock,
            emit: { event in
                if case .objectFailed = event.kind { failures.withLock { $0 += 1 } }
            },
        )
        let run = Task {
            await engine.run(planOfLines("a", timeout: .seconds(60))) { _, context in
                started.open()
                try? await Task.sleep(for: .seconds(3600))
                for name in ["x", "y"] { context.emit(.objectFailed(.init(name, [Problem("not applied")]))) }
                throw Failure(description: "2 of 2 objects could not be applied")
            }
        }
        await started.wait()
        if isLate { clock.advance(by: .seconds(70)) } else { run.cancel() }
        #expect(await run.value.words == [isLate ? "a: failed(timed out after 1m)" : "a: interrupted"])
        #expect(failures.withLock { $0 } == (isLate ? 2 : 0))
    }

    @Test func `what was skipped before stays skipped`() async {
        let words = await cancelled(planOfLines("f", "g: f", "a", "b: a")) {
            try await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["f: failed(no)", "g: skipped(f)", "a: interrupted", "b: interrupted"])
    }
}
