import Base
import Execution
import Host

/// Directories that tasks describe.
extension NodeFiles {
    /// Creates a directory, or corrects its permissions and owner; in a unit, this is only staged.
    ///
    /// - Parameters:
    ///   - settings: The directory, with its path on the node.
    ///   - task: The name of the task that creates it.
    /// - Returns: Whether the directory was created, changed or left alone, or would be in a dry run.
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something else is in the way, or if the system refuses.
    func makeDirectory(_ settings: DirectorySettings, by task: String) throws(SystemError) -> Event.PathResult {
        do throws(SystemError) {
            return try compareAndMake(settings, by: task)
        } catch {
            throw error.examined()
        }
    }

    private func compareAndMake(
        _ settings: DirectorySettings,
        by task: String
    ) throws(SystemError) -> Event.PathResult {
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
        if let staged {
            try staged.put(directoryAt: path)
        } else {
            // A directory that exists is not the task's, so 'reset' keeps it.
            if found == nil { try log(creatingDirectory: settings.path, by: task) }
            try FileSystem.makeDirectory(settings)
        }
        return found == nil ? .created : .changed
    }

    /// Logs a directory, and the directories that are created for it.
    private func log(creatingDirectory location: String, by task: String) throws(SystemError) {
        let place = try FileSystem.physicalPath(of: location)
        try log((place.missingDirectories + [place.path]).map(CreatedPath.directory), task)
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
