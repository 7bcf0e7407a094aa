import Base
import Execution
import Glibc
import Host
import Planning
import YAML

/// The unpacking of a part of an archive in a directory, by `tar`.
///
/// `tar` makes a fresh directory in the task's directory of the cache. It refuses names with `..`, makes absolute ones relative, and follows no
/// link of the archive. What is wanted is then copied from there, each file atomically and with the task's owner and permissions.
struct Unpacking: Sendable {
    private let context: ActionContext
    private let declaration: FileDeclaration
    private let part: FileDeclaration.Unpacking
    private let accounts: (owner: UInt32?, group: UInt32?)
    /// The URL or path of the archive, for messages.
    private let name: String
    private let location: SourceLocation?
    /// The archive and the settings that a list must be of, for everything to be in place.
    private let key: String
    private let directory: String

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - action: The task.
    ///   - part: The part of the archive.
    ///   - accounts: The owner and group of the files.
    ///   - digest: The SHA-256 digest of the archive.
    ///   - name: The URL or path of the archive, for messages.
    ///   - location: The location of the archive's name in the task file, if it is not that of the task.
    init(
        _ action: FileAction,
        _ part: FileDeclaration.Unpacking,
        _ accounts: (owner: UInt32?, group: UInt32?),
        sha256 digest: String,
        of name: String,
        at location: SourceLocation? = nil
    ) {
        (context, declaration, self.part, self.accounts) = (action.context, action.declaration, part, accounts)
        (self.name, self.location) = (name, location)
        directory = declaration.path.path.withoutSlashesAtEnd
        let mode = declaration.mode.map { octal(UInt32($0)) } ?? ""
        key = "\(digest) \(mode) \(part.strippedCount) \(part.wanted.joined(separator: "\n"))"
    }

    private var files: NodeFiles { context.run.files }

    /// The unpacked files, with paths below the directory.
    private struct Contents {
        var key: String
        var files: [PinnedFile] = []
        var links: [Link] = []
        /// The directories, each after those above it; a list does not have them.
        var directories: [String] = []

        struct Link {
            var path: String
            var target: String
        }

        var paths: [String] { files.map(\.path) + links.map(\.path) }
    }

    /// Returns whether everything is in place, according to the list of what was unpacked; without one it is not.
    func isDone() throws(Problem) -> Bool {
        guard let list = list(), list.key.hasSameBytes(as: key) else { return false }
        for file in list.files where try !isInPlace(file) { return false }
        for link in list.links {
            guard try status(link.path)?.target?.hasSameBytes(as: link.target) == true else { return false }
        }
        return true
    }

    /// Unpacks the archive, and puts in place what differs.
    ///
    /// - Parameter archive: The location of the archive.
    /// - Returns: Whether anything was changed.
    /// - Throws: ``Base/Problem`` if the archive is refused, or the system refuses.
    func run(_ archive: String) async throws(Problem) -> Bool {
        let scratch: String
        do throws(SystemError) {
            try files.makeDirectories(directory, by: context.task.name)
            let location = try files.stateLocation(context.cacheDirectory)
            scratch = "\(location)/unpacked"
            try await onThread { () throws(SystemError) in
                _ = try DirectoryHandle(reaching: location, isCreating: true, isOfService: true)
                try Self.discard(scratch)
                try FileSystem.makeDirectory(DirectorySettings(path: scratch, mode: 0o700))
            }
        } catch {
            throw problem(error, directory)
        }
        defer { try? Self.discard(scratch) }
        try await extract(archive, scratch)
        return try await place(scratch)
    }

    /// Calls a function about a file on a thread of its own, which is left alone when the time of the task is over.
    private func withinTime<Value: Sendable>(
        _ path: String,
        _ body: @escaping @Sendable () throws(SystemError) -> Value
    ) async throws(SystemError) -> Value {
        guard !Task.isCancelled, let value = try await onThread(until: context.deadline, body) else {
            throw SystemError("cannot copy", path, code: ETIMEDOUT, detail: "the time of the task is over")
        }
        return value
    }

