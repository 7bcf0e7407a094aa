public import Base
import Glibc
public import Host

/// The product lists of a node's tasks, which survive reboots and the removal of a task.
///
/// Each task has a file, `TASK.json`, which only its owner can read. A task creates or replaces a path only after the
/// list with the path is on disk, so a listed path may not exist. A process changes the list of a task only with the
/// task's lock, ``RecordStore/lock(_:)``, or before it starts the task in a sandbox.
public struct ProductStore: Sendable {
    public let path: String

    /// The root directory of the listed paths, without a trailing slash or symbolic links; empty for `/`.
    public let root: String

    public init(path: String, root: String) {
        self.path = path
        self.root = root
    }

    /// The maximum size of a list file in bytes.
    private static let sizeLimit = 16 << 20

    private static let suffix = ".json"

    /// Lists paths that a task is about to create or replace, in this order; no directory above a path may be a link.
    ///
    /// - Throws: ``Base/SystemError`` if a path cannot be added to the list; the paths must not be created then.
    public func note(_ created: [CreatedPath], by task: String, at position: Int) throws(SystemError) {
        try update(task, position) { (list) throws(SystemError) in
            try list.add(created, below: root)
            // The reset commands may apply to the new paths.
            list.isResetDue = true
        }
    }

    /// Records the reset commands of a task that is about to run, or removes earlier ones if it has none.
    ///
    /// - Throws: ``Base/SystemError`` if the list cannot be read or written; the task must not run then.
    public func note(_ reset: ProductList.ResetCommands?, of task: String, at position: Int) throws(SystemError) {
        if reset == nil, try list(of: task)?.reset == nil { return }
        try update(task, position) { ($0.reset, $0.isResetDue) = (reset, true) }
    }

    /// Records the state of something that a task is about to change for the first time.
    ///
    /// - Throws: ``Base/SystemError`` if the list cannot be read or written; the task must not run then.
    public func note(_ former: ProductList.FormerState, of task: String, at position: Int) throws(SystemError) {
        try update(task, position) { $0.former.append(former) }
    }

    /// Removes nonexistent paths from the list of a task.
    ///
    /// Paths are listed before they are created. If a failed attempt did not create a path, someone else may create it
    /// later, and a reset must not delete it then. Of two listed forms of a path, only the present one stays.
    public func forgetMissing(of task: String) throws(SystemError) {
        guard let before = try list(of: task) else { return }
        try update(task, before.position) { list in
            list.products.removeAll { (try? FileSystem.status(root + $0.path) == nil) == true }
            for index in list.products.indices where list.products[index].forms.count > 1 {
                guard let present = try? ProductForm(at: root + list.products[index].path) else { continue }
                let form = list.products[index].forms.first { present.difference(from: $0) == nil }
                if let form { list.products[index].forms = [form] }
            }
        }
    }

    private func update(
        _ task: String,
        _ position: Int,
        _ change: (inout ProductList) throws(SystemError) -> Void,
    ) throws(SystemError) {
        let before = try list(of: task)
        var list = before ?? ProductList(task: task, position: position)
        list.position = position
        try change(&list)
        if list != before { try write(list) }
    }

    /// Writes a list, replacing the previous one, or removes the file if there is nothing to undo.
    public func write(_ list: ProductList) throws(SystemError) {
        if list.isEmpty { return try remove(list.task) }
        let bytes = stateFile(list)
        guard bytes.count <= Self.sizeLimit else {
            let detail = "it would have more than \(Self.sizeLimit >> 20) MiB"
            throw SystemError("cannot write", "\(path)/\(list.task)\(Self.suffix)", code: EFBIG, detail: detail)
        }
        let directory = try directory(isCreating: true)
        try directory.write(bytes, to: list.task + Self.suffix, mode: 0o600, isSynced: true)
    }

    private func remove(_ task: String) throws(SystemError) {
        do throws(SystemError) {
            try directory(isCreating: false).remove(task + Self.suffix)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    /// Reads the list of a task; returns `nil` if the file does not exist.
    public func list(of task: String) throws(SystemError) -> ProductList? {
        let name = task + Self.suffix
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try directory(isCreating: false).read(name, limit: Self.sizeLimit)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        if let list = ProductList.read(bytes, of: task) { return list }
        // If the advice is followed, a reset does not undo the changes in the list.
        let advice = "run \(quotedShellLine(["mv", "\(path)/\(name)", "/root"])) to go on without it"
        throw SystemError("cannot use", "\(path)/\(name)", code: EBADMSG, detail: "it is damaged", advice: advice)
    }

    /// Reads all lists, in the order of their file names, and collects the errors for lists that cannot be read.
    public func lists() throws(SystemError) -> (lists: [ProductList], faults: [SystemError]) {
        var names: [String] = []
        do throws(SystemError) {
            names = try directory(isCreating: false).names()
        } catch {
            guard error.isNotFound else { throw error }
        }
        var (lists, faults): ([ProductList], [SystemError]) = ([], [])
        for name in names where name.hasSuffix(Self.suffix) && !name.hasPrefix(".") {
            do throws(SystemError) {
                if let list = try list(of: String(name.dropLast(Self.suffix.count))) { lists.append(list) }
            } catch {
                faults.append(error)
            }
        }
        return (lists, faults)
    }

    /// Removes hidden files, which killed processes have left, then the directory if it is empty.
    public func removeIfEmpty() throws(SystemError) {
        do throws(SystemError) {
            let directory = try directory(isCreating: false)
            for name in try directory.names() where name.hasPrefix(".") { try directory.remove(name) }
            let parts = try PathParts(path, "cannot remove")
            try DirectoryHandle(reaching: parts.directory, isCreating: false).removeDirectory(parts.name)
        } catch {
            guard error.isNotFound || error.code == ENOTEMPTY else { throw error }
        }
    }

    /// Opens the directory, and creates it if requested, so that only its owner can list it.
    private func directory(isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        let parts = try PathParts(path, "cannot open directory")
        return try DirectoryHandle(reaching: parts.directory, isCreating: isCreating)
            .directory(parts.name, creatingWith: isCreating ? 0o700 : nil)
    }
}
