public import Base
import Glibc
import HTTP
import Host
import Planning

/// Files that tasks write.
extension NodeFiles {
    /// Writes files with their content, permissions and owner.
    ///
    /// All files are written before the first one is renamed, so only an error or a crash between two renames can leave
    /// some of them unchanged.
    ///
    /// - Parameters:
    ///   - files: The files, with their paths on the node.
    ///   - task: The name of the task that writes them.
    /// - Returns: Whether each file was created, changed or left alone, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` if something else is in the way, or the system refuses.
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
        for file in changed { try log(task, creating: .file(file)) }
        try FileSystem.writeTogether(changed)
        return results
    }

    /// Whether a user other than root previews a run by root, in which root is the default owner of files.
    private var isDryRunForRoot: Bool { isDryRun && root.isEmpty && !Machine.isRoot }

    /// Compares a file with what exists at its path.
    ///
    /// - Parameter file: The file, with its path on the node.
    /// - Returns: Whether the file has to be created or changed; in a dry run also how content in memory changes.
    /// - Throws: ``Base/SystemError`` if what exists cannot be examined, or in a dry run if something is in the way.
    func compare(_ file: FileContent) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: file.path)
        let found = try FileSystem.status(location)
        if isDryRun, let found, ![.regular, .symbolicLink].contains(found.kind) {
            // The real run would fail with this error.
            let detail = "a \(found.kind.rawValue) is in the way"
            throw SystemError("cannot write", location, code: EISDIR, detail: detail)
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
        return try FileSystem.read(location, limit: bytes.count) == bytes
    }

    /// Writes a file of any size whose content is that of another file, atomically.
    ///
    /// - Parameters:
    ///   - file: The file, with its path on the node.
    ///   - source: The location of the other file.
    ///   - task: The name of the task that writes it.
    /// - Throws: ``Base/SystemError`` if something else is in the way, if the content has another digest, because its source
    ///   has changed, or if the system refuses.
    func write(_ file: FileContent, from source: String, by task: String) throws(SystemError) {
        var written = file
        written.path = try location(ofWritten: file.path)
        try log(task, creating: .file(written))
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

/// Directories that tasks describe.
extension NodeFiles {
    /// Creates a directory, or corrects its permissions and owner.
    ///
    /// - Parameters:
    ///   - settings: The directory, with its path on the node.
    ///   - task: The name of the task that creates it.
    /// - Returns: Whether the directory was created, changed or left alone, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something else is in the way, or if the system refuses.
    func makeDirectory(_ settings: DirectorySettings, by task: String) throws(SystemError) -> Event.PathResult {
        let path = settings.path
        var settings = settings
        settings.path = try location(ofWritten: path)
        let found = try FileSystem.directoryStatus(settings.path)
        let differences = settings.differences(from: found)
        if found != nil, differences.isEmpty { return .unchanged }
        if isDryRun {
            if found == nil { try FileSystem.checkDirectories(above: settings.path) }
            try remember(.directory(mode: settings.mode ?? found?.mode ?? DirectorySettings.usualMode), at: path)
            return Event.PathResult(found == nil ? .created : .changed, diff: differences)
        }
        // A directory that exists is not the task's, so 'reset' keeps it.
        if found == nil { try log(task, creating: .directory(settings.path)) }
        try FileSystem.makeDirectory(settings)
        return found == nil ? .created : .changed
    }
}

extension DirectorySettings {
    /// Returns how a directory would change that is there or not, empty for no change.
    fileprivate func differences(from found: FileStatus?) -> [String] {
        guard let found else {
            let accounts = [owner.map { ", owner \($0)" }, group.map { ", group \($0)" }].compactMap(\.self)
            return ["directory with mode \(octal(mode ?? Self.usualMode))\(accounts.joined())"]
        }
        return found.differences(mode: mode, owner: owner, group: group)
    }
}

/// Files whose contents are not in memory.
extension NodeFiles {
    /// Refuses a path that is not a regular file, that cannot be read or that another user could change.
    ///
    /// - Parameter path: The path on the node.
    /// - Throws: ``Base/SystemError`` with what is wrong.
    func requireReadable(_ path: String) throws(SystemError) {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        do throws(SystemError) {
            try FileSystem.requireReadable(try location(ofRead: path))
        } catch {
            throw error.examined()
        }
    }

    /// Returns the SHA-256 digest of a file of any size.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The digest in lower-case hexadecimal digits.
    /// - Throws: ``Base/SystemError`` if the file cannot be read, or another user could change it.
    public func digest(ofFile path: String) throws(SystemError) -> String {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        return try sha256(ofFile: try location(ofRead: path))
    }
}

/// Returns the SHA-256 digest of a file of any size.
///
/// - Parameters:
///   - location: The location of the file, whose links are followed.
///   - deadline: The instant after which it is not read further.
/// - Returns: The digest in lower-case hexadecimal digits.
/// - Throws: ``Base/SystemError`` if the file cannot be read.
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