    private func extract(_ archive: String, _ scratch: String) async throws(Problem) {
        let words = [
            "--extract", "--directory", scratch, "--no-same-owner", "--no-same-permissions", "--strip-components",
            "\(part.strippedCount)",
        ]
        let result: FilterResult
        do throws(SystemError) {
            result = try await context.tar(archive, words)
        } catch {
            throw Problem("'\(name)' cannot be unpacked", at: location, cause: error)
        }
        guard !result.status.isSuccess else { return }
        throw refusal("cannot be unpacked: \(result.reason)")
    }

    private func refusal(_ words: String) -> Problem {
        var problem = Problem("'\(name)' \(words)", at: location)
        problem.mayPass = true
        return problem
    }

    /// Removes what `tar` has made, also directories in which it has forbidden that.
    private static func discard(_ scratch: String) throws(SystemError) {
        guard try FileSystem.status(scratch) != nil else { return }
        _ = try? found(in: scratch)
        try FileSystem.removeTree(scratch)
    }

    /// Returns the entries below a directory, each with its status and after those above it; directories are opened to us.
    private static func found(
        in scratch: String,
        _ above: String = ""
    ) throws(SystemError) -> [(path: String, status: FileStatus)] {
        var found: [(path: String, status: FileStatus)] = []
        for name in try FileSystem.list("\(scratch)/\(above)") {
            let path = above + name
            guard let status = try FileSystem.status("\(scratch)/\(path)") else { continue }
            found.append((path, status))
            guard status.kind == .directory else { continue }
            try FileSystem.makeDirectory(DirectorySettings(path: "\(scratch)/\(path)", mode: 0o700))
            found += try Self.found(in: scratch, "\(path)/")
        }
        return found
    }

    /// Puts in place what `tar` has made, after all of it was checked.
    private func place(_ scratch: String) async throws(Problem) -> Bool {
        let contents = try await contents(of: scratch)
        try requireDirectories(contents)
        let former = list()
        let task = context.task.name
        var isChanged = false
        do throws(SystemError) {
            var changes: [PinnedFile] = []
            for file in contents.files {
                if try await !withinTime(file.path, { () throws(SystemError) in try files.isInPlace(located(file)) }) {
                    changes.append(file)
                }
            }
            // Files of an unfinished unpacking belong to no archive.
            var unfinished = contents
            unfinished.key = ""
            unfinished.files += former?.files ?? []
            unfinished.links += former?.links ?? []
            if former == nil || !changes.isEmpty { try save(unfinished) }
            for path in contents.directories {
                let settings = DirectorySettings(path: "\(directory)/\(path)")
                if try files.makeDirectory(settings, by: task) != .unchanged { isChanged = true }
            }
            for file in changes {
                let result = try await withinTime(file.path) { () throws(SystemError) in
                    try files.copy("\(scratch)/\(file.path)", to: located(file), by: task)
                }
                context.emit(.path("\(directory)/\(file.path)", result))
                isChanged = true
            }
            for link in contents.links {
                let path = "\(directory)/\(link.path)"
                let result = try files.link(path, to: link.target, by: task, replacing: true).result
                guard result != .unchanged else { continue }
                context.emit(.path(path, result))
                isChanged = true
            }
            if let former,
                try await onThread({ [contents] () throws(SystemError) in try remove(former, except: contents) })
            {
                isChanged = true
            }
            try save(contents)
        } catch {
            throw problem(error, directory)
        }
        return isChanged
    }

