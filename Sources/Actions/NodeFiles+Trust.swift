import Base
import Host

/// Which files a run does not use, because others could change or read them.
extension NodeFiles {
    /// What would have been refused, each once.
    var distrusted: [SystemError] { remembered.withLock { $0 } }

    /// Refuses a path that a user other than root could change before root acts on it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - isData: Whether it may also belong to a service, because root does not do what it says.
    /// - Throws: ``Base/SystemError`` with the part of the path that is not safe, and what to type.
    func requireTrusted(_ path: String, isData: Bool = false) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        // Without a root the links themselves are examined as well.
        try requireTrusted(location: root.isEmpty ? path : try location(ofRead: path), isData: isData)
    }

    private func requireTrusted(location: String, isData: Bool, exceptFile: Bool = false) throws(SystemError) {
        do {
            try FileSystem.requireTrusted(location, isData: isData, exceptFile: exceptFile)
        } catch {
            if refusesDistrusted { throw error }
            remembered.withLock { if !$0.contains(error) { $0.append(error) } }
        }
    }

    /// Reads a file that a task makes, to compare it with what the task would make.
    ///
    /// It may belong to a person, as the task declares it.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    /// - Returns: All bytes of it, with a dry run also those that would have been written.
    /// - Throws: ``Base/SystemError`` if there is no such file, or it cannot be read, or is too large, or if a user who is
    ///   neither root nor a service could put another file in its place.
    func readProduct(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        if try isPlanned(path) { return try read(path, limit: limit) }
        let location = try location(ofWritten: path)
        try requireTrusted(location: location, isData: true, exceptFile: true)
        return try FileSystem.read(location, limit: limit)
    }

    /// Refuses the file of a private key that other users can read.
    func requirePrivate(_ path: String) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        try FileSystem.requirePrivate(try location(ofRead: path))
    }
}
