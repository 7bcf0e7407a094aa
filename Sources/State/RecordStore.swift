public import Base
import Glibc
public import Host

/// The records of a node's tasks, and the locks that keep two runs of one task apart.
///
/// Each task has a directory, `tasks/NAME`, with `record.json`, which only its owner can open, and `public.json`, the record
/// as every user may read it; `repetition.json` and `repetition-public.json` are about its last repetition. The
/// directory is the task's lock. It belongs to the user of the task's unit, who can write
/// nothing else here: root follows no link in it, and expects any content. The directory `products` in it has files and
/// links that the task's unit has made and that are not in place yet.
public struct RecordStore: Sendable {
    /// The state directory, which is created when something is written.
    public let path: String

    let boot: String?

    /// The flags of a call that is to be about the same node.
    let callArguments: [String]

    /// The names of the record's files in the directory of a task.
    private(set) var names = Names(record: "record.json", public: "public.json")

    struct Names: Sendable {
        var record: String
        let `public`: String
    }

    /// Whether only what every user may read is read.
    private var isPublic = false

    /// Whether these are the records of the last repetitions.
    private(set) var isOfRepetitions = false

    /// The largest file that is read as a record.
    static let sizeLimit = 16 << 20

    /// The bytes that a task's first record reserves, so that its last one fits a full disk.
    static let reservedSize = 4096

    /// Creates a store.
    ///
    /// - Parameters:
    ///   - path: The state directory.
    ///   - boot: The boot's identifier; records of other boots are ignored. `nil` if the directory does not outlive a boot.
    ///   - callArguments: The flags of a call that is to be about the same node, such as `--root` and `/mnt`.
    public init(path: String, boot: String?, callArguments: [String] = []) {
        self.path = path
        self.boot = boot
        self.callArguments = callArguments
    }

    /// The records of the last repetitions, beside those of the runs that dependants wait for.
    ///
    /// Locks and products are the same: a task and its repetition do not run at the same time.
    public var repetitions: Self {
        var store = self
        store.names = Names(record: "repetition.json", public: "repetition-public.json")
        store.isOfRepetitions = true
        return isPublic ? store.publicRecords : store
    }

    /// The records as every user may read them, also if root reads them.
    public var publicRecords: Self {
        var store = self
        store.isPublic = true
        store.names.record = names.public
        return store
    }

    /// Creates the state directory, so that no task runs whose outcome cannot be recorded.
    ///
    /// - Throws: ``Base/SystemError`` if it cannot be created.
    public func prepare() throws(SystemError) {
        _ = try directory(isCreating: true).directory("tasks", creatingWith: 0o755)
    }

