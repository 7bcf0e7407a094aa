import Glibc

/// Runs a blocking function on a separate thread, or on the caller's thread if no thread can be started.
///
/// Swift's own pool has one thread per core, so a blocked thread delays other tasks. Cancellation does not reach the
/// function, which needs its own deadline or wake-up.
public func onThread<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
        @Sendable func run() {
            continuation.resume(returning: Result { () throws(Failure) in try body() })
        }
        do { try startThread(run) } catch { run() }
    }
    return try result.get()
}

/// Runs a blocking function on a separate thread, and abandons it at a deadline or on cancellation.
///
/// Intended for functions without their own deadline, such as name lookups. An abandoned function keeps running, but
/// its result is dropped, and the process can exit before the function returns.
///
/// - Returns: The function's result, or `nil` if the function was abandoned.
public func onThread<Value: Sendable>(
    until deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(SystemError) -> Value,
) async throws(SystemError) -> Value? {
    let (results, continuation) = AsyncStream.makeStream(of: Result<Value, SystemError>.self)
    try startThread {
        continuation.yield(Result { () throws(SystemError) in try body() })
        continuation.finish()
    }
    let result = await withTaskGroup(of: Result<Value, SystemError>?.self) { group in
        group.addTask { await results.first { _ in true } }
        group.addTask {
            try? await ContinuousClock().sleep(until: deadline)
            return nil
        }
        defer { group.cancelAll() }
        return await group.next()?.flatMap(\.self)
    }
    return try result?.get()
}

/// Starts a detached thread that blocks all signals.
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
        let detail = "\(SystemError.text(for: code)) (limited by TasksMax= or LimitAS= of the unit, or ulimit -u or -v)"
        throw SystemError("cannot start", "thread", code: code, detail: detail)
    }
}

/// The function that a new thread runs, in an object because C passes it as one pointer.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // The kernel delivers signals only to threads that do not block them; see Signals in Host.
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
