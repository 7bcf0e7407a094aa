public import Base
import Glibc
public import Host
import Planning

/// The node's files as a run sees them.
///
/// With a root, every written path is prefixed with the root, and a path that exists below the root is read from there.
/// Links in the root are resolved within the root, as they will be when it is the root of a system. A dry run writes
/// nothing: files that would have been written are kept in memory and read from there.
public final class NodeFiles: Sendable {
    /// The directory that prefixes written paths, without a trailing slash; empty for none.
    public let root: String

    /// Whether nothing may be written.
    public let isDryRun: Bool

    /// Whether a file that another user could change is refused, rather than read and remembered.
    let refusesUntrusted: Bool

    /// The log of paths that are about to be created; nothing is created before it is logged.
    let log: CreationLog

    /// The errors with which a run would have refused files.
    let remembered = Locked<[SystemError]>([])

    let planned = Locked<[ExactText: Planned]>([:])

    /// The state that a dry run would have left at a path.
    enum Planned {
        case file([UInt8], mode: UInt32)
        /// A file whose content is not known before a task has run.
        case unknown(from: String)
        /// A file or directory that is not there before a task has run, and of which nothing is known before.
        case expected(from: String)
        case link(target: String)
        case directory(mode: UInt32)

        var isFile: Bool {
            switch self {
            case .file, .unknown: true
            case .expected, .link, .directory: false
            }
        }
    }

    /// The maximum number of links that are followed in one path.
    private static let linkLimit = 40

    /// Creates a view of the files.
    ///
    /// - Parameters:
    ///   - root: The directory that prefixes written paths, or `nil` for the node itself.
    ///   - isDryRun: Whether nothing is written.
    ///   - refusesUntrusted: Whether a file that another user could change is refused, as by a run.
    ///   - log: The log of paths that are about to be created. By default, nothing is logged.
    public init(
        root: String?,
        isDryRun: Bool,
        refusesUntrusted: Bool = true,
        log: @escaping CreationLog = { _, _ in },
    ) {
        self.log = log
        self.refusesUntrusted = refusesUntrusted
        self.root = (root ?? "").withoutSlashesAtEnd
        self.isDryRun = isDryRun
    }