    /// Writes a task's record in place of the last one.
    ///
    /// Records are about one boot, so they need not survive a power failure. On a full disk the record of a task that has
    /// ended takes the space that its first record has reserved, shortened if necessary.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func write(_ record: TaskRecord) throws(SystemError) {
        var record = record
        record.boot = boot ?? ""
        let directory = try directory(of: record.task, isCreating: true)
        try write(record, to: names.record, mode: 0o600, in: directory)
        record.reason = record.publicReason
        try write(record, to: names.public, mode: 0o644, in: directory)
    }

    /// Changes what the record of a task leaves to later ones, and nothing else of it.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - change: Changes the history.
    /// - Throws: ``Base/SystemError`` if there is no record, or the system refuses.
    public func updateHistory(of task: String, _ change: (inout TaskHistory) -> Void) throws(SystemError) {
        let directory = try directory(of: task, isCreating: true)
        for (name, mode) in [(names.record, UInt32(0o600)), (names.public, 0o644)] {
            guard var record = TaskRecord(json: try directory.read(name, limit: Self.sizeLimit)) else { continue }
            change(&record.history)
            try write(record, to: name, mode: mode, in: directory)
        }
    }

    private func write(
        _ record: TaskRecord,
        to name: String,
        mode: UInt32,
        in directory: borrowing DirectoryHandle,
    ) throws(SystemError) {
        var record = record
        let size = record.outcome == nil ? Self.reservedSize : 0
        do throws(SystemError) {
            try directory.write(record.json(padded: size), to: name, mode: mode)
        } catch {
            guard error.code == ENOSPC || error.code == EDQUOT else { throw error }
            while record.json().count > Self.reservedSize, let reason = record.reason {
                record.reason = reason.count > 1 ? String(reason.prefix(reason.count / 2)) : nil
            }
            do throws(SystemError) {
                try directory.overwrite(record.json(padded: Self.reservedSize), at: name)
            } catch _ {
                throw error
            }
        }
    }

    /// Locks a task against other processes, unless one is running it.
    ///
    /// - Returns: The lock, or `nil` if it is taken, see ``runner(of:)``.
    /// - Throws: ``Base/SystemError`` if the state directory cannot be written.
    public func lock(_ task: String) throws(SystemError) -> FileLock? {
        while true {
            let directory = try directory(of: task, isCreating: true)
            let identity = try directory.status().identity
            guard let lock = try FileLock.take(try directory.openLock(), lockPath(task)) else { return nil }
            if isCurrent(identity, of: task) { return lock }
        }
    }

    /// Whether a directory is still that of a task: a reset that had its lock may have removed it.
    private func isCurrent(_ identity: FileStatus.Identity, of task: String) -> Bool {
        (try? directory(of: task, isCreating: false).status().identity) == identity
    }

    /// Locks a task as soon as no other process is running it.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - deadline: The instant after which it is not waited for.
    /// - Returns: The lock, or `nil` if time was up or the surrounding Swift task was cancelled first.
    /// - Throws: ``Base/SystemError`` if the state directory cannot be written.
    public func awaitLock(
        _ task: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> FileLock? {
        while true {
            let directory = try directory(of: task, isCreating: true)
            let identity = try directory.status().identity
            let file = try directory.openLock()
            guard let lock = try await FileLock.wait(file, lockPath(task), until: deadline) else { return nil }
            if isCurrent(identity, of: task) { return lock }
        }
    }

    /// Lists the tasks that have a directory here, and so may have a record or be locked.
    ///
    /// - Returns: Their names, in no order.
    /// - Throws: ``Base/SystemError`` if the directory cannot be read; that there is none is a normal result.
    public func knownTasks() throws(SystemError) -> [String] {
        do throws(SystemError) {
            let names = try directory(isCreating: false).directory("tasks", creatingWith: nil).names()
            return names.filter { !$0.hasPrefix(".") }
        } catch {
            if error.isNotFound { return [] }
            throw error
        }
    }

    /// Removes the records of tasks and everything else here, but no directory of another task.
    ///
    /// - Parameter tasks: The tasks, whose locks the process has.
    /// - Throws: ``Base/SystemError`` if the system refuses.
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

    /// The process that is running a task now, `nil` if none that is visible here is.
    public func runner(of task: String) -> Int32? {
        runner(of: task, in: .current(), openTasks())
    }

    /// The process that is running a task according to a list of locks.
    func runner(of task: String, in locks: LockTable, _ tasks: borrowing TasksDirectory) -> Int32? {
        guard !locks.isEmpty, let status = try? tasks.directory(of: task).status() else { return nil }
        return locks.holder(of: status.identity)
    }

    /// The directory in which a task's unit keeps what is put in place after it.
    ///
    /// It is not below ``path``, which the units of all tasks see: there may be keys in it.
    public func stagingPath(of task: String) -> String { "\(path)-staged/\(task)" }

    /// The permissions of a task's directory: who cannot list it cannot lock it.
    private static let directoryMode: UInt32 = 0o711

    private func lockPath(_ task: String) -> String { "\(path)/tasks/\(task)" }

    /// The state directory.
    func directory(isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        try DirectoryHandle(reaching: path, isCreating: isCreating)
    }

    private func directory(of task: String, isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        guard isCreating else { return try openTasks().directory(of: task) }
        try TasksDirectory.checkName(task)
        return try directory(isCreating: true).directory("tasks", creatingWith: 0o755)
            .directory(task, creatingWith: Self.directoryMode, isOfService: true)
    }

    /// Opens the directory of the tasks, for all that is read of them.
    func openTasks() -> TasksDirectory {
        do throws(SystemError) {
            return .open(try directory(isCreating: false).directory("tasks", creatingWith: nil))
        } catch {
            return .failed(error)
        }
    }
}
