internal import Glibc
internal import Synchronization

/// A value protected by a mutex, in a way that the thread sanitizer understands.
///
/// The sanitizer reports each contended `Mutex` as a race, because the hand-over happens in a library that is not
/// instrumented. The counter makes the hand-over visible to it.
public struct Protected<Value: ~Copyable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let turns = Atomic<UInt>(0)

    public init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Calls a closure, which must not block, with exclusive access to the value.
    public borrowing func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result,
    ) throws(Failure) -> sending Result {
        try mutex.withLock { value throws(Failure) in
            _ = turns.load(ordering: .acquiring)
            defer { turns.wrappingAdd(1, ordering: .releasing) }
            return try body(&value)
        }
    }
}

/// Runs a blocking function on a thread of its own: Swift's pool has only as many as the machine has cores.
func onTestThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        startTestThread { continuation.resume(returning: body()) }
    }
}

/// Starts a thread that ends with the test process at the latest.
func startTestThread(_ body: @escaping @Sendable () -> Void) {
    let work = unsafe Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread,
        nil,
        { context in
            if let context = unsafe context {
                unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
            }
            return nil
        },
        work.toOpaque(),
    )
    precondition(code == 0, "a test needs a thread: error \(code)")
    pthread_detach(thread)
}

/// The argument of a new thread: C passes one pointer.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
