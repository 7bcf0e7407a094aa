import Base

/// Limits the number of parallel requests to a server, and the time that each may take.
///
/// An overloaded server may finish none of its parallel requests in time, and each request that is cut off must start
/// over. Only a few requests are therefore sent at first; prompt replies increase the number, and slow replies reduce
/// it. After a request is cut off, the number of parallel requests is divided by four, and the time that each may take
/// doubles.
final class RequestPace: Sendable {
    /// A request that may be sent.
    struct Turn: Sendable {
        /// The time limit that the server applies to the request.
        let limit: Duration
        fileprivate let number: UInt64
        fileprivate let size: Int
        fileprivate let begin: ContinuousClock.Instant
    }

    /// The outcome of a request.
    enum End: Sendable {
        /// The server has replied.
        case replied
        /// The server did not finish within the limit.
        case cutOff
        /// The server refused the request because it has too many.
        case refused
        /// The outcome says nothing about the load of the server.
        case unrelated
    }

    /// The reason why a request may not be sent.
    enum Obstacle: Error {
        /// The waiting Swift task was cancelled.
        case cancelled
        /// The deadline passed while the request waited behind other requests.
        case overdue
    }

    private struct Waiter {
        var number: UInt64
        var size: Int
        var continuation: CheckedContinuation<Result<Turn, Obstacle>, Never>
    }

    private struct State {
        var width = RequestPace.widths.first
        /// The factor by which time limits are multiplied.
        var factor = 1
        /// The sizes of the requests in progress, by number.
        var running: [UInt64: Int] = [:]
        var waiting: [Waiter] = []
        var promptCount = 0
        var lastPrompt: ContinuousClock.Instant?
        var lastNumber: UInt64 = 0
        /// The instant of the last reduction; requests that began earlier say nothing about the present `width`.
        var changedAt: ContinuousClock.Instant
    }

    /// The initial and the largest number of parallel requests, and the smallest number that slow replies lead to.
    private static let widths = (first: 8, most: 32, least: 4)

    /// The largest total size of parallel requests in bytes, unless a single request is larger.
    private static let byteLimit = 4 << 20

    /// The time limit that the server applies to a request without a body.
    ///
    /// The limit exceeds the 10 s that the server waits for an admission webhook by default, so that its error names
    /// the webhook.
    static let limit = Duration.seconds(13)

    /// The additional time to wait for a reply, so that the server's own explanation arrives.
    static let margin = Duration.seconds(2)

    /// The additional time for each MiB of the request.
    private static let limitForMebibyte = Duration.seconds(10)

    /// The longest time limit: the server ends every writing request after this time, even if the client asks for more.
    ///
    /// The source is `requestTimeoutUpperBound` in the server's package `endpoints/handlers`.
    private static let longestLimit = Duration.seconds(34)

    /// The times below which a reply is prompt and above which it is slow; both grow with the size of the request.
    private static let (promptReply, slowReply) = (Duration.milliseconds(500), Duration.seconds(2))

    /// The size in bytes from which a request may be slow although the server is prompt with other requests.
    private static let largeSize = 256 << 10

    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Locked<State>

