public import Base
import Execution
import Glibc
import Host
import TLS

/// Files that are written together.
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
        var changed: [FileContent] = []
        var results: [Event.PathResult] = []
        for var file in files {
            let path = file.path
            file.path = try location(ofWritten: path)
            let result = try compare(file)
            results.append(result)
            guard result != .unchanged else { continue }
            if isDryRun {
                try remember(.file(file.bytes, mode: file.mode), at: path)
            } else {
                changed.append(file)
            }
        }
        if !changed.isEmpty {
            for file in changed { try log(task, creating: .file(file)) }
            try FileSystem.writeTogether(changed)
        }
        return results
    }

    /// Whether a user other than root previews a run by root, in which root is the default owner of files.
    private var isDryRunForRoot: Bool { isDryRun && root.isEmpty && !Machine.isRoot }

    /// Compares a file with what exists at its path.
    private func compare(_ file: FileContent) throws(SystemError) -> Event.PathResult {
        if !isDryRun { FileSystem.removeAbandoned(of: file.path) }
        let found = try FileSystem.status(file.path)
        var result: Event.PathResult = found == nil ? .created : .changed
        if isDryRun, let found, ![.regular, .symbolicLink].contains(found.kind) {
            // The real run would fail with this error.
            let detail = "a \(found.kind.rawValue) is in the way"
            throw SystemError("cannot write", file.path, code: EISDIR, detail: detail)
        }
        if isDryRun, found == nil { try FileSystem.checkDirectories(above: file.path) }
        let owner = file.owner ?? (isDryRunForRoot ? 0 : geteuid())
        if let found, found.kind == .regular, found.mode == file.mode,
            found.owner == owner, file.group == nil || found.group == file.group,
            found.size == file.bytes.count, try FileSystem.read(file.path, limit: file.bytes.count) == file.bytes
        {
            return .unchanged
        }
        if isDryRun {
            let old = try found.map { status throws(SystemError) in try FileState(status, at: file.path) }
            let new = FileState(bytes: file.bytes, mode: file.mode, owner: owner, group: file.group)
            result.diff = new.difference(from: old)
        }
        return result
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
    /// Returns a description of how a directory would change.
    ///
    /// - Parameter found: The directory, or `nil` if there is none.
    /// - Returns: Changes of permissions and owner, empty if there are none.
    fileprivate func differences(from found: FileStatus?) -> [String] {
        guard let found else {
            let accounts = [owner.map { ", owner \($0)" }, group.map { ", group \($0)" }].compactMap(\.self)
            return ["directory with mode \(octal(mode ?? Self.usualMode))\(accounts.joined())"]
        }
        var lines: [String] = []
        if let mode, mode != found.mode { lines.append("mode \(octal(found.mode)) -> \(octal(mode))") }
        if let owner, owner != found.owner { lines.append("owner \(found.owner) -> \(owner)") }
        if let group, group != found.group { lines.append("group \(found.group) -> \(group)") }
        return lines
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

    /// Copies a file of any size to a path, atomically.
    ///
    /// - Parameters:
    ///   - location: The location of a file with the content.
    ///   - file: The file, with its path on the node.
    ///   - task: The name of the task that writes it.
    /// - Returns: Whether the file was created or changed, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` if something else is in the way, if the content has another digest, because its source
    ///   has changed, or if the system refuses.
    func copy(_ location: String, to file: PinnedFile, by task: String) throws(SystemError) -> Event.PathResult {
        let result = try compare(file, by: task)
        guard !isDryRun else { return result }
        var written = file
        written.path = try self.location(ofWritten: file.path)
        FileSystem.removeAbandoned(of: written.path)
        try log(task, creating: .pinnedFile(written))
        let new = try NewFile(written)
        var digest = SHA256()
        try FileSystem.readParts(location) { part throws(SystemError) in
            try new.append(part)
            digest.update(part)
        }
        guard digest.finish().description == file.sha256 else {
            throw SystemError("cannot write", file.path, code: EIO, detail: "its source has changed meanwhile")
        }
        try new.complete()
        return result
    }

    /// Returns whether a file that is not as described would be created or changed; a dry run records that.
    ///
    /// - Throws: ``Base/SystemError`` if it cannot be written.
    func compare(_ file: PinnedFile, by task: String) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: file.path)
        let found = try FileSystem.status(location)
        if isDryRun {
            if found == nil { try FileSystem.checkDirectories(above: location) }
            try remember(.unknown(from: task), at: file.path)
        }
        return found == nil ? .created : .changed
    }

    /// Returns the location of a file that differs at most in its permissions and owner.
    func location(withContentOf file: PinnedFile) -> String? {
        guard let location = try? location(ofWritten: file.path),
            (try? FileSystem.status(location))??.kind == .regular, (try? sha256(ofFile: location)) == file.sha256
        else { return nil }
        return location
    }

    /// Returns whether a file is as described.
    ///
    /// - Parameter file: The file, with its path on the node.
    /// - Returns: Whether its content, permissions and owner are as described.
    /// - Throws: ``Base/SystemError`` if it cannot be examined.
    func isInPlace(_ file: PinnedFile) throws(SystemError) -> Bool {
        let location = try location(ofWritten: file.path)
        // A path that an earlier task of a dry run would change is not on the node as it would be.
        guard try !isPlanned(file.path), let found = try FileSystem.status(location), found.kind == .regular,
            file.size.map({ $0 == found.size }) ?? true, found.mode == file.mode,
            found.owner == file.owner ?? geteuid(), file.group == nil || found.group == file.group
        else { return false }
        return try sha256(ofFile: location) == file.sha256
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
    return digest.finish().description
}
