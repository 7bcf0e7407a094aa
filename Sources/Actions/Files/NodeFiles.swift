public import Base
import Glibc
import HTTP
public import Host
import Planning

/// Access to the node's files that takes a root directory and the changes of a dry run into account.
///
/// With a root directory, files are written below it, and read below it if they exist there. Links are resolved as if
/// the root directory were `/`. A dry run keeps in memory what a real run would change, and reads it from there.
public final class NodeFiles: Sendable {
    /// The root directory without a trailing slash, empty for `/`.
    let root: String

    let isDryRun: Bool

    /// Whether files that another user could change are refused; if not, they are used, and the errors are remembered.
    let refusesUntrusted: Bool

    let log: CreationLog

    /// The errors about untrusted files that were not refused.
    let remembered = Locked<[SystemError]>([])

    let planned = Locked<[ExactText: Planned]>([:])

    /// The state in which a real run would have left a path.
    enum Planned {
        case file([UInt8], mode: UInt32)
        /// A file whose content is not known before a task has run.
        case unknown(from: String)
        /// A path of which nothing is known before a task has run, unless it exists already.
        case expected(from: String)
        case link(target: String)
        case directory

        var isFile: Bool {
            switch self {
            case .file, .unknown: true
            case .expected, .link, .directory: false
            }
        }
    }

    /// The maximum number of links that are followed in one path.
    private static let linkLimit = 40

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

    /// Returns the location at which a file is written: a link at the path itself is not followed.
    ///
    /// - Throws: ``Base/SystemError`` as ``resolved(_:followsLast:)`` does.
    public func location(ofWritten path: String) throws(SystemError) -> String {
        root + (try resolved(path, followsLast: false))
    }

    /// Returns the location below the root directory to which a path leads, following all links.
    public func location(ofTarget path: String) throws(SystemError) -> String { root + (try resolved(path)) }

    /// Returns the location at which a file is read: below the root directory if the path exists there, else outside.
    func location(ofRead path: String) throws(SystemError) -> String {
        location(ofResolved: try resolved(path))
    }

    func location(ofResolved path: String) -> String {
        guard !root.isEmpty, (try? FileSystem.exists(root + path)) == true else { return path }
        return root + path
    }

    /// Reads a trusted file of at most `limit` bytes; see ``requireTrusted(_:isData:)``.
    public func read(_ path: String, limit: Int, isData: Bool = true) throws(SystemError) -> [UInt8] {
        let node = try resolved(path)
        switch planned.withLock({ $0[ExactText(node)] }) {
        case .file(let bytes, _)?: return bytes
        case .directory?: throw SystemError("cannot read", path, code: EISDIR)
        case .unknown?, .expected?, .link?, nil: try requireKnown(path)
        }
        let location = location(ofResolved: node)
        try requireTrusted(location: root.isEmpty ? path : location, isData: isData)
        do throws(SystemError) {
            return try readFile(location, limit: limit)
        } catch {
            throw error.examined()
        }
    }

    /// Returns the permissions of a file that exists, or that a real run would have written.
    func mode(of path: String) throws(SystemError) -> UInt32? {
        let path = try resolved(path)
        if case .file(_, let mode)? = planned.withLock({ $0[ExactText(path)] }) { return mode }
        return try FileSystem.status(try FileSystem.realPath(location(ofResolved: path)))?.mode
    }

    /// Returns whether a path exists, or a real run would have created it.
    public func exists(_ path: String) throws(SystemError) -> Bool {
        let path = try resolved(path)
        if try isPlanned(path) { return true }
        return try FileSystem.exists(location(ofResolved: path))
    }

    /// Returns whether a path is a directory, or a real run would have created one.
    func isDirectory(_ path: String) -> Bool { isPlannedDirectory(path) || isPresentDirectory(path) }

    private func isPresentDirectory(_ path: String) -> Bool {
        do {
            return try FileSystem.exists("\(location(ofRead: path))/.")
        } catch {
            // This directory or one above it denies the access; in both cases, the path counts as a directory.
            return error.code == EACCES
        }
    }

