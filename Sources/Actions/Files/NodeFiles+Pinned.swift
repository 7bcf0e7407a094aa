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

    /// Compares a file with what exists at its path; a dry run records that the file would be written.
    ///
    /// - Parameter file: The file, with its path on the node.
    /// - Returns: Whether the file would be created, changed or left alone.
    /// - Throws: ``Base/SystemError`` if something else is in the way, or cannot be examined.
    func compare(_ file: PinnedFile) throws(SystemError) -> Event.PathResult {
        do throws(SystemError) {
            let location = try location(ofWritten: file.path)
            let found = try FileSystem.status(location)
            if let found, ![.regular, .symbolicLink].contains(found.kind) {
                throw SystemError(
                    "cannot write",
                    file.path,
                    code: found.kind == .directory ? EISDIR : EEXIST,
                    detail: "a \(found.kind.rawValue) is in the way"
                )
            }
            if try isInPlace(file) { return .unchanged }
            if isDryRun {
                if found == nil { try FileSystem.checkDirectories(above: location) }
                try remember(.unknown(mode: file.mode), at: file.path)
            }
            return found == nil ? .created : .changed
        } catch {
            throw error.examined()
        }
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

    /// Logs files that are about to be created, and the directories that are created for them.
    ///
    /// - Parameters:
    ///   - files: The files, with their paths on the node.
    ///   - task: The name of the task that creates them.
    /// - Throws: ``Base/SystemError`` if they cannot be logged.
    func log(creating files: [PinnedFile], by task: String) throws(SystemError) {
        var created: [CreatedPath] = []
        for var file in files {
            let place = try FileSystem.physicalPath(of: try location(ofWritten: file.path))
            file.path = place.path
            created += place.missingDirectories.map(CreatedPath.directory) + [.pinnedFile(file)]
        }
        try log(created, task)
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