    private func contents(of scratch: String) async throws(Problem) -> Contents {
        var contents = Contents(key: key)
        var missing = part.wanted
        do throws(SystemError) {
            for (path, status) in try Self.found(in: scratch) {
                missing.removeAll { isEntry(path, like: $0) }
                guard part.wants(path) else { continue }
                switch status.kind {
                case .directory: contents.directories.append(path)
                case .regular:
                    let mode = declaration.mode.map(UInt32.init) ?? (status.mode & 0o100 == 0 ? 0o644 : 0o755)
                    let digest = try await withinTime(path) { () throws(SystemError) in
                        try sha256(ofFile: "\(scratch)/\(path)", until: context.deadline)
                    }
                    contents.files.append(PinnedFile(path: path, sha256: digest, size: status.size, mode: mode))
                case .symbolicLink:
                    contents.links.append(.init(path: path, target: status.target ?? ""))
                default: throw SystemError("cannot unpack", path, code: EINVAL, detail: "is a \(status.kind.rawValue)")
                }
            }
        } catch {
            throw refusal("is not unpacked: \(error)")
        }
        if let link = contents.links.first(where: { Self.leaves($0.path, $0.target) }) {
            throw refusal("is not unpacked: link '\(link.path)' leads out of the directory, to '\(link.target)'")
        }
        if let missing = missing.first { throw refusal("has no '\(missing)'") }
        guard !contents.paths.isEmpty else {
            throw refusal(
                "has nothing to unpack" + (part.strippedCount > 0 ? " with 'strip: \(part.strippedCount)'" : "")
            )
        }
        return contents
    }

    /// Returns whether the target of a link may be outside of the directory: if it is absolute, or has `..` above the
    /// directory or after a name, which may be that of a link.
    private static func leaves(_ path: String, _ target: String) -> Bool {
        let parts = target.pathParts.filter { $0 != "." }
        let upwards = parts.prefix { $0 == ".." }.count
        return target.isAbsolutePath || upwards >= path.pathParts.count || parts.dropFirst(upwards).contains("..")
    }

    /// Refuses what is in the place of a directory of the archive, such as a link, and directories in the place of others.
    private func requireDirectories(_ contents: Contents) throws(Problem) {
        let above = contents.paths.flatMap { path in path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
        }
        for (paths, isDirectory) in [
            ((contents.directories + above).unique { ExactText($0) }, true), (contents.paths, false),
        ] {
            for path in paths {
                guard let kind = try status(path)?.kind, (kind == .directory) != isDirectory,
                    isDirectory || kind == .directory
                else { continue }
                throw Problem(
                    "cannot unpack in '\(directory)': '\(directory)/\(path)' is a \(kind.rawValue), and "
                        + (isDirectory ? "a directory in the archive" : "none in the archive"),
                    hint: "remove it, or write another path"
                )
            }
        }
    }

    /// Removes what only the former archive had, unless somebody has changed it or another task may have unpacked it too.
    ///
    /// Directories stay, because they may have been there before.
    private func remove(_ former: Contents, except contents: Contents) throws(SystemError) -> Bool {
        let kept = Set((contents.paths + contents.directories).exact)
        var isChanged = false
        let base = FileSystem.existingRealPath(try files.location(ofTarget: directory))
        for path in former.paths where !kept.contains(ExactText(path)) && !mayBeOfAnother(path) {
            let location = "\(base)/\(path)"
            let above = location.lastSlash.map { String(location[..<$0]) } ?? ""
            guard FileSystem.existingRealPath(above).hasSameBytes(as: above),
                let found = try FileSystem.status(location), isSame(path, found, location, former)
            else { continue }
            _ = try FileSystem.remove(location)
            context.emit(.path("\(directory)/\(path)", .removed))
            isChanged = true
        }
        return isChanged
    }

    private func isSame(_ path: String, _ found: FileStatus, _ location: String, _ former: Contents) -> Bool {
        if let target = found.target {
            return former.links.contains { $0.path.hasSameBytes(as: path) && $0.target.hasSameBytes(as: target) }
        }
        guard found.kind == .regular, let digest = try? sha256(ofFile: location) else { return false }
        return former.files.contains { $0.path.hasSameBytes(as: path) && $0.sha256 == digest }
    }

    /// Returns whether another task may have unpacked a path from its archive.
    private func mayBeOfAnother(_ path: String) -> Bool {
        let path = "\(directory)/\(path)"
        return context.run.plan.steps.lazy.map(\.task).contains { task in
            guard !task.name.hasSameBytes(as: context.task.name) else { return false }
            if task.footprint.producedPaths.contains(where: { $0.hasSameBytes(as: path) }) { return true }
            return task.unpacks(path)
        }
    }

