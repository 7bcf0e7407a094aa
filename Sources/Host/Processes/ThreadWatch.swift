public import Base
import Glibc

/// Ends the program when its tasks cannot go on because the system allows no further thread.
///
/// The pool of threads that tasks run on waits for ever for a thread that it cannot create, past every deadline.
public enum ThreadWatch {
    /// How often a task is asked for a sign.
    private static let interval = Duration.seconds(5)

    /// How many times in a row a sign is missing before a thread is tried: tasks may just be busy, or the machine suspended.
    private static let limit = 2

    /// Starts the threads that watch.
    ///
    /// - Parameters:
    ///   - ask: Starts a task that calls the closure it is given.
    ///   - end: Called on such a thread with the error of a thread that cannot be created; it must end the program.
    /// - Throws: ``Base/SystemError`` if the system allows no further thread.
    public static func start(
        asking ask: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        end: @escaping @Sendable (SystemError) -> Void,
    ) throws(SystemError) {
        let answers = Locked(0)
        // A thread of its own: starting a task also waits for a thread.
        try startThread {
            while true {
                ask { answers.withLock { $0 += 1 } }
                waitForInterval()
            }
        }
        try startThread {
            var (last, missing) = (-1, 0)
            while true {
                waitForInterval()
                let count = answers.withLock { $0 }
                missing = count == last ? missing + 1 : 0
                last = count
                if missing >= limit, let error = missingThread() { end(error) }
            }
        }
    }

    private static func waitForInterval() {
        var time = timespec(tv_sec: Int(interval.components.seconds), tv_nsec: 0)
        unsafe nanosleep(&time, nil)
    }

    /// The error of a thread that cannot be created, `nil` if it can.
    private static func missingThread() -> SystemError? {
        do throws(SystemError) {
            try startThread {}
            return nil
        } catch {
            return error
        }
    }
}
