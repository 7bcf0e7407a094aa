public import Base
import Glibc
import HTTP
import Host
import Planning

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
        for file in changed { try log(task, creating: .file(file)) }
        try FileSystem.writeTogether(changed)
        return results
    }

    /// Whether a user other than root previews a run by root, in which root would be the default owner of files.
    private var isDryRunForRoot: Bool { isDryRun && root.isEmpty && !Machine.isRoot }

    /// Returns how writing a file would change what exists at its path; a dry run adds the differences.
    ///
    /// - Throws: In a dry run, ``Base/SystemError`` also if something is in the way.
    func compare(_ file: FileContent) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: file.path)
        let found = try FileSystem.status(location)
        if isDryRun, let found, ![.regular, .symbolicLink].contains(found.kind) {
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

    /// Copies a file of any size atomically; `source` is a location.
    ///
    /// - Throws: ``Base/SystemError`` also if the source no longer has the expected digest.
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

extension NodeFiles {
    /// Creates a directory, or corrects its permissions and owner.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something else is at the path.
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
        // 'reset' removes only directories that the task has created.
        if found == nil { try log(task, creating: .directory(settings.path)) }
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

/// Files that may be too large for memory.
extension NodeFiles {
    /// Refuses a path that is not a regular file, that cannot be read or that another user could change.
    func requireReadable(_ path: String) throws(SystemError) {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        do throws(SystemError) {
            try FileSystem.requireReadable(try location(ofRead: path))
        } catch {
            throw error.examined()
        }
    }

    /// Returns the SHA-256 digest of a file in lower-case hexadecimal digits.
    ///
    /// - Throws: ``Base/SystemError`` also if another user could change the file.
    public func digest(ofFile path: String) throws(SystemError) -> String {
        try requireKnown(path)
        try requireTrusted(path, isData: true)
        return try sha256(ofFile: try location(ofRead: path))
    }
}

/// Returns the SHA-256 digest of a file of any size in lower-case hexadecimal digits; links are followed.
///
/// - Throws: ``Base/SystemError`` with the code `ETIMEDOUT` at the deadline.
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
