import Glibc

/// The records of a node's tasks and the locks that keep two runs of one task apart.
///
/// A record is `tasks/NAME.json`, a lock `locks/NAME`. Neither needs a daemon, and both go with the directory.
public struct StateDirectory: Sendable, Hashable {
    /// Where the records are.
    public let path: String

    /// The bytes above which a record is not believed to be one of ours.
    private static let recordLimit = 16 << 20

    /// The bytes that the kernel's list of all locks may have.
    private static let lockListLimit = 16 << 20

    /// Names a directory, which is made when something is written.
    public init(_ path: String) {
        self.path = path
    }

    /// Makes the directories of records and locks where they are not there yet.
    ///
    /// - Throws: ``SystemError`` if something is in the way, or the system refuses.
    public func prepare() throws(SystemError) {
        try FileSystem.makeDirectories("\(path)/tasks")
        try FileSystem.makeDirectories("\(path)/locks")
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

    /// Takes a task's lock as soon as nobody else has it.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The lock, or `nil` if the surrounding Swift task was cancelled before.
    /// - Throws: ``SystemError`` if the name cannot be a file's or the system refuses.
    public func awaitLock(task: String) async throws(SystemError) -> TaskLock? {
        let path = try lockPath(task)
        try FileSystem.makeDirectories("\(self.path)/locks")
        return try await TaskLock.waiting(path)
    }

    /// Asks which process has a task's lock, without taking it.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The process's number, or `nil` if nobody has the lock or nobody whom we may see.
    public func lockHolder(task: String) -> Int32? {
        guard let path = try? lockPath(task), let status = try? FileSystem.status(path),
            let locks = try? FileSystem.read("/proc/locks", limit: Self.lockListLimit)
        else { return nil }
        return holder(ofLockOn: status.identity, in: String(decoding: locks, as: UTF8.self))
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
