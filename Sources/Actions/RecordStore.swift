public import Host

/// The records of this boot, one file a task.
public struct RecordStore: Sendable {
    private let directory: StateDirectory
    private let boot: String?

    /// Creates a store.
    ///
    /// - Parameters:
    ///   - path: The state directory, which is made when something is first written.
    ///   - boot: The boot's identifier; records of another are as good as none. `nil` where no directory outlives a boot.
    public init(path: String, boot: String?) {
        directory = StateDirectory(path)
        self.boot = boot
    }

    /// Returns a task's record, `nil` if it has not ended on this boot.
    ///
    /// - Throws: ``Host/SystemError`` if there is a record that may not be read.
    public func record(of task: String) throws(SystemError) -> TaskRecord? {
        guard let bytes = try directory.read(task: task), let record = TaskRecord(json: bytes) else { return nil }
        return (boot == nil || record.boot == boot) && record.task == task ? record : nil
    }

    /// Whether a task's dependants may run.
    ///
    /// - Throws: ``Host/SystemError`` if there is a record that may not be read.
    public func hasSucceeded(_ task: String) throws(SystemError) -> Bool {
        try record(of: task)?.isSuccess == true
    }

    /// Which attempt of a task comes next: the first after a success, or the one after the last failure.
    ///
    /// A record that cannot be read counts nothing.
    public func nextAttempt(of task: String) -> Int {
        guard let record = try? record(of: task), !record.isSuccess else { return 1 }
        return min(record.attempt + 1, TaskRecord.attemptLimit)
    }

    /// Makes the directories of records and locks, so that no task is done whose outcome cannot be kept.
    ///
    /// - Throws: ``Host/SystemError`` if they cannot be made.
    public func prepare() throws(SystemError) {
        try directory.prepare()
    }

    /// Writes a task's record in the place of its last one.
    public func write(_ record: TaskRecord) throws(SystemError) {
        var record = record
        record.boot = boot ?? ""
        try directory.write(task: record.task, record.json)
    }

    /// Locks a task against another process that would run it at the same time, `nil` while one does.
    public func lock(_ task: String) throws(SystemError) -> TaskLock? {
        try directory.lock(task: task)
    }

    /// Locks a task as soon as no other process has it locked.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The lock, or `nil` if the surrounding Swift task was cancelled before.
    /// - Throws: ``Host/SystemError`` if the state directory cannot be written.
    public func awaitLock(_ task: String) async throws(SystemError) -> TaskLock? {
        try await directory.awaitLock(task: task)
    }

    /// The process that is running a task now, `nil` if none is or none that we may see.
    public func runner(of task: String) -> Int32? {
        directory.lockHolder(task: task)
    }
}
