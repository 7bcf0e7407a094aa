public import Base
public import Execution
import Glibc
public import Host
import Planning

/// The node's files as a run sees them.
///
/// With a root, every path that is written gets the root in front of it, and a path that is there under the root is
/// read from there. Links in the root lead to paths in the root, as they will when it is the root of a system. With a dry
/// run nothing is written; what would have been is kept in memory and read from there.
public final class NodeFiles: Sendable {
    /// The folder in front of written paths, without a slash at its end; empty for none.
    public let root: String

    /// Whether nothing may be written.
    public let isDryRun: Bool

    /// Where files and links are put instead of their paths, `nil` outside of a unit.
    let staged: StagedProducts?

    /// Whether files that another user could change are refused, or only remembered.
    let refusesDistrusted: Bool

    /// Lists what is about to be made on the node; nothing is made that it has not listed.
    let log: CreationLog

    /// Where systemd has put the credentials of the unit, `nil` outside of units and in units that have none.
    let credentialsDirectory: String?

    /// Refusals that a run would have made.
    let remembered = Locked<[SystemError]>([])

    private let planned = Locked<[ExactText: Planned]>([:])

    /// The state that a dry run would have left at a path.
    private enum Planned {
        case file([UInt8], mode: UInt32)
        /// A file whose content is not known before the real run.
        case unknown(mode: UInt32)
        case link(target: String)
    }

    /// Links in links are followed this far.
    private static let linkLimit = 40

    /// Creates a view of the files.
    ///
    /// - Parameters:
    ///   - root: The folder to put in front of written paths, `nil` for the node itself.
    ///   - isDryRun: Whether nothing is written.
    ///   - refusesDistrusted: Whether files that another user could change are refused. A command that only looks may
    ///     look at the files of anybody.
    ///   - staged: Where files and links are put instead of their paths, because the unit may not write there.
    ///   - credentialsDirectory: Where systemd has put the credentials of the unit.
    ///   - log: Lists what is about to be made, by default nowhere.
    public init(
        root: String?,
        isDryRun: Bool,
        refusesDistrusted: Bool = true,
        staged: StagedProducts? = nil,
        credentialsDirectory: String? = nil,
        log: @escaping CreationLog = { _, _ in },
    ) {
        (self.log, self.staged) = (log, staged)
        self.refusesDistrusted = refusesDistrusted
        self.credentialsDirectory = credentialsDirectory
        self.root = (root ?? "").withoutSlashesAtEnd
        self.isDryRun = isDryRun
    }

