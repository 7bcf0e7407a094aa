public import Base
import Glibc

/// An exclusive lock of a file or directory, held until ``release()``, or until the value or the process ends.
///
/// The file is not removed, because two processes could then hold locks of two files with the same name. The
/// corresponding C function is `flock`.
public struct FileLock: ~Copyable, Sendable {
    /// The open file.
    let file: FileDescriptor

    private static let operation = "cannot lock"

    /// Takes the lock, unless another process has it.
    ///
    /// - Parameters:
    ///   - file: The open file or directory, see ``DirectoryHandle/openLock()``.
    ///   - path: The path of the file, for messages.
    /// - Returns: The lock, or `nil` if it is taken.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public static func take(_ file: consuming FileDescriptor, _ path: String) throws(SystemError) -> FileLock? {
        do throws(SystemError) {
            try SystemError.check(operation, path) { flock(file.raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
        return FileLock(adopting: file)
    }

    /// Takes the lock as soon as no other process has it.
    ///
    /// - Parameters:
    ///   - file: The open file, as for ``take(_:_:)``.
    ///   - path: The path of the file, for messages.
    ///   - deadline: The instant after which the wait is given up.
    /// - Returns: The lock, or `nil` at the deadline or if the surrounding Swift task is cancelled first.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public static func wait(
        _ file: consuming FileDescriptor,
        _ path: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> FileLock? {
        let attempt = LockAttempt(adopting: file, isOver: try Waker(operation, path))
        let isTaken = try await onThread(operation, path) { (cancelled) throws(SystemError) in
            try attempt.take(path, until: deadline, or: cancelled)
        }
        return isTaken ? FileLock(adopting: try attempt.file.duplicate(operation, path)) : nil
    }

    /// Takes ownership of an open file that is already locked.
    init(adopting file: consuming FileDescriptor) {
        self.file = file
    }

    // Closing the file is not enough: a child that is just being started has it open until it runs its own program.
    deinit { flock(file.raw, LOCK_UN) }

    /// Releases the lock.
    ///
    /// Called at the end of the work, because a value that is not used later may be destroyed before its scope ends.
    public consuming func release() {}
}

/// A thread that waits for a lock.
///
/// The wait cannot be interrupted. After cancellation, the thread keeps waiting, and releases the lock as soon as it
/// has it.
private final class LockAttempt: Sendable {
    let file: FileDescriptor
    /// The waker that is woken when the wait has ended.
    private let isOver: Waker
    private let failure = Locked<SystemError?>(nil)

    init(adopting file: consuming FileDescriptor, isOver: Waker) {
        self.file = file
        self.isOver = isOver
    }

    /// Waits for the lock, and returns whether it was taken in time and before the wait was cancelled.
    func take(_ path: String, until deadline: ContinuousClock.Instant, or cancelled: Waker) throws(SystemError) -> Bool
    {
        try startThread {
            do throws(SystemError) {
                try SystemError.check("cannot lock", path) { flock(self.file.raw, LOCK_EX) }
            } catch {
                self.failure.withLock { $0 = error }
            }
            self.isOver.wake()
        }
        var waits = [pollfd(reading: isOver.raw), pollfd(reading: cancelled.raw)]
        while try !poll(&waits, until: deadline), .now < deadline {}
        guard waits[0].isReady else { return false }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return true
    }
}
