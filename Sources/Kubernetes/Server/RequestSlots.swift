import Base

/// An adaptive limit on the number of concurrent requests to a server.
///
/// If an overloaded server gets many requests, it may finish none in time. The limit is low at first. It grows when
/// a request ends promptly, and is halved when a request times out or is refused because of the load.
final class RequestSlots: Sendable {
    struct State {
        var width = 4
        var runningCount = 0
        var waiting: ArraySlice<(number: UInt64, continuation: CheckedContinuation<Bool, Never>)> = []
        var lastNumber: UInt64 = 0
    }

    /// The maximum to which the number of concurrent requests can grow.
    private static let limit = 16

    /// The duration below which a request counts as prompt.
    private static let promptness = Duration.seconds(1)

    let state = Locked(State())

    /// Waits until a request may be sent; returns `false` if the surrounding Swift task is cancelled first.
    func take() async -> Bool {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    guard state.runningCount >= state.width else {
                        state.runningCount += 1
                        return true
                    }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
            }
            continuation?.resume(returning: false)
        }
    }

    /// Ends a request and admits waiting requests; `isOverload` says whether the result shows an overloaded server.
    func giveBack(sentAt start: ContinuousClock.Instant, isOverload: Bool) {
        let started = state.withLock { state in
            state.runningCount -= 1
            if isOverload {
                state.width = max(1, state.width / 2)
            } else if .now - start < Self.promptness {
                state.width = min(state.width + 1, Self.limit)
            }
            var started: [CheckedContinuation<Bool, Never>] = []
            while state.runningCount < state.width, let next = state.waiting.popFirst() {
                state.runningCount += 1
                started.append(next.continuation)
            }
            return started
        }
        for continuation in started { continuation.resume(returning: true) }
    }
}