    /// Where a path is written: never outside of the root, whatever links are in it.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofWritten path: String) throws(SystemError) -> String {
        root + (try resolved(path, followsLast: false))
    }

    /// Where a path leads: never outside of the root, also if there is a link at it.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofTarget path: String) throws(SystemError) -> String { root + (try resolved(path)) }

    /// Where a path is read: under the root if something is there.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofRead path: String) throws(SystemError) -> String {
        location(ofResolved: try resolved(path))
    }

    private func location(ofResolved path: String) -> String {
        guard !root.isEmpty, (try? FileSystem.exists(root + path)) == true else { return path }
        return root + path
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    ///   - isData: Whether the file is only data, so that it may also belong to a service.
    /// - Returns: All bytes of it.
    /// - Throws: ``Base/SystemError`` if it is missing, cannot be read, is too large, or may be changed by another user.
    public func read(_ path: String, limit: Int, isData: Bool = true) throws(SystemError) -> [UInt8] {
        let node = try resolved(path)
        switch planned.withLock({ $0[ExactText(node)] }) {
        case .file(let bytes, _)?: return bytes
        case .unknown?:
            throw SystemError("cannot read", path, code: ENODATA, detail: "it is not known before the real run")
        case .link?, nil: break
        }
        try requireTrusted(path, isData: isData)
        if let bytes = try credential(path, limit: limit) { return bytes }
        return try FileSystem.read(location(ofResolved: node), limit: limit)
    }

    /// Whether a dry run would have written a path, so that what is there now does not matter.
    func isPlanned(_ path: String) throws(SystemError) -> Bool {
        let path = try resolved(path)
        return planned.withLock { $0[ExactText(path)] != nil }
    }

    /// The permissions of a file, or those it would have after a dry run.
    func mode(of path: String) throws(SystemError) -> UInt32? {
        let path = try resolved(path)
        switch planned.withLock({ $0[ExactText(path)] }) {
        case .file(_, let mode)?, .unknown(let mode)?: return mode
        case .link?, nil: break
        }
        return try FileSystem.status(try FileSystem.realPath(location(ofResolved: path)))?.mode
    }

    /// Whether something is at a path, or with a dry run would be.
    public func exists(_ path: String) throws(SystemError) -> Bool {
        let path = try resolved(path)
        if planned.withLock({ $0[ExactText(path)] != nil }) { return true }
        return try FileSystem.exists(location(ofResolved: path))
    }

    /// Whether a directory is at a path.
    func isDirectory(_ path: String) -> Bool {
        do {
            return try FileSystem.exists("\(location(ofRead: path))/.")
        } catch {
            // Only a directory can be closed to what is in it.
            return error.code == EACCES
        }
    }

    /// Lists a directory, with a dry run also what would have been written into it.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The names, sorted, or `nil` if the path is not a directory.
    /// - Throws: ``Base/SystemError`` if the directory cannot be read.
    func list(_ path: String) throws(SystemError) -> [String]? {
        let resolved = try resolved(path).withoutSlashesAtEnd
        let path = resolved.isEmpty ? "/" : resolved
        let written = planned.withLock { $0.keys.map(\.text).filter { isPath($0, below: path) } }
            .map { $0.pathPart(after: "\(resolved)/") }
        guard isDirectory(path) else {
            return written.isEmpty ? nil : written.filter { !$0.hasSlash }.sorted()
        }
        let names = try FileSystem.list(location(ofResolved: path))
        guard !written.isEmpty else { return names }
        return Set((names + written.filter { !$0.hasSlash }).exact).map(\.text)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// A path with the links of the root followed, and those of a dry run, which exist only in memory.
    ///
    /// The system would follow an absolute link of the root to a path outside of it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - followsLast: Whether a link at the path itself is followed too.
    /// - Returns: The path without those links.
    /// - Throws: ``Base/SystemError`` if there are too many of them.
    private func resolved(_ path: String, followsLast: Bool = true) throws(SystemError) -> String {
        let planned = planned.withLock { $0 }
        guard path.isAbsolutePath, !planned.isEmpty || !root.isEmpty else { return path }
        var rest = Array(path.pathParts.reversed())
        var resolved = ""
        var linkCount = 0
        while let part = rest.popLast() {
            if part == "." { continue }
            if part == ".." {
                resolved = String(resolved[..<(resolved.lastSlash ?? resolved.startIndex)])
                continue
            }
            let next = "\(resolved)/\(part)"
            guard followsLast || !rest.isEmpty, let target = try target(of: next, planned) else {
                resolved = next
                continue
            }
            linkCount += 1
            guard linkCount <= Self.linkLimit else { throw SystemError("cannot look at", root + path, code: ELOOP) }
            if target.isAbsolutePath { resolved = "" }
            rest += target.pathParts.reversed()
        }
        return resolved.isEmpty ? "/" : resolved
    }

    /// The target of the link at a path below the root or in memory, `nil` if there is no link.
    private func target(of path: String, _ planned: [ExactText: Planned]) throws(SystemError) -> String? {
        switch planned[ExactText(path)] {
        case .link(let target): return target
        case .file, .unknown: return nil
        case nil: return root.isEmpty ? nil : try FileSystem.status(root + path)?.target
        }
    }

    /// Gives a file its content, permissions and owner.
    ///
    /// In a unit the file is only staged.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path on the node.
    ///   - task: The name of the task that makes it.
    ///   - mode: The permissions.
    ///   - owner: The owner, `nil` for the agent's own user.
    ///   - group: The group, `nil` for whatever group a new file gets.
    ///   - isShown: Whether a dry run may show the content.
    /// - Returns: Whether the file was made, changed or left alone, or with a dry run would be.
    /// - Throws: ``Base/SystemError`` if something else is in the way, or the system refuses.
    public func write(
        _ bytes: [UInt8],
        to path: String,
        by task: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil,
        isShown: Bool = false,
    ) throws(SystemError) -> Event.PathResult {
        let file = FileContent(bytes, path: path, mode: mode, owner: owner, group: group)
        return try writeTogether([file], by: task, isShown: isShown)[0]
    }

    /// Keeps in memory what a dry run would have written.
    func remember(_ bytes: [UInt8], mode: UInt32, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = .file(bytes, mode: mode) }
    }

    /// Keeps in memory that a dry run would have written something that is not known before the real run.
    func rememberUnknown(mode: UInt32, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = .unknown(mode: mode) }
    }

    /// Whether a dry run would have written a file whose content is not known before the real run.
    func isOfUnknownContent(_ path: String) -> Bool {
        guard let path = try? resolved(path), case .unknown? = planned.withLock({ $0[ExactText(path)] }) else {
            return false
        }
        return true
    }

    /// Makes a link point at a target; in a unit the link is only staged.
    ///
    /// - Parameters:
    ///   - path: The path of the link on the node.
    ///   - target: What it points at, as written into it.
    ///   - task: The name of the task that makes it.
    ///   - replacing: Whether a real file or directory in the way is replaced.
    /// - Returns: Whether the link was made, changed or left alone, or with a dry run would be; or what
    ///   is in the way.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func link(_ path: String, to target: String, by task: String, replacing: Bool) throws(SystemError) -> Linking {
        let location = try location(ofWritten: path)
        if !isDryRun { FileSystem.removeAbandoned(of: location) }
        let found = try FileSystem.status(location)
        if isDryRun, found == nil { try FileSystem.checkDirectories(above: location) }
        if found?.kind == .symbolicLink, found?.target?.hasSameBytes(as: target) == true { return .done(.unchanged) }
        if let found, found.kind != .symbolicLink, !replacing { return .inTheWay(found.kind) }
        if isDryRun {
            let path = try resolved(path, followsLast: false)
            planned.withLock { $0[ExactText(path)] = .link(target: target) }
        } else if let staged {
            try staged.put(linkTo: target, at: path)
        } else {
            try log(creatingLink: location, to: target, by: task)
            try FileSystem.makeSymbolicLink(at: location, to: target, replacing: found != nil)
        }
        if found?.kind == .directory { return .replacedDirectory }
        guard let found else { return .done(Event.PathResult(.created, diff: isDryRun ? ["link to '\(target)'"] : [])) }
        let old = found.target.map { "link to '\($0)'" } ?? found.kind.rawValue
        return .done(Event.PathResult(.changed, diff: isDryRun ? ["\(old) -> link to '\(target)'"] : []))
    }

    /// The outcome of making a link.
    enum Linking {
        /// It is as described, or with a dry run would be.
        case done(Event.PathResult)
        /// It replaced, or with a dry run would replace, a directory with everything in it.
        case replacedDirectory
        /// Something is in the way that may not be replaced.
        case inTheWay(FileStatus.Kind)
    }
}

