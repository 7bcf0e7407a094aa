public import Base
import Glibc

/// A watchdog that ends the program if its tasks hang because no further thread can be created.
///
/// The thread pool that tasks run on waits forever for a thread that it cannot create, past every deadline.
public enum ThreadWatch {
    /// The interval at which a test task is started, which must answer.
    private static let interval = Duration.seconds(5)

    /// The number of missing answers in a row after which a thread is started as a test.
    ///
    /// An answer may also be missing because tasks are busy or the machine was suspended.
    private static let limit = 2

    /// Starts the threads of the watchdog.
    ///
    /// - Parameters:
    ///   - ask: A function that starts a task which calls the given closure.
    ///   - end: Called on a thread of the watchdog with the error of a thread that cannot be created. The function
    ///     must end the program.
    /// - Throws: ``Base/SystemError`` if the threads cannot be created.
    public static func start(
        asking ask: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        end: @escaping @Sendable (SystemError) -> Void,
    ) throws(SystemError) {
        let answers = Locked(0)
        // Tasks are started on a separate thread, because starting a task also waits for a thread.
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

    /// Returns the error if a thread cannot be created, otherwise `nil`.
    private static func missingThread() -> SystemError? {
        do throws(SystemError) {
            try startThread {}
            return nil
        } catch {
            return error
        }
    }
}
