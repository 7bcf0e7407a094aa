import Glibc

/// Runs a blocking function on a thread of its own.
///
/// Swift's own pool has as many threads as the machine has cores, so one blocked thread there delays every task.
/// Cancellation does not reach the function: it needs its own deadline or wake-up.
///
/// - Parameter body: The function to run.
/// - Returns: The function's result.
/// - Throws: The function's error only.
public func onThread<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
        @Sendable func run() {
            continuation.resume(returning: Result { () throws(Failure) in try body() })
        }
        // Without a new thread the function runs on the caller's.
        do { try startThread(run) } catch { run() }
    }
    return try result.get()
}

/// Starts a detached thread that blocks all signals.
///
/// - Throws: ``SystemError`` if the system allows no further thread.
public func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
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
    guard code == 0 else {
        unsafe work.release()
        let detail = "\(SystemError.text(for: code)) (limited by TasksMax= of the unit, or ulimit -u)"
        throw SystemError("cannot start", "thread", code: code, detail: detail)
    }
}

/// The argument of a new thread: C passes one pointer.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Runs on the new thread; the C closure above does nothing else.
private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Signals go to the threads of the process that do not block them; see Signals in Host.
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
