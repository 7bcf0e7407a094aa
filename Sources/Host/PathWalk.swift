import Base
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
        let absolute = path.hasPrefix("/") ? path : "\(Machine.workingDirectory())/\(path)"
        (self.path, self.operation) = (path, operation)
        rest = absolute.split(separator: "/").reversed()
    }

    /// Takes a step.
    ///
    /// - Returns: The directory, link or file, `nil` at the end and where something cannot be examined.
    /// - Throws: ``Base/SystemError`` if there are too many links.
    mutating func next() throws(SystemError) -> (path: String, status: FileStatus)? {
        while let part = rest.popLast() {
            if part == "." { continue }
            if part == ".." {
                current = String(current[..<(current.lastIndex(of: "/") ?? current.startIndex)])
                continue
            }
            let next = "\(current)/\(part)"
            guard let status = try? FileStatus.at(next, followingLinks: false, operation) else { return nil }
            guard status.kind == .symbolicLink, let target = status.target else {
                current = next
                return (next, status)
            }
            linkCount += 1
            guard linkCount <= Self.linkLimit else { throw SystemError(operation, path, code: ELOOP) }
            if target.hasPrefix("/") { current = "" }
            for part in target.split(separator: "/").reversed() { rest.append(Substring(String(part))) }
            return (next, status)
        }
        return nil
    }

    /// The whole path, as the links that were passed have made it.
    var remainder: String { ([current[...]] + rest.reversed()).joined(separator: "/") }
}

extension FileSystem {
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
