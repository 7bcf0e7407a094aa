import Base
import Execution
import Glibc
import Host

/// Files that are written together.
extension NodeFiles {
    /// Writes files with their content, permissions and owner; in a unit, they are only staged.
    ///
    /// All files are written before the first one is renamed, so only an error or a crash between two renames can leave
    /// some of them unchanged.
    ///
    /// - Parameters:
    ///   - files: The files, with their paths on the node.
    ///   - task: The name of the task that writes them.
    ///   - isShown: Whether a dry run may show their content.
    /// - Returns: Whether each file was created, changed or left alone, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` if something else is in the way, or the system refuses.
    func writeTogether(
        _ files: [FileContent],
        by task: String,
        isShown: Bool = false,
    ) throws(SystemError) -> [Event.PathResult] {
        do throws(SystemError) {
            return try compareAndWrite(files, by: task, isShown: isShown)
        } catch {
            throw error.examined()
        }
    }

    private func compareAndWrite(
        _ files: [FileContent],
        by task: String,
        isShown: Bool,
    ) throws(SystemError) -> [Event.PathResult] {
        var changed: [FileContent] = []
        var results: [Event.PathResult] = []
        for var file in files {
            let path = file.path
            file.path = try location(ofWritten: path)
            let result = try compare(file, isShown: isShown)
            results.append(result)
            guard result != .unchanged else { continue }
            if isDryRun {
                try remember(.file(file.bytes, mode: file.mode), at: path)
            } else if let staged {
                try staged.put(file.bytes, mode: file.mode, at: path)
            } else {
                changed.append(file)
            }
        }
        if !changed.isEmpty {
            try log(creating: changed, by: task)
            try FileSystem.writeTogether(changed)
        }
        return results
    }

    /// Whether a user other than root previews a run by root, in which root is the default owner of files.
    private var isDryRunForRoot: Bool { isDryRun && root.isEmpty && !Machine.isRoot }

    /// Compares a file with what exists at its path.
    private func compare(_ file: FileContent, isShown: Bool) throws(SystemError) -> Event.PathResult {
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
            result.diff = new.difference(from: old, isShown: isShown)
        }
        return result
    }
}
