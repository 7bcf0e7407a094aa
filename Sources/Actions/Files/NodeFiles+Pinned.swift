public import Base
import Execution
import Glibc
import Host
import TLS

/// Files whose contents are not in memory.
extension NodeFiles {
    /// Refuses a path that is not a regular file, that cannot be read or that another user could change.
    ///
    /// - Parameter path: The path on the node.
    /// - Throws: ``Base/SystemError`` with what is wrong.
    func requireReadable(_ path: String) throws(SystemError) {
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
        let result = try compare(file)
        guard !isDryRun else { return result }
        var written = file
        written.path = try self.location(ofWritten: file.path)
        FileSystem.removeAbandoned(of: written.path)
        try log(creating: file, by: task)
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
    func compare(_ file: PinnedFile) throws(SystemError) -> Event.PathResult {
        let location = try location(ofWritten: file.path)
        let found = try FileSystem.status(location)
        if isDryRun {
            if found == nil { try FileSystem.checkDirectories(above: location) }
            try remember(.unknown(mode: file.mode), at: file.path)
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

    /// Logs a file that is about to be created, and the directories that are created for it.
    private func log(creating file: PinnedFile, by task: String) throws(SystemError) {
        var file = file
        let place = try FileSystem.physicalPath(of: try location(ofWritten: file.path))
        file.path = place.path
        try log(place.missingDirectories.map(CreatedPath.directory) + [.pinnedFile(file)], task)
    }
}

/// Returns the SHA-256 digest of a file of any size.
///
/// - Parameter location: The location of the file, whose links are followed.
/// - Returns: The digest in lower-case hexadecimal digits.
/// - Throws: ``Base/SystemError`` if the file cannot be read.
func sha256(ofFile location: String) throws(SystemError) -> String {
    var digest = SHA256()
    try FileSystem.readParts(location) { part throws(SystemError) in digest.update(part) }
    return digest.finish().description
}