    /// Creates the limits for a server that has not received a request yet.
    ///
    /// - Parameter now: The clock that measures replies.
    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
        state = Locked(State(changedAt: now()))
    }

    /// The number of requests that wait for their turn.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits until a request may be sent.
    ///
    /// - Parameters:
    ///   - size: The size of the body in bytes.
    ///   - deadline: The instant after which waiting is useless.
    /// - Returns: The turn, for ``end(_:_:)``.
    /// - Throws: ``Obstacle`` if the request may not be sent.
    func turn(size: Int, until deadline: ContinuousClock.Instant) async throws(Obstacle) -> Turn {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        if let turn = state.withLock({ Self.start(number, size, at: now(), &$0) }) { return turn }
        let result = await withTaskGroup(of: Result<Turn, Obstacle>?.self) { group in
            group.addTask { [self] in await wait(number, size, until: deadline) }
            group.addTask { [self] in
                if await sleep(deadline - .now) { giveUp(number, .overdue) }
                return nil
            }
            for await result in group {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            return .failure(.cancelled)
        }
        return try result.get()
    }

    private func wait(
        _ number: UInt64,
        _ size: Int,
        until deadline: ContinuousClock.Instant
    ) async -> Result<Turn, Obstacle> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Result<Turn, Obstacle>? in
                    // The wait may have been cancelled, or its deadline may have passed, before this point.
                    if Task.isCancelled { return .failure(.cancelled) }
                    if .now >= deadline { return .failure(.overdue) }
                    if let turn = Self.start(number, size, at: now(), &state) { return .success(turn) }
                    state.waiting.append(Waiter(number: number, size: size, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            giveUp(number, .cancelled)
        }
    }

    /// Records the outcome of a request, and starts waiting requests.
    func end(_ turn: Turn, _ end: End) {
        let started = state.withLock { state in
            // The count includes this request, which was in progress together with the others.
            let count = state.running.count
            state.running[turn.number] = nil
            Self.adapt(&state, turn, end, among: count, at: now())
            return Self.startWaiting(at: now(), &state)
        }
        for (continuation, turn) in started { continuation.resume(returning: .success(turn)) }
    }

    private func giveUp(_ number: UInt64, _ obstacle: Obstacle) {
        let continuation = state.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
        }
        continuation?.resume(returning: .failure(obstacle))
    }

    private static func adapt(
        _ state: inout State,
        _ turn: Turn,
        _ end: End,
        among count: Int,
        at now: ContinuousClock.Instant
    ) {
        let time = turn.begin.duration(to: now)
        let allowance = promptReply * turn.size / (1 << 20)
        let isSlow = time > slowReply + allowance * 4
        switch end {
        // Other requests got prompt replies meanwhile, so this request waited for something else, such as a webhook.
        case .cutOff where turn.size < largeSize && state.lastPrompt.map { $0 > turn.begin + time / 2 } == true: return
        case .cutOff where turn.begin >= state.changedAt:
            state.width = max(1, min(state.width, count) / 4)
            state.factor = min(state.factor * 2, 4)
        case .refused where turn.begin >= state.changedAt:
            state.width = max(1, min(state.width, count) / 2)
        case .replied where isSlow && turn.begin >= state.changedAt && state.width > widths.least:
            state.width = max(widths.least, min(state.width, count) / 2)
        case .replied where time < promptReply + allowance:
            state.promptCount += 1
            state.lastPrompt = now
            guard state.promptCount >= state.width else { return }
            state.promptCount = 0
            state.width = min(state.width * 2, widths.most)
            if state.width == widths.most { state.factor = 1 }
            return
        case .replied, .cutOff, .refused, .unrelated: return
        }
        state.promptCount = 0
        state.changedAt = now
    }

    /// Starts a request if the number and size of the requests in progress allow it.
    private static func start(
        _ number: UInt64,
        _ size: Int,
        at now: ContinuousClock.Instant,
        _ state: inout State
    ) -> Turn? {
        let bytes = state.running.values.reduce(0, +)
        guard state.running.isEmpty || state.running.count < state.width && bytes + size <= byteLimit else {
            return nil
        }
        state.running[number] = size
        let limit = (limit + limitForMebibyte * size / (1 << 20)) * state.factor
        return Turn(limit: min(limit, longestLimit), number: number, size: size, begin: now)
    }

    /// Starts the waiting requests that may be sent; a large request does not delay small ones.
    private static func startWaiting(
        at now: ContinuousClock.Instant,
        _ state: inout State
    ) -> [(CheckedContinuation<Result<Turn, Obstacle>, Never>, Turn)] {
        var started: [(CheckedContinuation<Result<Turn, Obstacle>, Never>, Turn)] = []
        var left: [Waiter] = []
        for waiter in state.waiting {
            if let turn = start(waiter.number, waiter.size, at: now, &state) {
                started.append((waiter.continuation, turn))
            } else {
                left.append(waiter)
            }
        }
        state.waiting = left
        return started
    }
}
