import Glibc

/// Runs a blocking function on a thread of its own and returns what it returned.
///
/// Swift's own pool has as many threads as the machine has cores, so one blocked thread there delays every task. The
/// function is not told of cancellation: whatever it waits for needs a deadline or a wake-up of its own.
///
/// - Parameter body: The function to run.
/// - Returns: What the function returned.
/// - Throws: What the function threw, and nothing else.
public func onThread<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
        startThread {
            continuation.resume(returning: Result { () throws(Failure) in try body() })
        }
    }
    return try result.get()
}

/// Runs a blocking function that ends early when its waker is awake, which cancellation brings about.
func onThread<Value: Sendable>(
    _ operation: String,
    _ subject: String,
    _ body: @escaping @Sendable (Waker) throws(SystemError) -> Value,
) async throws(SystemError) -> Value {
    let cancelled = try Waker(operation, subject)
    let result: Result<Value, SystemError> = await withTaskCancellationHandler {
        await onThread { Result { () throws(SystemError) in try body(cancelled) } }
    } onCancel: {
        cancelled.wake()
    }
    return try result.get()
}

/// Starts a detached thread that no signal interrupts.
///
/// Where the system has no thread left, the function runs on the caller's: late is better than never.
func startThread(_ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let work = unsafe Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread,
        &attributes,
        { unsafe runThreadBody($0) },
        work.toOpaque(),
    )
    if code != 0 { unsafe work.takeRetainedValue().run() }
}

/// What a new thread is given: C passes one pointer.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Runs on the new thread; the C closure above does nothing else.
private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // The process's signals are for the thread that reads them, see Signals.
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