    /// Returns the location at which a path is written, which is in the root regardless of links in the path.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofWritten path: String) throws(SystemError) -> String {
        root + (try resolved(path, followsLast: false))
    }

    /// Returns the location that a path leads to, which is in the root even if the path is a link.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofTarget path: String) throws(SystemError) -> String { root + (try resolved(path)) }

    /// Returns the location at which a path is read, which is in the root if the path exists there.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links on the way.
    public func location(ofRead path: String) throws(SystemError) -> String {
        location(ofResolved: try resolved(path))
    }

    func location(ofResolved path: String) -> String {
        guard !root.isEmpty, (try? FileSystem.exists(root + path)) == true else { return path }
        return root + path
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    ///   - isData: Whether the file is only data, so that a service account may own it too.
    /// - Returns: All bytes of the file.
    /// - Throws: ``Base/SystemError`` if the file is missing, cannot be read or is too large, or if another user may
    ///   change it.
    public func read(_ path: String, limit: Int, isData: Bool = true) throws(SystemError) -> [UInt8] {
        let node = try resolved(path)
        switch planned.withLock({ $0[ExactText(node)] }) {
        case .file(let bytes, _)?: return bytes
        case .directory?: throw SystemError("cannot read", path, code: EISDIR)
        case .unknown?, .expected?, .link?, nil: try requireKnown(path)
        }
        try requireTrusted(path, isData: isData)
        do throws(SystemError) {
            return try FileSystem.read(location(ofResolved: node), limit: limit)
        } catch {
            throw error.examined()
        }
    }

    /// Returns the permissions of a file that was read, or the permissions that it would have after a dry run.
    func mode(of path: String) throws(SystemError) -> UInt32? {
        let path = try resolved(path)
        if case .file(_, let mode)? = planned.withLock({ $0[ExactText(path)] }) { return mode }
        return try FileSystem.status(try FileSystem.realPath(location(ofResolved: path)))?.mode
    }

    /// Returns whether a path exists, or would exist in a dry run.
    public func exists(_ path: String) throws(SystemError) -> Bool {
        let path = try resolved(path)
        if try isPlanned(path) { return true }
        return try FileSystem.exists(location(ofResolved: path))
    }

    /// Returns whether a path is a directory, or would be in a dry run.
    func isDirectory(_ path: String) -> Bool { isPlannedDirectory(path) || isPresentDirectory(path) }

    private func isPresentDirectory(_ path: String) -> Bool {
        do {
            return try FileSystem.exists("\(location(ofRead: path))/.")
        } catch {
            // Only a directory can deny access to its entries.
            return error.code == EACCES
        }
    }

    /// Lists a directory, including files that a dry run would have written into it.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The names, sorted, or `nil` if the path is not a directory.
    /// - Throws: ``Base/SystemError`` if the directory cannot be read.
    public func list(_ path: String) throws(SystemError) -> [String]? {
        let resolved = try resolved(path).withoutSlashesAtEnd
        let path = resolved.isEmpty ? "/" : resolved
        let written = planned.withLock { $0.keys.map(\.text).filter { isPath($0, below: path) } }
            .map { $0.pathPart(after: "\(resolved)/") }
        guard isPresentDirectory(path) else {
            return written.isEmpty && !isPlannedDirectory(path) ? nil : written.filter { !$0.hasSlash }.sorted()
        }
        let names = try FileSystem.list(location(ofResolved: path))
        guard !written.isEmpty else { return names }
        return Set((names + written.filter { !$0.hasSlash }).exact).map(\.text)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Resolves links in a path: links below the root, and links planned by a dry run, which exist only in memory.
    ///
    /// The system itself would follow an absolute link in the root to a path outside the root.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - followsLast: Whether a link at the path itself is followed too.
    /// - Returns: The path without these links.
    /// - Throws: ``Base/SystemError`` if there are too many links.
    func resolved(_ path: String, followsLast: Bool = true) throws(SystemError) -> String {
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
            if !rest.isEmpty, planned[ExactText(next)]?.isFile == true {
                let detail = "'\(next)' is a file that a task writes"
                throw SystemError("cannot look at", root + path, code: ENOTDIR, detail: detail)
            }
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

    /// Returns the target of a link below the root or in memory, or `nil` if the path is not a link.
    private func target(of path: String, _ planned: [ExactText: Planned]) throws(SystemError) -> String? {
        switch planned[ExactText(path)] {
        case .link(let target): return target
        case .file, .unknown, .expected, .directory: return nil
        case nil: return root.isEmpty ? nil : try FileSystem.status(root + path)?.target
        }
    }

    /// Creates a link, or changes its target.
    ///
    /// - Parameters:
    ///   - path: The path of the link on the node.
    ///   - target: The target, as written into the link.
    ///   - task: The name of the task that creates it.
    ///   - replacing: Whether a real file in the way is replaced.
    /// - Returns: Whether the link was created, changed or left alone, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something else is in the way, or if the system refuses.
    func link(
        _ path: String,
        to target: String,
        by task: String,
        replacing: Bool
    ) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: path)
        let found = try FileSystem.status(location)
        if isDryRun, found == nil { try FileSystem.checkDirectories(above: location) }
        if found?.kind == .symbolicLink, found?.target?.hasSameBytes(as: target) == true { return .unchanged }
        if let found, found.kind == .directory || found.kind != .symbolicLink && !replacing {
            let detail = "a \(found.kind.rawValue) is in the way"
            let advice = "remove it; task verb 'remove' does so with 'recursive: true'"
            throw SystemError(
                "cannot create link",
                path,
                code: EEXIST,
                detail: detail,
                advice: found.kind == .directory ? advice : nil
            )
        }
        if isDryRun {
            try remember(.link(target: target), at: path)
        } else {
            try log(task, creating: .link(location, target: target))
            try FileSystem.makeSymbolicLink(at: location, to: target, replacing: found != nil)
        }
        let old = found.map { $0.target.map { "link to '\($0)' -> " } ?? "\($0.kind.rawValue) -> " } ?? ""
        let diff = isDryRun ? ["\(old)link to '\(target)'"] : []
        return Event.PathResult(found == nil ? .created : .changed, diff: diff)
    }
}

/// Paths that are logged before they are created, so that `reset` can remove them.
extension NodeFiles {
    /// A function that logs the paths that a task is about to create.
    ///
    /// - Parameters:
    ///   - created: The paths about to be created, in order, without links above them.
    ///   - task: The name of the task.
    public typealias CreationLog = @Sendable (_ created: [CreatedPath], _ task: String) throws(SystemError) -> Void

    /// Logs a path that is about to be created at its location, and the directories that are created for it.
    func log(_ task: String, creating created: CreatedPath) throws(SystemError) {
        let place = try FileSystem.physicalPath(of: created.path)
        try log(place.missingDirectories.map(CreatedPath.directory) + [created.moved(to: place.path)], task)
    }

