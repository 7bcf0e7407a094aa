import Locking

/// What the tasks and the transfer thread hand each other.
final class Mailbox: Sendable {
    /// How a request ends.
    typealias Reply = Result<Answer, TransportError>

    /// One request, with the number by which both sides know it.
    struct Order: Sendable {
        var number: UInt64
        var request: PreparedRequest
    }

    /// What has happened since the thread last looked.
    struct News {
        var orders: [Order] = []
        var abandoned: [UInt64] = []
        var isStopping = false
    }

    private struct State {
        var news = News()
        var lastNumber: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Reply, Never>] = [:]
        var alarm: MultiHandle.Alarm?
        var hasEnded = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    // MARK: The tasks' side

    /// Hands a request over and waits for its reply; cancelling the task ends the wait at once.
    func exchange(_ request: PreparedRequest) async -> Reply {
        guard !Task.isCancelled else { return .failure(.cancelled(request)) }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                post(Order(number: number, request: request), continuation)
                // The handler below may have run meanwhile, before there was anything to cancel.
                if Task.isCancelled { abandon(number, request) }
            }
        } onCancel: {
            abandon(number, request)
        }
    }

    /// Asks the thread to end; requests that are under way end with ``TransportError/Kind/cancelled``.
    func stop() {
        state.withLock { state in
            state.news.isStopping = true
            state.alarm?.ring()
        }
    }

    /// Waits until the thread has ended and freed all it had.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waitingForEnd.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func post(_ order: Order, _ continuation: CheckedContinuation<Reply, Never>) {
        let isOpen = state.withLock { state in
            guard !state.news.isStopping, !state.hasEnded else { return false }
            state.waiting[order.number] = continuation
            state.news.orders.append(order)
            state.alarm?.ring()
            return true
        }
        if !isOpen { continuation.resume(returning: .failure(.shutDown(order.request))) }
    }

    private func abandon(_ number: UInt64, _ request: PreparedRequest) {
        let continuation = state.withLock { state in
            guard let continuation = state.waiting.removeValue(forKey: number) else {
                return CheckedContinuation<Reply, Never>?.none
            }
            state.news.abandoned.append(number)
            state.alarm?.ring()
            return continuation
        }
        continuation?.resume(returning: .failure(.cancelled(request)))
    }

    // MARK: The thread's side

    /// Lets the tasks ring from now on.
    func open(_ alarm: MultiHandle.Alarm) {
        state.withLock { $0.alarm = alarm }
    }

    /// Takes what has happened since the last call.
    func collect() -> News {
        state.withLock { state in
            defer { state.news = News(isStopping: state.news.isStopping) }
            return state.news
        }
    }

    /// Gives a request its reply, unless it has been abandoned.
    func deliver(_ reply: Reply, to number: UInt64) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: reply)
    }

    /// Takes the alarm back, before its handle is freed.
    func close() {
        state.withLock { $0.alarm = nil }
    }

    /// Says that the thread has freed all it had.
    func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waitingForEnd = [] }
            return state.waitingForEnd
        }
        for continuation in waiting { continuation.resume() }
    }
}
