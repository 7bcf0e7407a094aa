public import Base
import Glibc

/// The steps from the root directory to what a path names, with every link on the way.
struct PathWalk {
    private let path: String
    private let operation: String
    /// The parts that are still to come, the next one last.
    private var rest: [Substring]
    private var current = ""
    private var linkCount = 0

    /// Links in links are followed this far, as by the kernel.
    private static let linkLimit = 40

    /// Begins at the root directory.
    ///
    /// - Parameters:
    ///   - path: The path; a relative one begins at the working directory.
    ///   - operation: What the errors say.
    init(_ path: String, _ operation: String) {
        let absolute = path.isAbsolutePath ? path : "\(Machine.workingDirectory())/\(path)"
        (self.path, self.operation) = (path, operation)
        rest = absolute.pathParts.reversed()
    }

    /// Takes a step.
    ///
    /// - Returns: The directory, link or file, `nil` at the end and where something cannot be examined.
    /// - Throws: ``Base/SystemError`` if there are too many links.
    mutating func next() throws(SystemError) -> (path: String, status: FileStatus)? {
        while let part = rest.popLast() {
            if part == "." { continue }
            if part == ".." {
                current = String(current[..<(current.lastSlash ?? current.startIndex)])
                continue
            }
            let next = "\(current)/\(part)"
            guard let status = try? FileStatus.at(next, followingLinks: false, operation) else {
                rest.append(part)
                return nil
            }
            guard status.kind == .symbolicLink, let target = status.target else {
                current = next
                return (next, status)
            }
            linkCount += 1
            guard linkCount <= Self.linkLimit else { throw SystemError(operation, path, code: ELOOP) }
            if target.isAbsolutePath { current = "" }
            for part in target.pathParts.reversed() { rest.append(Substring(String(part))) }
            return (next, status)
        }
        return nil
    }

    /// The whole path, as the links that were passed have made it.
    var remainder: String { ([current[...]] + rest.reversed()).joined(separator: "/") }
}

extension FileSystem {
    /// Follows the links to a directory in which root is about to write, unless another user could make them lead elsewhere.
    ///
    /// A link of another user is followed only to a directory of the same user. Who does not run as root can write only where
    /// the system lets them.
    ///
    /// - Parameters:
    ///   - directory: The directory, which need not exist.
    ///   - operation: What the error says.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` with code `EACCES` if such a link leads to a directory of somebody else.
    public static func directoryForWriting(_ directory: String, _ operation: String) throws(SystemError) -> String {
        guard geteuid() == 0 else { return directory }
        var walk = PathWalk(directory, operation)
        var foreign: (link: String, owner: UInt32)?
        var end: (path: String, owner: UInt32) = ("/", 0)
        while let step = try walk.next() {
            if step.status.kind != .symbolicLink {
                end = (step.path, step.status.owner)
            } else if step.status.owner != 0 {
                foreign = (step.path, step.status.owner)
            }
        }
        if let foreign, foreign.owner != end.owner {
            let words =
                "'\(foreign.link)' is a link of user \(foreign.owner) to '\(end.path)', which is not that user's"
            throw SystemError(operation, directory, code: EACCES, detail: words)
        }
        let path = walk.remainder
        return path.isEmpty ? "/" : path
    }

    /// Creates what is missing of a directory in which root is about to write.
    ///
    /// - Parameters:
    ///   - directory: The directory.
    ///   - operation: What the error says.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` as ``directoryForWriting(_:_:)``, or if it cannot be created.
    static func makeDirectoriesForWriting(_ directory: String, _ operation: String) throws(SystemError) -> String {
        _ = try directoryForWriting(directory, operation)
        try makeDirectories(directory)
        return try directoryForWriting(directory, operation)
    }

    /// The other names of what a path names: where each link on its way leads.
    ///
    /// - Parameter path: An absolute path, which need not exist.
    /// - Returns: The paths, in the order in which the links are met; of those that do not exist yet as far as they do.
    public static func linkedNames(of path: String) -> [String] {
        var walk = PathWalk(path, "cannot follow")
        var names: [String] = []
        while let step = (try? walk.next()) ?? nil {
            if step.status.kind == .symbolicLink { names.append(walk.remainder) }
        }
        return names
    }
}

extension DirectoryHandle {
    /// Opens a directory that ``FileSystem/directoryForWriting(_:_:)`` has found.
    ///
    /// Root follows no link any more, which somebody may have put there since.
    init(writingIn path: String, _ operation: String) throws(SystemError) {
        guard geteuid() == 0, path.isAbsolutePath else {
            try self.init(opening: path, operation)
            return
        }
        let found = try DirectoryHandle(withoutLinks: path)
        self.init(adopting: try found.open(".", O_RDONLY | O_DIRECTORY, operation), path)
    }
}
