import Base
import TestSupport
import Testing
@testable import Kubernetes

/// How many requests a server gets at a time.
@Suite(.timeLimit(.minutes(30)))
struct RequestPaceTests {
    private let deadline = ContinuousClock.now + .seconds(600)

    /// A pace whose clock hardly moves: every reply is prompt, however busy the machine is.
    private func newPace() -> RequestPace {
        let (start, readings) = (ContinuousClock.now, Counter())
        return RequestPace(now: { start + .microseconds(readings.next()) })
    }

    /// Begins requests until one has to wait.
    private func beginAll(_ pace: RequestPace, size: Int = 0) async -> [RequestPace.Turn] {
        var turns: [RequestPace.Turn] = []
        while turns.count < 200, let turn = try? await pace.turn(size: size, until: .now) { turns.append(turn) }
        return turns
    }

    @Test func `prompt replies allow more requests`() async {
        let pace = newPace()
        var widths: [Int] = []
        for _ in 0..<4 {
            let turns = await beginAll(pace)
            widths.append(turns.count)
            for turn in turns { pace.end(turn, .replied) }
        }
        #expect(widths == [8, 16, 32, 32])
    }

    @Test func `after requests that were cut off one goes on, and each may take longer`() async throws {
        let pace = newPace()
        var turns = await beginAll(pace)
        let limits = turns.map(\.limit)
        #expect(Set(limits) == [.seconds(13)])
        // All of them were under way together, and say the same.
        for turn in turns { pace.end(turn, .cutOff) }
        turns = await beginAll(pace)
        #expect(turns.count == 2)
        #expect(turns[0].limit == .seconds(26))
        for turn in turns { pace.end(turn, .cutOff) }
        turns = await beginAll(pace)
        #expect(turns.count == 1)
        #expect(turns[0].limit == .seconds(34))
        pace.end(turns[0], .replied)
        #expect(await beginAll(pace).count == 2)
    }

    @Test func `what says nothing about the server changes nothing`() async {
        let pace = newPace()
        for turn in await beginAll(pace) { pace.end(turn, .unrelated) }
        #expect(await beginAll(pace).count == 8)
    }

    @Test func `large requests are few at a time, may take longer, and hold up no small ones`() async throws {
        let pace = newPace()
        let large = await beginAll(pace, size: 3 << 19)
        #expect(large.count == 2)
        #expect(large[0].limit == .seconds(28))
        let (entered, said) = AsyncStream<String>.makeStream()
        async let third: Void = {
            _ = try? await pace.turn(size: 3 << 19, until: deadline)
            said.yield("large")
        }()
        #expect(try await becomes { pace.waitingCount == 1 })
        let small = try await pace.turn(size: 1000, until: deadline)
        said.yield("small")
        var order = entered.makeAsyncIterator()
        #expect(await order.next() == "small")
        pace.end(small, .replied)
        pace.end(large[0], .replied)
        #expect(await order.next() == "large")
        await third
        // A single request may be of any size.
        let huge = try await newPace().turn(size: 100 << 20, until: deadline)
        #expect(huge.limit == .seconds(34))
    }

    @Test func `waiting ends with the deadline, and when the task is cancelled`() async throws {
        let pace = newPace()
        let turns = await beginAll(pace)
        #expect(turns.count == 8)
        await #expect(throws: RequestPace.Obstacle.overdue) {
            try await pace.turn(size: 0, until: .now + .milliseconds(50))
        }
        let waiting = Task { [deadline] in try await pace.turn(size: 0, until: deadline) }
        #expect(try await becomes { pace.waitingCount == 1 })
        waiting.cancel()
        await #expect(throws: RequestPace.Obstacle.cancelled) { try await waiting.value }
        pace.end(turns[0], .replied)
        #expect(await beginAll(pace).count == 1, "nobody who has gone holds a turn")
    }
}