/// Paths that are listed before they are made, so that `reset` can remove them.
extension NodeFiles {
    /// Lists what a task is about to make.
    ///
    /// - Parameters:
    ///   - created: What it is about to make, in order, with paths without links above them.
    ///   - task: The task.
    public typealias CreationLog = @Sendable (_ created: [CreatedPath], _ task: String) throws(SystemError) -> Void

    /// Lists files, and the directories that are created for them.
    func log(creating files: [FileContent], by task: String) throws(SystemError) {
        var created: [CreatedPath] = []
        for var file in files {
            let place = try FileSystem.physicalPath(of: file.path)
            file.path = place.path
            created += place.missingDirectories.map(CreatedPath.directory) + [.file(file)]
        }
        try log(created, task)
    }

    /// Lists a link, and the directories that are created for it.
    func log(creatingLink location: String, to target: String, by task: String) throws(SystemError) {
        let place = try FileSystem.physicalPath(of: location)
        try log(place.missingDirectories.map(CreatedPath.directory) + [.link(place.path, target: target)], task)
    }

    /// Lists a directory and all directories above it, as far as they are missing.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - task: The name of the task that needs it.
    /// - Throws: ``Base/SystemError`` if it cannot be listed. That a directory on the way cannot be searched is not an
    ///   error here: then nothing can be created either.
    public func logDirectories(_ path: String, by task: String) throws(SystemError) {
        guard let location = try? location(ofWritten: path),
            let missing = try? FileSystem.missingDirectories(location), !missing.isEmpty
        else { return }
        try log(missing.map(CreatedPath.directory), task)
    }

