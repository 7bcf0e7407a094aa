public import Base
import Glibc
import Host

extension RecordStore {
    /// Returns a task's record, `nil` if it has not run on this boot.
    ///
    /// A user who may not read it gets the public one.
    ///
    /// - Throws: ``Base/SystemError`` if there is a record that cannot be read, or a file that is not a record of the task.
    public func record(of task: String) throws(SystemError) -> TaskRecord? {
        try record(of: task, in: openTasks())
    }

    /// Returns a task's record from the open directory of the tasks.
    func record(of task: String, in tasks: borrowing TasksDirectory) throws(SystemError) -> TaskRecord? {
        let bytes: [UInt8]
        var name = names.record
        do throws(SystemError) {
            let directory = try tasks.directory(of: task)
            do throws(SystemError) {
                bytes = try directory.read(name, limit: Self.sizeLimit)
            } catch  where error.code == EACCES {
                name = names.public
                bytes = try directory.read(name, limit: Self.sizeLimit)
            }
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let record = TaskRecord(json: bytes)
        if let record, let boot, record.boot != boot { return nil }
        guard let record, record.task == task else {
            let call = quotedShellLine(["nest-bootstrap", "run", "--task", task] + callArguments)
            let cure = isOfRepetitions ? "the next repetition" : call
            let detail = "it is damaged; \(cure) replaces it"
            throw SystemError("cannot read", "\(path)/tasks/\(task)/\(name)", code: Self.damageCode, detail: detail)
        }
        return record
    }

    /// The error number for a file that is not a record of its task.
    private static let damageCode = EBADMSG

    /// Returns a task's record, `nil` also if it is damaged, because the next run replaces it.
    ///
    /// - Throws: ``Base/SystemError`` if there is a record that cannot be read.
    public func intactRecord(of task: String) throws(SystemError) -> TaskRecord? {
        do throws(SystemError) {
            return try record(of: task)
        } catch {
            if error.code == Self.damageCode { return nil }
            throw error
        }
    }

    /// Lists the tasks that have run on this boot.
    ///
    /// - Parameter includesUnrecorded: Whether tasks that have a directory, but no record, are listed too. systemd creates
    ///   the directory before it starts the program, which writes the record; so does a run by hand, for the lock.
    /// - Returns: Their names, sorted.
    /// - Throws: ``Base/SystemError`` if the directory cannot be read; that there is none is a normal result.
    public func tasks(includesUnrecorded: Bool = false) throws(SystemError) -> [String] {
        do throws(SystemError) {
            let tasks = try directory(isCreating: false).directory("tasks", creatingWith: nil)
            let names = try tasks.names().filter { name in
                guard !name.hasPrefix("."), let task = try? tasks.directory(name, creatingWith: nil, isOfService: true)
                else {
                    return false
                }
                return includesUnrecorded || (try? task.status(self.names.record)) != nil
            }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            if error.isNotFound { return [] }
            throw error
        }
    }

    /// Whether a task's dependants may run; not after a task whose record is damaged.
    ///
    /// - Throws: ``Base/SystemError`` if there is a record that cannot be read.
    public func hasSucceeded(_ task: String) throws(SystemError) -> Bool {
        try intactRecord(of: task)?.isSuccess == true
    }

    /// The number of a task's next attempt: 1 after a success, otherwise one more than the last.
    ///
    /// A record that cannot be read does not count.
    public func nextAttempt(of task: String) -> Int {
        guard let record = try? record(of: task), !record.isSuccess else { return 1 }
        return min(record.attempt + 1, TaskRecord.attemptLimit)
    }
}
