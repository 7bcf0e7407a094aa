import Base

/// Requests shared by callers that need the same answer at the same time.
final class SharedRequests<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Answer = Result<Value, APIError>

    /// The callers that wait for a request, by number.
    private struct Waiters {
        var continuations: [UInt64: CheckedContinuation<Answer?, Never>] = [:]
    }

    private struct State {
        var requests: [Key: Waiters] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Locked(State())

    /// Returns the answer of the request in progress for a key, or makes the request.
    ///
    /// - Parameters:
    ///   - key: The key of the request.
    ///   - request: Makes the request; not called if another caller is making it.
    /// - Returns: The answer.
    /// - Throws: The request's error, and ``APIError/interrupted`` at once if the surrounding task is cancelled. If the
    ///   caller that makes the request is cancelled, another caller repeats it.
    func answer(for key: Key, _ request: () async throws(APIError) -> Value) async throws(APIError) -> Value {
        while let answer = await join(key) {
            if case .failure(.interrupted) = answer, !Task.isCancelled { continue }
            return try answer.get()
        }
        let answer: Answer
        do throws(APIError) {
            answer = .success(try await request())
        } catch {
            answer = .failure(error)
        }
        let waiters = state.withLock { $0.requests.removeValue(forKey: key) }
        for continuation in (waiters?.continuations ?? [:]).values { continuation.resume(returning: answer) }
        return try answer.get()
    }

    /// Waits for the request in progress for a key, or returns `nil` if the caller must make the request.
    private func join(_ key: Key) async -> Answer? {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFirst = state.withLock { state in
                    guard state.requests[key] != nil else {
                        state.requests[key] = Waiters()
                        return true
                    }
                    state.requests[key]?.continuations[number] = continuation
                    return false
                }
                if isFirst { continuation.resume(returning: nil) } else if Task.isCancelled { leave(key, number) }
            }
        } onCancel: {
            leave(key, number)
        }
    }

    /// Ends the wait of a cancelled caller.
    private func leave(_ key: Key, _ number: UInt64) {
        let continuation = state.withLock { $0.requests[key]?.continuations.removeValue(forKey: number) }
        continuation?.resume(returning: .failure(.interrupted))
    }
}
