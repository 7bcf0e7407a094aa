import Glibc
import Locking

/// The right to run a task, held until ``release()`` or the end of the value or of the process.
///
/// The lock's file stays: to remove it would let two runs hold two files of one name.
public struct TaskLock: ~Copyable, Sendable {
    private let file: FileDescriptor

    private static let operation = "cannot lock"

    /// Takes the lock; `nil` if somebody else has it.
    init?(_ path: String) throws(SystemError) {
        let file = try Self.open(path)
        do throws(SystemError) {
            try SystemError.check(Self.operation, path) { flock(file.raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
        self.init(adopting: file)
    }

    /// Takes the lock as soon as nobody else has it; `nil` after a cancellation.
    static func waiting(_ path: String) async throws(SystemError) -> TaskLock? {
        let turn = LockTurn(
            adopting: try open(path),
            isOver: try Waker(operation, path),
        )
        let isTaken = try await onThread(operation, path) { (cancelled) throws(SystemError) in
            try turn.take(path, orUntil: cancelled)
        }
        return isTaken ? TaskLock(adopting: try turn.file.duplicate(operation, path)) : nil
    }

    private init(adopting file: consuming FileDescriptor) {
        // For people who look at the file: nothing depends on this.
        ftruncate(file.raw, 0)
        try? writeAll(Array("\(getpid())".utf8), to: file.raw)
        self.file = file
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        // Who may open the file may lock it, and nobody else is to hold a task up.
        try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, operation)
    }

    // Closing the file is not enough: a child that is just being started has it open until it runs its own program.
    deinit { flock(file.raw, LOCK_UN) }

    /// Gives the lock back.
    ///
    /// Called at the end of the work: without a later use a value may end before its scope does.
    public consuming func release() {}
}

/// The wait for a lock.
///
/// It cannot be stopped. Who gives up leaves its thread behind, which gives the lock back as soon as it has it.
private final class LockTurn: Sendable {
    let file: FileDescriptor
    /// Awake when the wait has ended.
    private let isOver: Waker
    private let failure = Locked<SystemError?>(nil)

    init(adopting file: consuming FileDescriptor, isOver: Waker) {
        self.file = file
        self.isOver = isOver
    }

    /// Waits for the lock, and tells whether it was taken before somebody cancelled.
    func take(_ path: String, orUntil cancelled: Waker) throws(SystemError) -> Bool {
        startThread {
            do throws(SystemError) {
                try SystemError.check("cannot lock", path) { flock(self.file.raw, LOCK_EX) }
            } catch {
                self.failure.withLock { $0 = error }
            }
            self.isOver.wake()
        }
        var waits = [pollfd(reading: isOver.raw), pollfd(reading: cancelled.raw)]
        while try !poll(&waits, until: .now + .seconds(3600)) {}
        guard waits[0].isReady else { return false }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return true
    }
}

/// Finds the process that has a file locked in the kernel's list of locks, `/proc/locks`.
///
/// A line of it is `1: FLOCK  ADVISORY  WRITE 709 00:19:2393 0 EOF`; one of a process that waits has `->` in it.
func holder(ofLockOn file: FileIdentity, in list: String) -> Int32? {
    let device = file.device
    let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
    let minor = device & 0xff | (device >> 12) & ~0xff
    for line in list.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count == 8, words[1] == "FLOCK", words[3] == "WRITE" else { continue }
        let numbers = words[5].split(separator: ":")
        guard numbers.count == 3, UInt64(numbers[0], radix: 16) == major, UInt64(numbers[1], radix: 16) == minor,
            UInt64(numbers[2]) == file.inode
        else { continue }
        return Int32(words[4])
    }
    return nil
}
