internal import Synchronization

/// A value behind a lock, in a way that the thread sanitizer understands.
///
/// The sanitizer does not see how `Mutex` is passed on when two threads want it at once, because that happens inside
/// of a library that is not instrumented, and calls every contended `Mutex` a race. The counter is taken and passed on
/// where it does see it. `make sanitize` guards this.
public struct Locked<Value: ~Copyable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let turns = Atomic<UInt>(0)

    /// Puts a value behind a lock.
    public init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Calls a closure with the value while nobody else has it.
    ///
    /// - Parameter body: What is done with the value; it must not wait.
    /// - Returns: What the closure returned.
    /// - Throws: What the closure threw, and nothing else.
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
