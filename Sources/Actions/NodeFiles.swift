public import Execution
import Glibc
public import Host
import Locking

/// The node's files as a run sees them.
///
/// With a root, every path that is written gets the root in front of it, and a path that is there under the root is
/// read from there. With a dry run nothing is written; what would have been is kept in memory and read from there.
public final class NodeFiles: Sendable {
    /// The folder in front of written paths, without a slash at its end; empty for none.
    public let root: String

    /// Whether nothing may be written.
    public let isDryRun: Bool

    private let foretold = Locked<[String: Foretold]>([:])

    /// What a dry run would have put at a path.
    private enum Foretold {
        case file([UInt8])
        case link(target: String)
    }

    /// Links in links are followed this far.
    private static let linkLimit = 40

    /// Creates a view of the files.
    ///
    /// - Parameters:
    ///   - root: The folder to put in front of written paths, `nil` for the node itself.
    ///   - isDryRun: Whether nothing is written.
    public init(root: String?, isDryRun: Bool) {
        var root = root ?? ""
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
        self.isDryRun = isDryRun
    }

    /// Where a path is written.
    public func location(ofWritten path: String) -> String { root + path }

    /// Where a path is read: under the root if something is there.
    public func location(ofRead path: String) -> String {
        guard !root.isEmpty, (try? FileSystem.exists(root + path)) == true else { return path }
        return root + path
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The path on the node.
    ///   - limit: The number of bytes above which the file is refused.
    /// - Returns: All bytes of it.
    /// - Throws: ``Host/SystemError`` if there is no such file, or it cannot be read, or is too large.
    public func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let path = resolved(path)
        if case .file(let bytes) = foretold.withLock({ $0[path] }) { return bytes }
        return try FileSystem.read(location(ofRead: path), limit: limit)
    }

    /// Whether something is at a path, or with a dry run would be.
    public func exists(_ path: String) throws(SystemError) -> Bool {
        let path = resolved(path)
        if foretold.withLock({ $0[path] != nil }) { return true }
        return try FileSystem.exists(location(ofRead: path))
    }

    /// A path with the links of a dry run followed, which are nowhere but in memory.
    private func resolved(_ path: String) -> String {
        let links = foretold.withLock { $0.compactMapValues { if case .link(let target) = $0 { target } else { nil } } }
        guard !links.isEmpty else { return path }
        var path = path
        for _ in 0..<Self.linkLimit {
            guard let (link, target) = links.first(where: { path == $0.key || path.hasPrefix("\($0.key)/") }) else {
                break
            }
            let directory = link[...(link.lastIndex(of: "/") ?? link.startIndex)]
            path = (target.hasPrefix("/") ? target : directory + target) + path.dropFirst(link.count)
        }
        return path
    }

    /// Brings a file to a content, permissions and owner, and tells what that took.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - path: The path on the node.
    ///   - mode: The permissions.
    ///   - owner: The owner, `nil` for the agent's own user.
    ///   - group: The group, `nil` for whatever group a new file gets.
    /// - Returns: Whether the file was made, changed or left alone, or with a dry run would be.
    /// - Throws: ``Host/SystemError`` if something else is in the way, or the system refuses.
    public func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil,
    ) throws(SystemError) -> Event.PathResult {
        let location = location(ofWritten: path)
        let found = try FileSystem.status(location)
        let result: Event.PathResult = found == nil ? .created : .changed
        if isDryRun, let found, ![.regular, .symbolicLink].contains(found.kind) {
            // What the real run would be told.
            throw SystemError("cannot write", location, code: EISDIR, detail: "a \(found.kind.rawValue) is in the way")
        }
        if let found, found.kind == .regular, found.mode == mode,
            found.owner == owner ?? geteuid(), group == nil || found.group == group,
            found.size == bytes.count, try FileSystem.read(location, limit: bytes.count) == bytes
        {
            return .unchanged
        }
        if isDryRun {
            foretold.withLock { $0[path] = .file(bytes) }
        } else {
            try FileSystem.write(bytes, to: location, mode: mode, owner: owner, group: group)
        }
        return result
    }

    /// Makes a link point at a target, and tells what that took.
    ///
    /// - Parameters:
    ///   - path: The path of the link on the node.
    ///   - target: What it points at, as written into it.
    ///   - replacing: Whether a real file or directory in the way is replaced.
    /// - Returns: Whether the link was made, changed or left alone, or with a dry run would be; or what
    ///   is in the way.
    /// - Throws: ``Host/SystemError`` if the system refuses.
    func link(_ path: String, to target: String, replacing: Bool) throws(SystemError) -> Linking {
        let location = location(ofWritten: path)
        let found = try FileSystem.status(location)
        if found?.kind == .symbolicLink, found?.target == target { return .done(.unchanged) }
        if let found, found.kind != .symbolicLink, !replacing { return .inTheWay(found.kind) }
        if isDryRun {
            foretold.withLock { $0[path] = .link(target: target) }
        } else {
            try FileSystem.makeSymbolicLink(at: location, to: target, replacing: found != nil)
        }
        if found?.kind == .directory { return .replacedDirectory }
        return .done(found == nil ? .created : .changed)
    }

    /// What became of a link.
    enum Linking {
        /// It is as described, or with a dry run would be.
        case done(Event.PathResult)
        /// It stands, or with a dry run would stand, where a directory was, which went with all that was in it.
        case replacedDirectory
        /// Something is in the way that may not be replaced.
        case inTheWay(FileStatus.Kind)
    }
}
