public import Base
import Glibc
public import Host
import Planning

/// The records of a node's tasks, and the locks that prevent concurrent runs of the same task.
///
/// Each task has a directory, `tasks/NAME`, which is also its lock. It contains `record.json`, which only its owner can
/// open, and `public.json`, the record as every user may read it. Both include the record of the last repetition, if
/// there is one. The directory of a confined task belongs to the user of its process, so root follows no link in it.
public struct RecordStore: Sendable {
    /// The state directory, which is created before the first write or lock.
    public let path: String

    /// The identifier of the boot whose records count, `nil` if records from every boot count.
    let boot: String?

    /// The command-line arguments that select the task file and the node in suggested commands, such as `--root /mnt`.
    let callArguments: [String]

    /// The name of the record file to read; if access to it is denied, the public record is read.
    private var recordName = Self.privateName

    /// Whether the store reads and writes the records of the last repetitions.
    private var isOfRepetitions = false

    private static let privateName = "record.json"
    private static let publicName = "public.json"

    static let sizeLimit = 16 << 20

    public init(path: String, boot: String?, callArguments: [String] = []) {
        self.path = path
        self.boot = boot
        self.callArguments = callArguments
    }

    /// The store for the records of the last repetitions, for which dependants do not wait.
    ///
    /// The locks are those of the tasks, so that a task and its repetition never run at the same time.
    public var repetitions: Self {
        var store = self
        store.isOfRepetitions = true
        return store
    }

    /// The store with only the public records, even if the current user can read the full records.
    public var publicRecords: Self {
        var store = self
        store.recordName = Self.publicName
        return store
    }

    /// Creates the state directory and its subdirectory for tasks.
    public func prepare() throws(SystemError) {
        _ = try directory(isCreating: true).directory("tasks", creatingWith: 0o755)
    }

    /// Writes the record of a task or of its repetition, replacing the previous one.
    ///
    /// Records apply to one boot, so they need not survive a power failure.
    public func write(_ record: TaskRecord) throws(SystemError) {
        var record = record
        record.boot = boot ?? ""
        let directory = try directory(of: record.task, isCreating: true)
        // Without a readable record of a success, the repetition counts as the task's attempt.
        if isOfRepetitions, var repeated = try? whole(record.task, in: directory), repeated.isSuccess {
            repeated.repetitions = [record]
            record = repeated
        }
        try directory.write(stateFile(record), to: Self.privateName, mode: 0o600)
        try directory.write(stateFile(record.publicRecord), to: Self.publicName, mode: 0o644)
    }

    /// Locks a task; returns `nil` if another process, ``runner(of:)``, holds the lock.
    public func lock(_ task: String) throws(SystemError) -> FileLock? {
        try lock(task, in: directory(of: task, isCreating: true))
    }

    /// Locks a task whose directory is open.
    func lock(_ task: String, in directory: consuming DirectoryHandle) throws(SystemError) -> FileLock? {
        while true {
            guard let lock = try directory.lock() else { return nil }
            // A reset that held the lock may have removed the directory. Other processes then lock a new directory.
            let current = try self.directory(of: task, isCreating: true)
            if try current.status().identity == directory.status().identity { return lock }
            directory = current
        }
    }

    /// Returns the sorted names of the tasks that may have a record or be locked.
    public func knownTasks() throws(SystemError) -> [String] {
        do throws(SystemError) {
            let names = try directory(isCreating: false).directory("tasks", creatingWith: nil).names()
            return names.filter { !$0.hasPrefix(".") }
        } catch {
            if error.isNotFound { return [] }
            throw error
        }
    }

    /// Removes the records of tasks and everything else in the state directory, except directories of other tasks.
    ///
    /// The process must hold the locks of the tasks.
    public func remove(_ tasks: [String]) throws(SystemError) {
        for task in Set(tasks).intersection(try knownTasks()) { try FileSystem.removeTree(lockPath(task)) }
        do throws(SystemError) {
            let directory = try directory(isCreating: false)
            for name in try directory.names() where name != "tasks" {
                let isDirectory = try directory.status(name)?.kind == .directory
                if isDirectory { try FileSystem.removeTree("\(path)/\(name)") } else { try directory.remove(name) }
            }
            if try directory.status("tasks") != nil { try directory.removeDirectory("tasks") }
            let parts = try PathParts(path, "cannot remove")
            try DirectoryHandle(reaching: parts.directory, isCreating: false).removeDirectory(parts.name)
        } catch {
            guard error.isNotFound || error.code == ENOTEMPTY else { throw error }
        }
    }

    /// Returns the ID of the process that holds a task's lock, or `nil` if none is visible to this process.
    public func runner(of task: String) -> Int32? {
        let status = try? directory(of: task, isCreating: false).status()
        return status.flatMap { FileLock.holders()[$0.identity] }
    }

    /// The permissions of a task's directory; a user who cannot open it for reading cannot lock it.
    private static let directoryMode: UInt32 = 0o711

    private func lockPath(_ task: String) -> String { "\(path)/tasks/\(task)" }

    func directory(isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        try DirectoryHandle(reaching: path, isCreating: isCreating)
    }

