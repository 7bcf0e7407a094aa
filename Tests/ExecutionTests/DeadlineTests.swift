import Execution
import Planning
import Testing

@Suite(.timeLimit(.minutes(3))) struct DeadlineTests {
    /// Waits until cancelled, or for ever.
    private static func waitForCancellation() async throws {
        try await Task.sleep(for: .seconds(3600))
    }

    /// Does the step named `a` so, and every other at once.
    private func lateStep(_ body: @escaping @Sendable (StepContext) async throws -> Outcome) async -> [String] {
        let clock = ManualClock()
        let started = Gate()
        let run = Task {
            await Engine(clock: clock).run(plan("a", "b: a", "c", timeout: .seconds(60))) { step, context in
                guard step.task.name == "a" else { return .changed }
                started.open()
                return try await body(context)
            }
        }
        await started.wait()
        // The deadline counts from before the step began, so it has passed whether or not it is slept for already.
        clock.advance(by: .seconds(60))
        return await run.value.words
    }

    @Test func `a step that is late is cancelled, and says what it waited for`() async {
        let words = await lateStep { context in
            context.emit(.waiting("waiting for the API server"))
            try await Self.waitForCancellation()
            return .changed
        }
        #expect(words == ["a: failed(not done after 1m: waiting for the API server)", "b: skipped(a)", "c: changed"])
    }

    @Test func `a step that is late may not have said anything`() async {
        let words = await lateStep { _ in
            try await Self.waitForCancellation()
            return .changed
        }
        #expect(words[0] == "a: failed(not done after 1m)")
    }

    @Test func `an action that knows more about a deadline is believed`() async {
        let words = await lateStep { context in
            try? await Self.waitForCancellation()
            throw DeadlineExceeded(timeout: context.timeout, lastWaiting: "DaemonSet/x: 1 of 2 ready")
        }
        #expect(words[0] == "a: failed(not done after 1m: DaemonSet/x: 1 of 2 ready)")
    }

    @Test func `a step that succeeds in spite of its deadline has succeeded`() async {
        let words = await lateStep { _ in
            try? await Self.waitForCancellation()
            return .changed
        }
        #expect(words == ["a: changed", "b: changed", "c: changed"])
    }

    @Test func `an error before the deadline is a failure of its own`() async {
        let report = await Engine(clock: ManualClock()).run(plan("a")) { _, _ in throw Failure(description: "no") }
        #expect(report.words == ["a: failed(no)"])
    }
}

@Suite(.timeLimit(.minutes(3))) struct CancellationTests {
    /// Cancels a run as soon as the step named `a` has begun.
    private func cancelled(
        _ plan: Plan,
        concurrencyLimit: Int = 16,
        _ body: @escaping @Sendable () async throws -> Outcome,
    ) async -> [String] {
        let started = Gate()
        let run = Task {
            await Engine(clock: ManualClock(), concurrencyLimit: concurrencyLimit).run(plan) { step, _ in
                if step.task.name == "f" { throw Failure(description: "no") }
                started.open()
                return try await body()
            }
        }
        await started.wait()
        run.cancel()
        return await run.value.words
    }

    @Test func `what runs is cancelled, and nothing new starts`() async {
        let words = await cancelled(plan("a", "b: a", "c"), concurrencyLimit: 1) {
            try await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["a: interrupted", "b: interrupted", "c: interrupted"])
    }

    @Test func `a step that finishes in spite of it keeps its outcome`() async {
        let words = await cancelled(plan("a", "b: a")) {
            try? await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["a: changed", "b: interrupted"])
    }

    @Test func `any error of a cancelled step is an interruption`() async {
        let words = await cancelled(plan("a")) {
            try? await Task.sleep(for: .seconds(3600))
            throw Failure(description: "connection closed")
        }
        #expect(words == ["a: interrupted"])
    }

    @Test func `what was skipped before stays skipped`() async {
        let words = await cancelled(plan("f", "g: f", "a", "b: a"), concurrencyLimit: 1) {
            try await Task.sleep(for: .seconds(3600))
            return .changed
        }
        #expect(words == ["f: failed(no)", "g: skipped(f)", "a: interrupted", "b: interrupted"])
    }
}