    /// Returns the sorted names in a directory, including those that a real run would have created.
    ///
    /// - Returns: `nil` if the path is not a directory, and a real run would not have created one.
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

    /// Resolves links in a path: those below the root directory, and those that a real run would have created.
    ///
    /// The system would resolve an absolute link against `/` rather than the root directory. A link at the path itself
    /// is followed only with `followsLast`.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links, a link cannot be examined, or a real run would have
    ///   written a file in the place of a directory.
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

    /// Returns the target of a link below the root directory or in memory, or `nil` if the path is not such a link.
    private func target(of path: String, _ planned: [ExactText: Planned]) throws(SystemError) -> String? {
        switch planned[ExactText(path)] {
        case .link(let target): return target
        case .file, .unknown, .expected, .directory: return nil
        case nil: return root.isEmpty ? nil : try FileSystem.status(root + path)?.target
        }
    }

    /// Creates a symbolic link, or changes its target.
    ///
    /// With `replacing`, anything at the path except a directory is replaced.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something that is not replaced is at the path.
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
            let replacement = ", or write 'replace: true' below symlink: of task '\(task)'"
            let advice = "remove it" + (found.kind == .directory ? "" : replacement)
            throw SystemError("cannot create link", path, code: EEXIST, detail: detail, advice: advice)
        }
        if isDryRun {
            try remember(.link(target: target), at: path)
        } else {
            try log(task, creating: location, .link(target: target))
            try FileSystem.makeSymbolicLink(at: location, to: target, replacing: found != nil)
        }
        let old = found.map { $0.target.map { "link to '\($0)' -> " } ?? "\($0.kind.rawValue) -> " } ?? ""
        let diff = isDryRun ? ["\(old)link to '\(target)'"] : []
        return Event.PathResult(found == nil ? .created : .changed, diff: diff)
    }
}

extension NodeFiles {
    /// A function that logs the locations that a task is about to create or replace, for `reset`.
    ///
    /// The locations are in order of creation, and no directory above them is a link.
    public typealias CreationLog = @Sendable (_ created: [CreatedPath], _ task: String) throws(SystemError) -> Void

    /// Logs a location that is about to be created or replaced, and the directories that are created for it.
    func log(_ task: String, creating path: String, _ form: CreatedPath.Form) throws(SystemError) {
        let place = try FileSystem.physicalPath(of: path)
        try log(place.missingDirectories.map { CreatedPath($0, .directory) } + [CreatedPath(place.path, form)], task)
    }

    /// Creates a directory for a task unless it exists, and all missing directories above it.
    func makeDirectories(_ path: String, by task: String) throws(SystemError) {
        let location = try location(ofWritten: path)
        // An error is ignored here, because the creation of the directories then fails and reports it.
        let place = try? FileSystem.physicalPath(of: "\(location)/file")
        if let missing = place?.missingDirectories, !missing.isEmpty {
            try log(missing.map { CreatedPath($0, .directory) }, task)
        }
        try FileSystem.makeDirectories(location)
    }
}

extension NodeFiles {
    /// The errors about files that a run would have refused, without duplicates.
    var distrusted: [SystemError] { remembered.withLock { $0 } }

    /// Refuses a path that another user could change; see ``Host/FileSystem/requireTrusted(_:isData:exceptFile:)``.
    ///
    /// With `isData`, a service account may own the file. Without ``refusesUntrusted``, the error is only remembered.
    public func requireTrusted(_ path: String, isData: Bool = false) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        // Without a root directory, the links in the path are examined as well.
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

