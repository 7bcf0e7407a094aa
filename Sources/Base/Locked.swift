internal import Synchronization

/// A value protected by a mutex, in a way that the thread sanitizer understands.
///
/// The sanitizer reports each contended `Mutex` as a race, because the hand-over happens in a library that is not
/// instrumented. The counter makes the hand-over visible to the sanitizer. `make sanitize` tests this.
public struct Locked<Value: ~Copyable>: ~Copyable, Sendable {
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