    /// Creates a directory and all missing directories above it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - task: The name of the task that needs it.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func makeDirectories(_ path: String, by task: String) throws(SystemError) {
        let location = try location(ofWritten: path)
        // Nothing can be created below a directory that cannot be searched, which the creation reports.
        if let missing = try? FileSystem.missingDirectories(location), !missing.isEmpty {
            try log(missing.map(CreatedPath.directory), task)
        }
        try FileSystem.makeDirectories(location)
    }
}

/// Files that a run does not use, because other users could change or read them.
extension NodeFiles {
    /// The errors with which a run would have refused files, without duplicates.
    var distrusted: [SystemError] { remembered.withLock { $0 } }

    /// Refuses a path that a user other than root could change before root acts on it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - isData: Whether the file is only data, so that a service account may own it too.
    /// - Throws: ``Base/SystemError`` with the part of the path that is not safe, and advice to correct it.
    public func requireTrusted(_ path: String, isData: Bool = false) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        // Without a root the links themselves are examined as well.
        try requireTrusted(location: root.isEmpty ? path : try location(ofRead: path), isData: isData)
    }

    private func requireTrusted(location: String, isData: Bool, exceptFile: Bool = false) throws(SystemError) {
        do {
            try FileSystem.requireTrusted(location, isData: isData, exceptFile: exceptFile)
        } catch {
            let error = error.examined()
            if refusesUntrusted { throw error }
            remembered.withLock { if !$0.contains(error) { $0.append(error) } }
        }
    }

    /// Reads a file that a task writes, to compare it with the content that the task would write.
    ///
    /// The task may declare an unprivileged user as the owner of the file.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    /// - Returns: All bytes of the file, or in a dry run the bytes that would have been written; `nil` if it does not exist.
    /// - Throws: ``Base/SystemError`` if the file cannot be read or is too large, or if a user who is neither root nor a
    ///   service account could replace it.
    func readProduct(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        if try isPlanned(path), expectedTask(of: path) == nil { return try read(path, limit: limit) }
        let location = try location(ofWritten: path)
        do throws(SystemError) {
            try requireTrusted(location: location, isData: true, exceptFile: true)
            return try FileSystem.read(location, limit: limit)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Refuses a private key file that other users can read.
    func requirePrivate(_ path: String) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        let location = try location(ofRead: path)
        // The confined process has a copy of a file that others cannot read.
        if Machine.isConfined, try FileSystem.status(location)?.mode == Sandbox.copyMode { return }
        try FileSystem.requirePrivate(location)
    }
}

/// Files that a confined process reads or writes too.
extension NodeFiles {
    /// Finds a private key for a program that reads it itself.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The location of the file.
    /// - Throws: ``Base/SystemError`` if there is no such file, or if other users can change or read it.
    func locationForProgram(ofPrivate path: String) throws(SystemError) -> String {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        if isDirectory(path) { throw SystemError("cannot read", path, code: EISDIR, detail: "is a directory") }
        try requirePrivate(path)
        guard try exists(path) else { throw SystemError("cannot read", path, code: ENOENT).examined() }
        return try location(ofRead: path)
    }

    /// Writes a file into a state directory without following links, because the units' user may own the directory.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - name: The file's name.
    ///   - directory: The directory of the task or set, two levels below the state directory.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func keep(_ bytes: [UInt8], as name: String, in directory: String) throws(SystemError) {
        if isDryRun { return try remember(.file(bytes, mode: 0o644), at: "\(directory)/\(name)") }
        try DirectoryHandle(reaching: try stateLocation(directory), isCreating: true, isOfService: true)
            .write(bytes, to: name, mode: 0o644)
    }

    /// Removes a file that ``keep(_:as:in:)`` has written, if it exists; a dry run removes nothing.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func discard(_ name: String, in directory: String) throws(SystemError) {
        guard !isDryRun else { return }
        let location = try stateLocation(directory)
        guard try FileSystem.exists(location) else { return }
        let handle = try DirectoryHandle(reaching: location, isCreating: false, isOfService: true)
        if try handle.status(name) != nil { try handle.remove(name) }
    }

    /// Returns the location of the directory of a task or set, two levels below the state directory.
    func stateLocation(_ directory: String) throws(SystemError) -> String {
        let parts = try location(ofWritten: directory).pathParts
        let above = FileSystem.existingRealPath("/" + parts.dropLast(3).joined(separator: "/"))
        return "\(above)/\(parts.suffix(3).joined(separator: "/"))"
    }
}