    /// Reads a file that the agent has written or is to write.
    ///
    /// Any user may own the file itself, but only root and service accounts may control the directories above it.
    ///
    /// - Returns: `nil` if the file does not exist.
    func readProduct(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        if try isPlanned(path), expectedTask(of: path) == nil { return try read(path, limit: limit) }
        let location = try location(ofWritten: path)
        do throws(SystemError) {
            try requireTrusted(location: location, isData: true, exceptFile: true)
            return try readFile(location, limit: limit)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Refuses a private key that other users can read; see ``Host/FileSystem/requirePrivate(_:)``.
    func requirePrivate(_ path: String) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        let location = try location(ofRead: path)
        // In a sandbox, the file may be a copy that only this process sees.
        if Machine.isConfined, try FileSystem.status(location)?.mode == Sandbox.copyMode { return }
        try FileSystem.requirePrivate(location)
    }
}

extension NodeFiles {
    /// Writes files with their content, permissions and owner unless they are up to date.
    ///
    /// All files are written before the first one is renamed, so only an error or a crash between two renames can leave
    /// some of them unchanged.
    ///
    /// - Returns: A result for each file; in a dry run, the result that a real run would have.
    func writeTogether(_ files: [FileContent], by task: String) throws(SystemError) -> [Event.PathResult] {
        let results = try files.map { file throws(SystemError) in try compare(file) }
        var changed: [FileContent] = []
        for (var file, result) in zip(files, results) where result != .unchanged {
            if isDryRun {
                try remember(.file(file.bytes ?? [], mode: file.mode), at: file.path)
                continue
            }
            file.path = try location(ofWritten: file.path)
            changed.append(file)
        }
        for file in changed { try log(task, creating: file.path, .file(file)) }
        try FileSystem.writeTogether(changed)
        return results
    }

    /// Whether a user other than root previews a run by root, in which root would be the default owner of files.
    private var isDryRunForRoot: Bool { isDryRun && root.isEmpty && !Machine.isRoot }

    /// Returns the result that writing a file would have; in a dry run, it contains the differences.
    ///
    /// - Throws: ``Base/SystemError`` also if something is in the way.
    func compare(_ file: FileContent) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: file.path)
        let found = try FileSystem.status(location)
        if let found, ![.regular, .symbolicLink].contains(found.kind) {
            throw FileSystem.inTheWay("cannot write", location, found)
        }
        if isDryRun, found == nil { try FileSystem.checkDirectories(above: location) }
        let owner = file.owner ?? (isDryRunForRoot ? 0 : geteuid())
        if let found, found.kind == .regular, found.mode == file.mode,
            found.owner == owner, file.group == nil || found.group == file.group,
            file.size.map({ $0 == found.size }) ?? true, try isContent(of: file, at: location)
        {
            return .unchanged
        }
        var result: Event.PathResult = found == nil ? .created : .changed
        if isDryRun { result.diff = try file.difference(from: found, at: location, owner: owner) }
        return result
    }

    private func isContent(of file: FileContent, at location: String) throws(SystemError) -> Bool {
        guard let bytes = file.bytes else { return try sha256(ofFile: location) == file.sha256 }
        return try readFile(location, limit: bytes.count) == bytes
    }

    /// Copies a file of any size atomically; `source` is a location.
    ///
    /// - Throws: ``Base/SystemError`` also if the source no longer has the expected digest.
    func write(_ file: FileContent, from source: String, by task: String) throws(SystemError) {
        var written = file
        written.path = try location(ofWritten: file.path)
        try log(task, creating: written.path, .file(written))
        let new = try NewFile(written, isSynced: false)
        var digest = SHA256()
        try FileSystem.readParts(source) { part throws(SystemError) in
            try new.append(part)
            digest.update(part)
        }
        guard digest.finish() == file.sha256 else {
            throw SystemError("cannot write", file.path, code: EIO, detail: "its source has changed meanwhile")
        }
        try new.complete()
    }
}

extension NodeFiles {
    /// Creates a directory, or corrects its permissions and owner.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something other than a directory is at the path.
    func makeDirectory(_ settings: DirectorySettings, by task: String) throws(SystemError) -> Event.PathResult {
        let path = settings.path
        var settings = settings
        settings.path = try location(ofWritten: path)
        let found = try FileSystem.directoryStatus(settings.path)
        let differences = settings.differences(from: found)
        if found != nil, differences.isEmpty { return .unchanged }
        if isDryRun {
            if found == nil { try FileSystem.checkDirectories(above: settings.path) }
            try remember(.directory, at: path)
            return Event.PathResult(found == nil ? .created : .changed, diff: differences)
        }
        // 'reset' removes only directories that the task has created.
        if found == nil { try log(task, creating: settings.path, .directory) }
        try FileSystem.makeDirectory(settings)
        return found == nil ? .created : .changed
    }
}

