import Base

/// Runs a blocking function on a separate thread; cancellation wakes the waker that the function receives.
///
/// - Throws: The function's error, or ``Base/SystemError`` if the waker cannot be created or the thread cannot be
///   started.
func onThread<Value: Sendable>(
    _ operation: String,
    _ subject: String,
    _ body: @escaping @Sendable (Waker) throws(SystemError) -> Value,
) async throws(SystemError) -> Value {
    let cancelled = try Waker(operation, subject)
    let result: Result<Value, SystemError> = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try startThread {
                    continuation.resume(returning: Result { () throws(SystemError) in try body(cancelled) })
                }
            } catch {
                // The function is not run on the caller's thread, because it may block until the task's deadline.
                let failure = SystemError(operation, subject, code: error.code, detail: "\(error)")
                continuation.resume(returning: .failure(failure))
            }
        }
    } onCancel: {
        cancelled.wake()
    }
    return try result.get()
}