    func directory(of task: String, isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        // The name must be a single path component.
        let isName = !task.isEmpty && !task.hasPrefix(".") && !task.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
        guard isName, task.utf8.count <= 200 else {
            let name = String(decoding: task.utf8.filter { $0 != 0 }, as: UTF8.self)
            throw SystemError("cannot keep a record of task", name, code: EINVAL, detail: "not a file name")
        }
        return try directory(isCreating: isCreating)
            .directory("tasks", creatingWith: isCreating ? 0o755 : nil)
            .directory(task, creatingWith: isCreating ? Self.directoryMode : nil, isOfService: true)
    }
}

extension RecordStore {
    /// Locks the metrics of the node; returns `nil` if another process holds the lock.
    public func lockMetrics() throws(SystemError) -> FileLock? {
        try directory(isCreating: true).lock("metrics.lock")
    }

    /// Locks the report to the cluster; returns `nil` if another process holds the lock.
    public func lockReport() throws(SystemError) -> FileLock? {
        try reportDirectory(isCreating: true).lock()
    }
}

extension RecordStore {
    /// Returns the record of a task or of its repetition, or `nil` if there is none from this boot.
    ///
    /// A user without access to the full record gets the public one.
    ///
    /// - Throws: ``Base/SystemError`` if the record exists but cannot be read, or the file is not a record of the task.
    public func record(of task: String) throws(SystemError) -> TaskRecord? {
        do throws(SystemError) {
            let record = try whole(task, in: directory(of: task, isCreating: false))
            return isOfRepetitions && record?.isSuccess == true ? record?.repetitions.first : record
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Reads a task's record with its last repetition from the task's directory; returns `nil` if there is none.
    func whole(_ task: String, in directory: borrowing DirectoryHandle) throws(SystemError) -> TaskRecord? {
        let bytes: [UInt8]
        var name = recordName
        do throws(SystemError) {
            do throws(SystemError) {
                bytes = try directory.read(name, limit: Self.sizeLimit)
            } catch  where error.code == EACCES {
                name = Self.publicName
                bytes = try directory.read(name, limit: Self.sizeLimit)
            }
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let record = stateValue(TaskRecord.self, from: bytes)
        if let record, let boot, record.boot != boot { return nil }
        guard let record, record.task == task else {
            let call = quotedShellLine(["nest-bootstrap", "run", "--task", task] + callArguments)
            let detail = "it is damaged; \(call) replaces it"
            throw SystemError("cannot read", "\(path)/tasks/\(task)/\(name)", code: Self.damageCode, detail: detail)
        }
        return record
    }

    private static let damageCode = EBADMSG

    /// Returns a task's record, or `nil` if there is no intact one from this boot; a run replaces a damaged record.
    ///
    /// - Throws: ``Base/SystemError`` if the record exists but cannot be read.
    public func intactRecord(of task: String) throws(SystemError) -> TaskRecord? {
        do throws(SystemError) {
            return try record(of: task)
        } catch {
            if error.code == Self.damageCode { return nil }
            throw error
        }
    }

    /// Returns the sorted names of the tasks that have a record from any boot.
    public func tasks() throws(SystemError) -> [String] {
        try knownTasks().filter { (try? directory(of: $0, isCreating: false).status(recordName)) != nil }
    }

    /// Returns whether a task's record shows success; a damaged record does not.
    public func hasSucceeded(_ task: String) throws(SystemError) -> Bool {
        try intactRecord(of: task)?.isSuccess == true
    }

    /// Returns the number of a task's next attempt: one more than the last attempt, or 1 after a success.
    ///
    /// It is also 1 if no record can be read.
    public func nextAttempt(of task: String) -> Int {
        guard let record = try? record(of: task), !record.isSuccess else { return 1 }
        return record.attempt + 1
    }
}

/// The files about the whole node, each of which is valid for one boot.
extension RecordStore {
    private struct NodeFile<Content: Codable>: Codable {
        var boot: String
        var content: Content
    }

    /// Reads a file about the node; returns `nil` if it cannot be read, is damaged or is from another boot.
    func read<Content: Codable>(
        _ name: String,
        in directory: (_ isCreating: Bool) throws(SystemError) -> DirectoryHandle,
    ) -> Content? {
        let bytes = try? directory(false).read(name, limit: Self.sizeLimit)
        let file = bytes.flatMap { stateValue(NodeFile<Content>.self, from: $0) }
        return file?.boot == boot ?? "" ? file?.content : nil
    }

    func write(
        _ content: some Codable,
        to name: String,
        in directory: (_ isCreating: Bool) throws(SystemError) -> DirectoryHandle,
    ) throws(SystemError) {
        try directory(true).write(stateFile(NodeFile(boot: boot ?? "", content: content)), to: name, mode: 0o644)
    }
}

extension RecordStore {
    private static let successName = "success-by-hand"

    /// Records the success of a run by hand in a file, for the next start of the task's unit.
    public func recordSuccessByHand(of task: String) throws(SystemError) {
        try directory(of: task, isCreating: true).write([], to: Self.successName, mode: 0o644)
    }

    /// Returns whether a success by hand is recorded, and deletes its file, so that only one start relies on it.
    ///
    /// The result is `false` if a later attempt has not succeeded.
    public func consumeSuccessByHand(of task: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            let directory = try directory(of: task, isCreating: false)
            guard try directory.status(Self.successName) != nil else { return false }
            try directory.remove(Self.successName)
        } catch {
            if error.isNotFound { return false }
            throw error
        }
        return try hasSucceeded(task)
    }
}
