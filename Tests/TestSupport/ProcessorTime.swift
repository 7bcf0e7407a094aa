internal import Glibc

/// Measures how long a function keeps a processor busy, whatever other threads and programs do meanwhile.
///
/// - Parameter body: The function, which stays on its thread.
/// - Returns: The processor time of the thread.
/// - Throws: The error of the function.
public func processorTime(of body: () throws -> Void) rethrows -> Duration {
    let start = read(CLOCK_THREAD_CPUTIME_ID)
    try body()
    return read(CLOCK_THREAD_CPUTIME_ID) - start
}

/// The processor time of all threads of this process so far, for tests in a process of their own.
public func processTime() -> Duration { read(CLOCK_PROCESS_CPUTIME_ID) }

private func read(_ clock: clockid_t) -> Duration {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