extension DirectorySettings {
    /// Returns the differences from an existing directory, or the settings if there is none.
    fileprivate func differences(from found: FileStatus?) -> [String] {
        guard let found else {
            let accounts = [owner.map { ", owner \($0)" }, group.map { ", group \($0)" }].compactMap(\.self)
            return ["directory with mode \(octal(mode ?? Self.usualMode))\(accounts.joined())"]
        }
        return found.differences(mode: mode, owner: owner, group: group)
    }
}

/// Files that are not read into memory as a whole.
extension NodeFiles {
    /// Refuses a path that is not a readable and trusted regular file.
    func requireReadable(_ path: String) throws(SystemError) {
        let location = try trustedLocation(path)
        do throws(SystemError) {
            _ = try readFile(location, limit: 0)
        } catch {
            // With limit 0, reading a readable file that is not empty fails with this code.
            if error.code != EFBIG { throw error.examined() }
        }
    }

    /// Returns the SHA-256 digest of a file in lower-case hexadecimal digits.
    ///
    /// - Throws: ``Base/SystemError`` also if the file is refused as untrusted, or is not known yet in a dry run.
    public func digest(ofFile path: String) throws(SystemError) -> String {
        try sha256(ofFile: try trustedLocation(path))
    }

    /// Returns the location of a private key that a program reads itself.
    ///
    /// - Throws: ``Base/SystemError`` if the key is missing, a directory, not known yet, not trusted or not private.
    func locationForProgram(ofPrivate path: String) throws(SystemError) -> String {
        let location = try trustedLocation(path)
        if isDirectory(path) { throw SystemError("cannot read", path, code: EISDIR, detail: "is a directory") }
        try requirePrivate(path)
        guard try exists(path) else { throw SystemError("cannot read", path, code: ENOENT).examined() }
        return location
    }

    private func trustedLocation(_ path: String) throws(SystemError) -> String {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        return try location(ofRead: path)
    }
}

/// Returns the SHA-256 digest of a file of any size in lower-case hexadecimal digits; links are followed.
///
/// - Throws: ``Base/SystemError``, after the deadline with the code `ETIMEDOUT`.
func sha256(
    ofFile location: String,
    until deadline: ContinuousClock.Instant? = nil
) throws(SystemError) -> String {
    var digest = SHA256()
    try FileSystem.readParts(location) { part throws(SystemError) in
        if let deadline, deadline < .now {
            throw SystemError("cannot read", location, code: ETIMEDOUT, detail: "the time of the task is over")
        }
        digest.update(part)
    }
    return digest.finish()
}

extension NodeFiles {
    /// Writes a file into the directory of a task or set, two levels below the state directory.
    ///
    /// Without a root directory, links below the state directory are not followed: a service account may own it.
    func keep(_ bytes: [UInt8], as name: String, in directory: String) throws(SystemError) {
        if isDryRun { return try remember(.file(bytes, mode: 0o644), at: "\(directory)/\(name)") }
        try DirectoryHandle(reaching: try stateLocation(directory), isCreating: true, isOfService: true)
            .write(bytes, to: name, mode: 0o644)
    }

    /// Removes a file from the directory of a task or set, if it exists; a dry run removes nothing.
    func discard(_ name: String, in directory: String) throws(SystemError) {
        guard !isDryRun else { return }
        let location = try stateLocation(directory)
        guard try FileSystem.exists(location) else { return }
        try DirectoryHandle(reaching: location, isCreating: false, isOfService: true).remove(name)
    }

    /// Returns the location of the directory of a task or set, two levels below the state directory.
    func stateLocation(_ directory: String) throws(SystemError) -> String {
        let parts = try location(ofWritten: directory).pathParts
        let above = FileSystem.existingRealPath("/" + parts.dropLast(3).joined(separator: "/"))
        return "\(above)/\(parts.suffix(3).joined(separator: "/"))"
    }
}
