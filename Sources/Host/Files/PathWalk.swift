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
            guard status.kind == .symbolicLink else {
                current = next
                return (next, status)
            }
            try follow(next, status)
            return (next, status)
        }
        return nil
    }

    private mutating func follow(_ link: String, _ status: FileStatus) throws(SystemError) {
        guard let target = status.target else {
            throw SystemError(operation, path, code: EILSEQ, detail: "the target of the link '\(link)' is not UTF-8")
        }
        linkCount += 1
        guard linkCount <= Self.linkLimit else { throw SystemError(operation, path, code: ELOOP) }
        if target.isAbsolutePath { current = "" }
        for part in target.pathParts.reversed() { rest.append(Substring(String(part))) }
    }

    /// A link that somebody else controls, who then decides where it leads.
    private struct ForeignLink {
        var path: String
        var maker: Maker
        /// How many parts are left when the target of the link is reached.
        var depth: Int
    }

    /// The user or the programs that control a link.
    private enum Maker: Equatable {
        case user(UInt32)
        /// The programs that may write a directory.
        case programs(of: String)
    }

    /// Follows all links to the end, but a link of a user other than root only to a directory of that user, and a link in one
    /// of some directories only to a place in that directory.
    ///
    /// A link counts as that of the user who owns the directory that it is in: they can rename one of root. What does not exist
    /// yet is created in the deepest directory that does.
    ///
    /// - Parameter programDirectories: The directories, without links, in which programs may have made links as root.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` with code `EACCES` for such a link to somebody else's directory.
    mutating func reachForWriting(outside programDirectories: [String]) throws(SystemError) -> String {
        var links: [ForeignLink] = []
        while true {
            while let link = links.last, rest.count <= link.depth {
                try requireReach(of: link)
                links.removeLast()
            }
            guard let part = rest.popLast() else { break }
            if part == "." { continue }
            if part == ".." {
                current = String(current[..<(current.lastSlash ?? current.startIndex)])
                continue
            }
            let next = "\(current)/\(part)"
            guard let status = try FileStatus.at(next, followingLinks: false, operation) else {
                rest.append(part)
                for link in links { try requireReach(of: link) }
                break
            }
            guard status.kind == .symbolicLink else {
                current = next
                continue
            }
            let directory = try FileStatus.at(current.isEmpty ? "/" : current, followingLinks: false, operation)
            let owner = status.owner != 0 ? status.owner : directory?.owner ?? 0
            if owner != 0 { links.append(ForeignLink(path: next, maker: .user(owner), depth: rest.count)) }
            // The innermost of them, whose programs may write least.
            let around = programDirectories.filter { isPath(next, below: $0) }.max { $0.utf8.count < $1.utf8.count }
            if let around { links.append(ForeignLink(path: next, maker: .programs(of: around), depth: rest.count)) }
            try follow(next, status)
        }
        return remainder.isEmpty ? "/" : remainder
    }

    /// Refuses a link that has led to a place that who controls it cannot write.
    private func requireReach(of link: ForeignLink) throws(SystemError) {
        let directory = current.isEmpty ? "/" : current
        let words: String
        switch link.maker {
        case .user(let owner):
            guard try FileStatus.at(directory, followingLinks: false, operation)?.owner != owner else { return }
            words = "'\(link.path)' is a link of user \(owner) to '\(directory)', which is not that user's"
        case .programs(let around):
            guard !isPath(directory, at: around) else { return }
            words =
                "'\(link.path)' is a link to '\(directory)', and a program of a task that may write '\(around)' can make one"
        }
        let advice = "write the path without the link, or remove the link"
        throw SystemError(operation, path, code: EACCES, detail: words, advice: advice)
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
