import Base
import Execution
import Glibc
import Host

/// Files whose contents are not in memory.
extension NodeFiles {
    /// Compares a file with what exists at its path; a dry run notes that the file would be written.
    ///
    /// - Parameter file: The file, with its path on the node.
    /// - Returns: Whether the file would be created, changed or left alone.
    /// - Throws: ``Base/SystemError`` if something else is in the way, or cannot be examined.
    func compare(_ file: PinnedFile) throws(SystemError) -> Event.PathResult {
        do throws(SystemError) {
            let location = try location(ofWritten: file.path)
            if !isDryRun { FileSystem.removeAbandoned(of: location) }
            let found = try FileSystem.status(location)
            if let found, ![.regular, .symbolicLink].contains(found.kind) {
                throw SystemError(
                    "cannot write",
                    file.path,
                    code: found.kind == .directory ? EISDIR : EEXIST,
                    detail: "a \(found.kind.rawValue) is in the way"
                )
            }
            if let found, try isSame(found, as: file, at: location) { return .unchanged }
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
        guard let found = try FileSystem.status(location) else { return false }
        return try isSame(found, as: file, at: location)
    }

    private func isSame(_ found: FileStatus, as file: PinnedFile, at location: String) throws(SystemError) -> Bool {
        guard found.kind == .regular, found.size == file.size, found.mode == file.mode,
            found.owner == file.owner ?? geteuid(), file.group == nil || found.group == file.group
        else { return false }
        return try sha256(ofFile: location) == file.sha256
    }

    /// Creates files under temporary names, to which their contents are appended.
    ///
    /// - Parameter files: The files, with their paths on the node.
    /// - Returns: The new files, in the same order.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func create(_ files: [PinnedFile]) throws(SystemError) -> [NewFile] {
        try files.map { file throws(SystemError) in
            var file = file
            file.path = try location(ofWritten: file.path)
            return try NewFile(file)
        }
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
