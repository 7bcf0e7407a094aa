import Glibc

/// The records of a node's tasks and the locks that keep two runs of one task apart.
///
/// A record is `tasks/NAME.json`, a lock `locks/NAME`. Neither needs a daemon, and both go with the directory.
public struct StateDirectory: Sendable, Hashable {
    /// Where the records are.
    public let path: String

    /// The bytes above which a record is not believed to be one of ours.
    private static let recordLimit = 16 << 20

    /// Names a directory, which is made when something is written.
    public init(_ path: String) {
        self.path = path
    }

    /// Writes a task's record in place of the one before.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - bytes: The record, which everybody on the machine may read.
    /// - Throws: ``SystemError`` if the name cannot be a file's or the system refuses.
    public func write(task: String, _ bytes: [UInt8]) throws(SystemError) {
        try FileSystem.write(bytes, to: recordPath(task), mode: 0o644)
    }

    /// Reads a task's record.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The record, or `nil` if there is none.
    /// - Throws: ``SystemError`` if there is one that cannot be read.
    public func read(task: String) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try FileSystem.read(recordPath(task), limit: Self.recordLimit)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Lists the tasks that have a record.
    ///
    /// - Returns: Their names, sorted; none if there is no directory yet.
    /// - Throws: ``SystemError`` if there is a directory that cannot be read.
    public func tasks() throws(SystemError) -> [String] {
        do throws(SystemError) {
            return try FileSystem.list("\(path)/tasks")
                .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
                .map { String($0.dropLast(".json".count)) }
        } catch {
            if error.isNotFound { return [] }
            throw error
        }
    }

    /// Takes a task's lock if nobody has it, without waiting.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The lock, or `nil` if somebody has it, see ``lockHolder(task:)``.
    /// - Throws: ``SystemError`` if the name cannot be a file's or the system refuses.
    public func lock(task: String) throws(SystemError) -> TaskLock? {
        let path = try lockPath(task)
        try FileSystem.makeDirectories("\(self.path)/locks")
        return try TaskLock(path)
    }

    /// Asks which process took a task's lock last.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The process's number, or `nil` if that is not known. It may have ended since.
    public func lockHolder(task: String) -> Int32? {
        guard let path = try? lockPath(task), let bytes = try? FileSystem.read(path, limit: 32) else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self))
    }

    private func recordPath(_ task: String) throws(SystemError) -> String {
        try checkName(task)
        return "\(path)/tasks/\(task).json"
    }

    private func lockPath(_ task: String) throws(SystemError) -> String {
        try checkName(task)
        return "\(path)/locks/\(task)"
    }

    /// Refuses a name that would lead to a file elsewhere.
    private func checkName(_ task: String) throws(SystemError) {
        let operation = "cannot keep a record of task"
        try SystemError.checkPath(operation, task)
        if task.hasPrefix(".") || task.utf8.contains(UInt8(ascii: "/")) || task.utf8.count > 200 {
            throw SystemError(operation, task, code: EINVAL, detail: "the name cannot be a file's")
        }
    }
}

/// The right to run a task, held until ``release()`` or the end of the value or of the process.
///
/// The lock's file stays: to remove it would let two runs hold two files of one name.
public struct TaskLock: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Takes the lock; `nil` if somebody else has it.
    fileprivate init?(_ path: String) throws(SystemError) {
        let operation = "cannot lock"
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o644, operation)
        do throws(SystemError) {
            try SystemError.check(operation, path) { flock(file.raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
        // For the words of those who do not get it: nothing depends on this.
        ftruncate(file.raw, 0)
        try? writeAll(Array("\(getpid())".utf8), to: file.raw)
        self.file = file
    }

    // Closing the file is not enough: a child that is just being started has it open until it runs its own program.
    deinit { flock(file.raw, LOCK_UN) }

    /// Gives the lock back.
    ///
    /// Called at the end of the work: without a later use a value may end before its scope does.
    public consuming func release() {}
}
