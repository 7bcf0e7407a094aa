public import Base
import Glibc

/// An exclusive lock on a file or directory, held until ``release()``, `deinit` or the end of the process.
///
/// Releasing the lock does not remove the file, because two processes could then lock two files with the same name.
/// The corresponding C function is `flock`.
public struct FileLock: ~Copyable, Sendable {
    let file: FileDescriptor

    private static let pause = Duration.milliseconds(50)

    /// Calls a function repeatedly until it returns a lock.
    ///
    /// The result is `nil` at the deadline, or if the surrounding Swift task is cancelled.
    public static func wait(
        until deadline: ContinuousClock.Instant,
        _ take: () throws(SystemError) -> FileLock?,
    ) async throws(SystemError) -> FileLock? {
        // A blocking `flock` would need a thread, and could not be cancelled.
        while true {
            if let lock = try take() { return lock }
            guard deadline > .now, (try? await ContinuousClock().sleep(for: pause)) != nil else { return nil }
        }
    }

    /// Takes ownership of an open file that is already locked.
    init(adopting file: consuming FileDescriptor) {
        self.file = file
    }

    // Closing the file is not enough: a child that is being started has it open until it executes its program.
    deinit { flock(file.raw, LOCK_UN) }

    /// Releases the lock.
    ///
    /// Called at the end of the work: otherwise, the value may be destroyed after its last use, before the work ends.
    public consuming func release() {}
}

extension FileLock {
    /// Returns the IDs of the processes that hold exclusive `flock` locks, by locked file.
    ///
    /// Processes that are not visible to this process are left out. The result is empty if the list cannot be read.
    public static func holders() -> [FileStatus.Identity: Int32] {
        let bytes = (try? readFile("/proc/locks", limit: 16 << 20)) ?? []
        return holders(in: String(decoding: bytes, as: UTF8.self))
    }

    /// Parses the content of `/proc/locks`.
    ///
    /// A line is, for example, `1: FLOCK  ADVISORY  WRITE 709 00:19:2393 0 EOF`; that of a waiting process has `->`.
    static func holders(in list: String) -> [FileStatus.Identity: Int32] {
        var holders: [FileStatus.Identity: Int32] = [:]
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 8, words[1] == "FLOCK", words[3] == "WRITE", let process = Int32(words[4]),
                let file = FileStatus.Identity(lockList: words[5])
            else { continue }
            holders[file] = process
        }
        return holders
    }
}

extension FileStatus.Identity {
    /// Parses a file's identity in `/proc/locks`, such as `fe:01:2393`: device numbers in hexadecimal, and the inode.
    fileprivate init?(lockList text: Substring) {
        let numbers = text.split(separator: ":")
        guard numbers.count == 3, let major = UInt64(numbers[0], radix: 16), let minor = UInt64(numbers[1], radix: 16),
            let inode = UInt64(numbers[2])
        else { return nil }
        // The device numbers are combined as in `makedev(3)`.
        let high = (major & ~0xfff) << 32 | (minor & ~0xff) << 12
        self.init(device: high | (major & 0xfff) << 8 | minor & 0xff, inode: inode)
    }
}
