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
        let location = root.isEmpty ? path : try location(ofRead: path)
        do {
            try FileSystem.requireTrusted(location, isData: isData)
        } catch {
            if refusesDistrusted { throw error }
            remembered.withLock { if !$0.contains(error) { $0.append(error) } }
        }
    }

    /// Refuses the file of a private key that other users can read.
    func requirePrivate(_ path: String) throws(SystemError) {
        guard try !isPlanned(path) else { return }
        try FileSystem.requirePrivate(try location(ofRead: path))
    }
}