    /// Creates a directory and all missing directories above it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - task: The name of the task that needs it.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func makeDirectories(_ path: String, by task: String) throws(SystemError) {
        try logDirectories(path, by: task)
        try FileSystem.makeDirectoriesForWriting(try location(ofWritten: path))
    }
}

/// Files that a run does not use, because others could change or read them.
extension NodeFiles {
    /// Refusals that a run would have made, each once.
    var distrusted: [SystemError] { remembered.withLock { $0 } }

    /// Refuses a path that a user other than root could change before root acts on it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - isData: Whether it may also belong to a service, because root does not do what it says.
    /// - Throws: ``Base/SystemError`` with the part of the path that is not safe, and what to type.
    func requireTrusted(_ path: String, isData: Bool = false) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        // Without a root the links themselves are examined as well.
        try requireTrusted(location: root.isEmpty ? path : try location(ofRead: path), isData: isData)
    }

    private func requireTrusted(location: String, isData: Bool, exceptFile: Bool = false) throws(SystemError) {
        do {
            try FileSystem.requireTrusted(location, isData: isData, exceptFile: exceptFile)
        } catch {
            if refusesDistrusted { throw error }
            remembered.withLock { if !$0.contains(error) { $0.append(error) } }
        }
    }

    /// Reads a file that a task makes, to compare it with what the task would make.
    ///
    /// It may belong to a person, as the task declares it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    /// - Returns: All bytes of it, with a dry run also those that would have been written.
    /// - Throws: ``Base/SystemError`` if there is no such file, or it cannot be read, or is too large, or if a user who is
    ///   neither root nor a service could put another file in its place.
    func readProduct(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        if try isPlanned(path) { return try read(path, limit: limit) }
        let location = try location(ofWritten: path)
        try requireTrusted(location: location, isData: true, exceptFile: true)
        return try FileSystem.read(location, limit: limit)
    }

    /// Refuses the file of a private key that other users can read.
    func requirePrivate(_ path: String) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        try FileSystem.requirePrivate(try location(ofRead: path))
    }
}

/// Files that units read and write in another way if they do not run as root.
extension NodeFiles {
    /// Reads the copy of a file that systemd has made for the unit, whose user may not read the file itself.
    ///
    /// - Returns: The bytes, or `nil` if the unit has no such credential.
    /// - Throws: ``Base/SystemError`` of the file if it did not exist when the unit was started, or is too large.
    func credential(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        guard let credentialsDirectory, let name = credentialName(ofPath: path) else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.read("\(credentialsDirectory)/\(name)", limit: limit)
        } catch {
            if error.isNotFound { return nil }
            throw SystemError(error.operation, path, code: error.code, detail: error.detail)
        }
        guard bytes != Array(missingCredential.utf8) else { throw SystemError("cannot read", path, code: ENOENT) }
        return bytes
    }

    /// Finds a private key for a program that reads it itself.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The path of the copy that systemd has made for the unit, else of the file.
    /// - Throws: ``Base/SystemError`` if there is no such file, or if other users can change or read it.
    func locationForProgram(ofPrivate path: String) throws(SystemError) -> String {
        if let credentialsDirectory, let name = credentialName(ofPath: path),
            try credential(path, limit: SizeLimit.configuration) != nil
        {
            return "\(credentialsDirectory)/\(name)"
        }
        try requireTrusted(path, isData: true)
        try requirePrivate(path)
        guard try exists(path) else { throw SystemError("cannot read", path, code: ENOENT) }
        return try location(ofRead: path)
    }

    /// Keeps a file in a directory of state, which may belong to the user of units: below it no link is followed.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - name: The file's name.
    ///   - directory: The task's directory, two levels below the directory of state.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func keep(_ bytes: [UInt8], as name: String, in directory: String) throws(SystemError) {
        if isDryRun { return try remember(bytes, mode: 0o644, at: "\(directory)/\(name)") }
        let parts = try location(ofWritten: directory).pathParts
        let above = FileSystem.existingRealPath("/" + parts.dropLast(3).joined(separator: "/"))
        let location = "\(above)/\(parts.suffix(3).joined(separator: "/"))"
        try DirectoryHandle(reaching: location, isCreating: true, isOfService: true)
            .write(bytes, to: name, mode: 0o644)
    }
}
