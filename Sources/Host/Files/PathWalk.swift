import Base
import Glibc

/// A walk along a path from the root directory, with a step for each directory, link and file.
struct PathWalk {
    private let path: String
    private let operation: String
    /// The remaining parts of the path, in reverse order.
    private var rest: [Substring]
    private var current = ""
    private var linkCount = 0

    /// The maximum number of links that are followed, as in the kernel.
    private static let linkLimit = 40

    /// Creates a walk that starts at `/`; a relative path is resolved against the working directory.
    init(_ path: String, _ operation: String) {
        let absolute = path.isAbsolutePath ? path : "\(Machine.workingDirectory())/\(path)"
        (self.path, self.operation) = (path, operation)
        rest = absolute.pathParts.reversed()
    }

    /// Returns the next directory, link or file, or `nil` at the end or if the next part cannot be examined.
    ///
    /// - Throws: ``Base/SystemError`` if there are too many links, or a link's target is not UTF-8.
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

    /// Follows all links, and refuses links with which another user or a program could redirect root.
    ///
    /// A link of a user other than root may lead only to a file or directory of that user, and a link in one of
    /// `programDirectories` only to an existing path in the same directory. A link of root in another user's directory
    /// counts as a link of that user, who can rename it.
    ///
    /// - Parameter programDirectories: The value of ``FileSystem/programDirectories``.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` with the code `EACCES` if a link is refused.
    mutating func reachForWriting(outside programDirectories: [String]) throws(SystemError) -> String {
        while let step = try next() {
            guard let target = step.status.target else { continue }
            let directory = String(step.path[..<(step.path.lastSlash ?? step.path.startIndex)])
            let reached = FileSystem.existingRealPath(target.isAbsolutePath ? target : "\(directory)/\(target)")
            let holder = try FileStatus.at(directory.isEmpty ? "/" : directory, followingLinks: false, operation)
            let owner = step.status.owner != 0 ? step.status.owner : holder?.owner ?? 0
            let found = try FileStatus.at(reached, followingLinks: false, operation)
            if owner != 0, found?.owner != owner {
                throw refusal("'\(step.path)' is a link of user \(owner) to '\(reached)', which is not that user's")
            }
            // The innermost program directory applies, because it allows the fewest targets.
            let around = programDirectories.filter { isPath(step.path, below: $0) }.max {
                $0.utf8.count < $1.utf8.count
            }
            if let around, found == nil || !isPath(reached, at: around) {
                let reason = "a program of a task that may write '\(around)' can make one"
                throw refusal("'\(step.path)' is a link to '\(reached)', and \(reason)")
            }
            guard owner != 0 || around != nil else { continue }
            // The walk continues at the examined path, because the link may have been changed since.
            current = ""
            rest.removeLast(target.pathParts.count)
            for part in reached.pathParts.reversed() { rest.append(Substring(String(part))) }
        }
        return remainder.isEmpty ? "/" : remainder
    }

    private func refusal(_ reason: String) -> SystemError {
        let advice = "write the path without the link, or remove the link"
        return SystemError(operation, path, code: EACCES, detail: reason, advice: advice)
    }

    /// The whole path, with the links passed so far replaced by their targets.
    var remainder: String { ([current[...]] + rest.reversed()).joined(separator: "/") }
}

extension FileSystem {
    /// Returns the other names of an absolute path: one for each link on the way, with the links up to it replaced.
    ///
    /// Links after the first part that cannot be examined are ignored.
    public static func linkedNames(of path: String) -> [String] {
        var walk = PathWalk(path, "cannot follow")
        var names: [String] = []
        while let step = (try? walk.next()) ?? nil {
            if step.status.kind == .symbolicLink { names.append(walk.remainder) }
        }
        return names
    }
}
