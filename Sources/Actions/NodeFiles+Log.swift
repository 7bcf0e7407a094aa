public import Base
public import Host

/// What is listed before it is made, so that `reset` can remove it.
extension NodeFiles {
    /// Lists what a task is about to make.
    ///
    /// - Parameters:
    ///   - created: What it is about to make, in order, with paths without links above them.
    ///   - task: The task.
    public typealias CreationLog = @Sendable (_ created: [CreatedPath], _ task: String) throws(SystemError) -> Void

    /// Lists files, and the directories that are created for them.
    func log(creating files: [FileContent], by task: String) throws(SystemError) {
        var created: [CreatedPath] = []
        for var file in files {
            let place = try FileSystem.physicalPath(of: file.path)
            file.path = place.path
            created += place.missingDirectories.map(CreatedPath.directory) + [.file(file)]
        }
        try log(created, task)
    }

    /// Lists a link, and the directories that are created for it.
    func log(creatingLink location: String, to target: String, by task: String) throws(SystemError) {
        let place = try FileSystem.physicalPath(of: location)
        try log(place.missingDirectories.map(CreatedPath.directory) + [.link(place.path, target: target)], task)
    }

    /// Lists a directory and all directories above it, as far as they are missing.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - task: The name of the task that needs it.
    /// - Throws: ``Base/SystemError`` if it cannot be listed. That a directory on the way cannot be searched is not an
    ///   error here: then nothing can be created either.
    public func logDirectories(_ path: String, by task: String) throws(SystemError) {
        guard let location = try? location(ofWritten: path),
            let missing = try? FileSystem.missingDirectories(location), !missing.isEmpty
        else { return }
        try log(missing.map(CreatedPath.directory), task)
    }

    /// Creates a directory and all missing directories above it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - task: The name of the task that needs it.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func makeDirectories(_ path: String, by task: String) throws(SystemError) {
        try logDirectories(path, by: task)
        try FileSystem.makeDirectoriesForWriting(try location(ofWritten: path))
    }
}
