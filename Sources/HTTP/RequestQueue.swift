import Base

/// The queue between Swift tasks and the transfer thread.
final class RequestQueue: Sendable {
    typealias Reply = Result<HTTPResponse, TransportError>

    private struct State {
        /// The requests and the numbers of cancelled requests since the last call of ``drain()``.
        var requests: [PreparedRequest] = []
        var abandoned: [UInt64] = []
        var isStopping = false
        var lastNumber: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Reply, Never>] = [:]
        var wakeup: MultiHandle.Wakeup?
        var hasEnded = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    // MARK: For tasks

    /// Sends a request and waits for its reply; cancelling the task ends the wait at once.
    func exchange(_ request: PreparedRequest) async -> Reply {
        guard !Task.isCancelled else { return .failure(.cancelled(request)) }
        var request = request
        request.number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler { [request] in
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    guard !state.isStopping, !state.hasEnded else { return false }
                    state.waiting[request.number] = continuation
                    state.requests.append(request)
                    state.wakeup?.wakeUp()
                    return true
                }
                if !isOpen { continuation.resume(returning: .failure(.cancelled(request))) }
                // `onCancel` may have run before the request was queued.
                if Task.isCancelled { cancel(request) }
            }
        } onCancel: { [request] in
            cancel(request)
        }
    }

    /// Makes the thread cancel all requests and then end.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            state.wakeup?.wakeUp()
        }
    }

    /// Waits until the thread has completed all requests and is about to end.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waitingForEnd.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func cancel(_ request: PreparedRequest) {
        let continuation = state.withLock { state in
            guard let continuation = state.waiting.removeValue(forKey: request.number) else {
                return CheckedContinuation<Reply, Never>?.none
            }
            state.abandoned.append(request.number)
            state.wakeup?.wakeUp()
            return continuation
        }
        continuation?.resume(returning: .failure(.cancelled(request)))
    }

    // MARK: For the transfer thread

    /// Sets the handle with which tasks wake up the thread.
    func open(_ wakeup: MultiHandle.Wakeup) {
        state.withLock { $0.wakeup = wakeup }
    }

    func drain() -> (requests: [PreparedRequest], abandoned: [UInt64], isStopping: Bool) {
        state.withLock { state in
            defer { (state.requests, state.abandoned) = ([], []) }
            return (state.requests, state.abandoned, state.isStopping)
        }
    }

    /// Resumes the task of a request with its reply, unless the task was cancelled.
    func deliver(_ reply: Reply, to number: UInt64) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: reply)
    }

    /// Removes the handle set by ``open(_:)`` before libcurl frees the handle.
    func close() {
        state.withLock { $0.wakeup = nil }
    }

    /// Resumes the tasks that wait for the end of the thread.
    func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waitingForEnd = [] }
            return state.waitingForEnd
        }
        for continuation in waiting { continuation.resume() }
    }
}