    private func located(_ file: PinnedFile) -> PinnedFile {
        var file = file
        file.path = "\(directory)/\(file.path)"
        (file.owner, file.group) = accounts
        return file
    }

    private func isInPlace(_ file: PinnedFile) throws(Problem) -> Bool {
        do {
            return try files.isInPlace(located(file))
        } catch {
            throw problem(error, "\(directory)/\(file.path)")
        }
    }

    private func status(_ path: String) throws(Problem) -> FileStatus? {
        do {
            return try FileSystem.status(try files.location(ofWritten: "\(directory)/\(path)"))
        } catch {
            throw problem(error, "\(directory)/\(path)")
        }
    }

    private func problem(_ error: SystemError, _ path: String) -> Problem {
        Problem("cannot unpack in '\(path)'", hint: error.advice, cause: error)
    }
}

/// The list of what a task has unpacked, with which a later run finds everything in place without the archive.
extension Unpacking {
    private static let listName = "unpacked.json"

    /// Returns what the task has unpacked last in the directory, `nil` if that is not known.
    private func list() -> Contents? {
        guard let json = try? files.read("\(context.cacheDirectory)/\(Self.listName)", limit: 32 << 20),
            let node = try? readJSON(json, file: Self.listName),
            node["directory"]?.string?.hasSameBytes(as: directory) == true, let key = node["key"]?.string
        else { return nil }
        var contents = Contents(key: key)
        for entry in node["entries"]?.sequence ?? [] {
            guard let path = entry["path"]?.string else { return nil }
            if let target = entry["target"]?.string {
                contents.links.append(.init(path: path, target: target))
            } else if let sha256 = entry["sha256"]?.string, let size = entry["size"]?.integer,
                let mode = entry["mode"]?.integer
            {
                contents.files.append(PinnedFile(path: path, sha256: sha256, size: size, mode: UInt32(mode)))
            } else {
                return nil
            }
        }
        return contents
    }

    private func save(_ contents: Contents) throws(SystemError) {
        let entries: [Node] =
            contents.files.map { file in
                .mapping([
                    ("path", .string(file.path)), ("sha256", .string(file.sha256)), ("size", .number(file.size ?? 0)),
                    ("mode", .number(Int(file.mode))),
                ])
            } + contents.links.map { .mapping([("path", .string($0.path)), ("target", .string($0.target))]) }
        let node = Node.mapping([
            ("directory", .string(directory)), ("key", .string(contents.key)), ("entries", .sequence(entries)),
        ])
        try files.keep(node.json(), as: Self.listName, in: context.cacheDirectory)
    }
}

extension ActionContext {
    /// Runs `tar`, which recognises how an archive is compressed, until the task's deadline.
    func tar(_ archive: String, _ words: [String]) async throws(SystemError) -> FilterResult {
        var environment = run.processEnvironment
        environment["TAR_OPTIONS"] = nil
        return try await filter(
            Command(FileDeclaration.unpacker, ["--file", archive, "--force-local"] + words, environment: environment),
            input: SecretBytes(copying: []),
            outputLimit: 8 << 20,
            deadline: deadline
        )
    }
}

extension PlannedTask {
    /// Returns whether the task may unpack a path from its archive.
    func unpacks(_ path: String) -> Bool {
        guard let file = verb.declaration as? FileDeclaration, let part = file.unpacking else { return false }
        let directory = file.path.path.withoutSlashesAtEnd
        return isPath(path, below: directory) && part.wants(path.pathPart(after: "\(directory)/"))
    }
}

extension FileDeclaration.Unpacking {
    /// Returns whether an entry is wanted; its path is that after ``strippedCount``.
    func wants(_ path: String) -> Bool { wanted.isEmpty || wanted.contains { isEntry(path, like: $0) } }
}

/// Returns whether a path is, or is below, what a pattern as in a shell names.
private func isEntry(_ path: String, like pattern: String) -> Bool {
    let parts = pattern.pathParts.filter { $0 != "." }
    let others = path.pathParts
    return others.count >= parts.count
        && zip(parts, others).allSatisfy { $0 == $1 || isName(String($1), like: String($0)) }
}
