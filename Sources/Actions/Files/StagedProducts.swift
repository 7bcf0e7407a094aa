public import Base
import Glibc
import Host
public import Planning

/// The files, links and directories that a task's unit has created but may not put in place itself.
///
/// A unit that could write the directory of its file could replace the other files there. The sandboxed process
/// therefore writes into a separate directory, and a process outside the sandbox puts the products in place once the
/// task has succeeded. That process takes only content, link targets, and permissions that the plan allows from the
/// directory. Paths, owners and permission to replace directories come from the plan.
public struct StagedProducts: Sendable {
    private let directory: String
    private let task: String
    private let products: [(path: String, product: Footprint.Product)]

    /// Creates a description of a task's products.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - directory: The absolute path of a directory that only the task's unit and root can write; it is created if
    ///     something is written.
    public init(of task: PlannedTask, in directory: String) {
        self.directory = directory
        self.task = task.name
        products = task.footprint.writes.compactMap { write in
            write.product.map { (write.path.path, $0) }
        }
    }

    /// Removes the products of an earlier attempt.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func clear() throws(SystemError) {
        guard let directory = try opened() else { return }
        for index in products.indices { try directory.remove("\(index)") }
    }

    /// Stages the content of a file.
    func put(_ bytes: [UInt8], mode: UInt32, at path: String) throws(SystemError) {
        // The set-user-ID, set-group-ID and sticky bits come from the plan.
        try DirectoryHandle(reaching: directory, isCreating: true)
            .write(bytes, to: try name(of: path), mode: mode & 0o777)
    }

    /// Stages a link.
    func put(linkTo target: String, at path: String) throws(SystemError) {
        try DirectoryHandle(reaching: directory, isCreating: true).writeLink(to: target, at: try name(of: path))
    }

    /// Stages a directory, whose properties all come from the plan.
    func put(directoryAt path: String) throws(SystemError) {
        try DirectoryHandle(reaching: directory, isCreating: true).write([], to: try name(of: path), mode: 0o600)
    }

    /// Puts all staged products in place; no file is replaced before all files have been written.
    ///
    /// - Parameter files: The node's files.
    /// - Throws: ``Base/Problem`` with the path that could not be written; the products after it stay staged.
    public func publish(to files: NodeFiles) async throws(Problem) {
        var contents: [FileContent] = []
        var names: [String] = []
        for (index, (path, product)) in products.enumerated() {
            do throws(SystemError) {
                guard let directory = try opened(), let found = try directory.status("\(index)") else { continue }
                switch (product, found.kind) {
                case (.file(let mode, let owner, let group), .regular):
                    let bytes = try directory.read("\(index)", limit: SizeLimit.content)
                    let account = try await lookUp(
                        owner: owner,
                        group: group,
                        until: .now + FileSystem.accountLookupLimit
                    )
                    let permissions = UInt32(mode) & (found.mode | 0o7000)
                    contents.append(
                        FileContent(bytes, path: path, mode: permissions, owner: account.owner, group: account.group)
                    )
                    names.append("\(index)")
                case (.link(_, let replacesDirectory), .symbolicLink):
                    try publish(linkTo: found.target ?? "", at: path, replacing: replacesDirectory, files)
                    try directory.remove("\(index)")
                case (.directory(let mode, let owner, let group), .regular):
                    let account = try await lookUp(
                        owner: owner,
                        group: group,
                        until: .now + FileSystem.accountLookupLimit
                    )
                    let settings = DirectorySettings(
                        path: path,
                        mode: mode.map(UInt32.init),
                        owner: account.owner,
                        group: account.group
                    )
                    _ = try files.makeDirectory(settings, by: task)
                    try directory.remove("\(index)")
                case (.file, _), (.link, _), (.directory, _):
                    let detail = "a \(found.kind.rawValue), which the task does not write"
                    throw SystemError("cannot use", "\(self.directory)/\(index)", code: EINVAL, detail: detail)
                }
            } catch {
                throw Self.problem(path, error)
            }
        }
        do throws(SystemError) {
            _ = try files.writeTogether(contents, by: task)
            if !names.isEmpty, let directory = try opened() { for name in names { try directory.remove(name) } }
        } catch {
            throw Self.problem(contents.map(\.path).joined(separator: "' and '"), error)
        }
    }

    private func publish(
        linkTo target: String,
        at path: String,
        replacing: Bool,
        _ files: NodeFiles,
    ) throws(SystemError) {
        guard case .inTheWay(let kind) = try files.link(path, to: target, by: task, replacing: replacing) else {
            return
        }
        throw SystemError("cannot create link", path, code: EEXIST, detail: "a \(kind.rawValue) is in the way")
    }

    private static func problem(_ path: String, _ error: SystemError) -> Problem {
        Problem("cannot put '\(path)' in place", cause: error)
    }

    private func name(of path: String) throws(SystemError) -> String {
        guard let index = products.firstIndex(where: { $0.path.hasSameBytes(as: path) }) else {
            throw SystemError("cannot write", path, code: EPERM, detail: "the task does not write it")
        }
        return "\(index)"
    }

    /// Opens the staging directory, or returns `nil` if it does not exist.
    private func opened() throws(SystemError) -> DirectoryHandle? {
        do throws(SystemError) {
            return try DirectoryHandle(reaching: directory, isCreating: false)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}

/// Looks up the numeric IDs of a user and a group, `nil` for a name that is not given.
private func lookUp(
    owner: String?,
    group: String?,
    until deadline: ContinuousClock.Instant,
) async throws(SystemError) -> (owner: UInt32?, group: UInt32?) {
    var numbers: (owner: UInt32?, group: UInt32?)
    if let owner { numbers.owner = try await FileSystem.lookupUser(owner, until: deadline) }
    if let group { numbers.group = try await FileSystem.lookupGroup(group, until: deadline) }
    return numbers
}
