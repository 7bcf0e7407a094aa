import Base
import Glibc
import HTTP
import Host
import Planning

/// An archive at a path or a URL.
struct Archive: Sendable {
    /// The path, or the URL without its query, as shown in messages.
    let name: String
    let location: SourceLocation
    let sha256: String
    private let source: FileSource
    private let context: ActionContext

    /// Computes the digest of an archive at a path; an archive at a URL is not fetched yet.
    ///
    /// `failure` is the beginning of the message if the file cannot be read, such as `cannot unpack`.
    init(_ source: FileSource, _ failure: String, _ context: ActionContext) async throws(Problem) {
        (self.source, self.context) = (source, context)
        switch source {
        case .path(let path):
            let files = context.run.files
            sha256 = try await onThread("\(failure) '\(path.path)'", at: path.location) {
                try files.digest(ofFile: path.path)
            }
            (name, location) = (path.path, path.location)
        case .url(let url, let digest, let location):
            (name, sha256, self.location) = (urlWithoutQuery(url), digest, location)
        }
    }

    /// Returns the location of the archive, which is fetched if necessary.
    func file() async throws(Problem) -> String {
        switch source {
        case .path(let path): (try? context.run.files.location(ofRead: path.path)) ?? path.path
        case .url(let url, let digest, _): try await context.fetched(url, sha256: digest)
        }
    }
}

/// The unpacking of an archive, or a part of it, into a directory.
///
/// `tar` extracts everything into a new directory in the task's cache. It refuses names with `..`, makes absolute names
/// relative, and follows no link in the archive. Then each wanted file is copied atomically, with the declared or
/// default owner and permissions, and each wanted link is created.
struct Unpacking: Sendable {
    let context: ActionContext
    let declaration: FileDeclaration
    let part: FileDeclaration.Unpacking
    /// The owner and group of the files; if `nil`, those that the kernel gives to a new file.
    let accounts: (owner: UInt32?, group: UInt32?)
    let archive: Archive

    private var directory: String { declaration.path.path.withoutSlashesAtEnd }

    /// The digest of the archive and the settings that determine what is unpacked.
    private var key: String {
        let mode = declaration.mode.map { octal(UInt32($0)) } ?? ""
        return "\(archive.sha256) \(mode) \(part.strippedCount) \(part.wanted.joined(separator: "\n"))"
    }

    private var files: NodeFiles { context.run.files }

    /// An unpacked file or link.
    private struct Entry: Codable {
        /// The path below the directory.
        var path: String
        /// The target of a link; `nil` for a file, which has the other properties.
        var target: String?
        var sha256: String?
        var size: Int?
        var mode: UInt32?
    }

    /// A record of the last unpacking, with which a later run verifies the files without extracting the archive.
    private struct List: Codable {
        static let name = "unpacked.json"

        var directory: String
        var key: String
        var entries: [Entry]
    }

    /// Returns whether the same archive was unpacked with the same settings, and its files are unchanged.
    func isDone() throws(Problem) -> Bool {
        guard let list = list(), list.key.hasSameBytes(as: key) else { return false }
        return try attempt(failure) { try list.entries.allSatisfy(isInPlace) }
    }

    /// Unpacks the archive, writes the files that differ, and returns whether anything was changed.
    func run() async throws(Problem) -> Bool {
        let file = try await archive.file()
        let scratch = try await onThread(failure) {
            try files.makeDirectories(directory, by: context.task.name)
            let location = try files.stateLocation(context.cacheDirectory)
            let scratch = "\(location)/unpacked"
            _ = try DirectoryHandle(reaching: location, isCreating: true, isOfService: true)
            try Self.discard(scratch)
            try FileSystem.makeDirectory(DirectorySettings(path: scratch, mode: 0o700))
            return scratch
        }
        defer { try? Self.discard(scratch) }
        try await extract(file, scratch)
        let isChanged: Result<Bool, Problem>?
        do throws(SystemError) {
            // At the deadline or on cancellation, the thread is abandoned. It places no file after the deadline.
            isChanged = try await onThread(until: context.deadline) {
                Result { () throws(Problem) in try place(scratch) }
            }
        } catch {
            throw Problem(failure, cause: error)
        }
        guard let isChanged else {
            throw Problem("\(failure): the time of the task is over", at: declaration.path.location)
        }
        return try isChanged.get()
    }

    private func extract(_ file: String, _ scratch: String) async throws(Problem) {
        let words = [
            "--extract", "--directory", scratch, "--no-same-owner", "--no-same-permissions", "--strip-components",
            "\(part.strippedCount)",
        ]
        let result: FilterResult
        do throws(SystemError) {
            result = try await context.tar(file, words)
        } catch {
            throw refusal("cannot be unpacked", cause: error)
        }
        guard result.status.isSuccess else { throw refusal("cannot be unpacked: \(result.reason)") }
    }

    private func refusal(_ words: String, cause: SystemError? = nil) -> Problem {
        var problem = Problem("'\(archive.name)' \(words)", at: archive.location, cause: cause)
        problem.mayPass = true
        return problem
    }

    /// Removes the extracted files, even from directories whose permissions forbid it.
    private static func discard(_ scratch: String) throws(SystemError) {
        guard try FileSystem.status(scratch) != nil else { return }
        _ = try? found(in: scratch)
        try FileSystem.removeTree(scratch)
    }

    /// Returns the entries below a directory, parents first, and makes all directories accessible.
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

    /// Checks all extracted files, then copies those that differ, and returns whether anything was changed.
    private func place(_ scratch: String) throws(Problem) -> Bool {
        let (directories, entries) = try contents(of: scratch)
        let task = context.task.name
        var isChanged = false
        try attempt(failure) {
            for path in entries.map({ "\(directory)/\($0.path)" }) {
                guard try FileSystem.status(try files.location(ofWritten: path))?.kind == .directory else { continue }
                throw SystemError("cannot write", path, code: EISDIR, advice: "remove it, or write another path")
            }
            for path in directories {
                let settings = DirectorySettings(path: "\(directory)/\(path)")
                if try files.makeDirectory(settings, by: task) != .unchanged { isChanged = true }
            }
            for entry in entries where try !isInPlace(entry) {
                // After the deadline, nothing waits for the thread any more.
                if .now >= context.deadline { throw SystemError("cannot unpack in", directory, code: ETIMEDOUT) }
                let path = "\(directory)/\(entry.path)"
                let found = try FileSystem.status(try files.location(ofWritten: path))
                if let target = entry.target {
                    _ = try files.link(path, to: target, by: task, replacing: true)
                } else {
                    try files.write(file(entry), from: "\(scratch)/\(entry.path)", by: task)
                }
                context.emit(.path(path, found == nil ? .created : .changed))
                isChanged = true
            }
            let list = List(directory: directory, key: key, entries: entries)
            try files.keep(stateFile(list), as: List.name, in: context.cacheDirectory)
        }
        return isChanged
    }

    /// Returns the directories to create, parents first, and the wanted files and links.
    ///
    /// - Throws: ``Base/Problem`` also if there is nothing to unpack, or if a wanted entry is missing, is a special
    ///   file, or could link out of the directory.
    private func contents(of scratch: String) throws(Problem) -> (directories: [String], entries: [Entry]) {
        var (directories, entries): ([String], [Entry]) = ([], [])
        var missing = part.wanted
        do throws(SystemError) {
            for (path, status) in try Self.found(in: scratch) {
                missing.removeAll { isEntry(path, like: $0) }
                guard part.wants(path) else { continue }
                switch status.kind {
                case .directory: directories.append(path)
                case .regular:
                    let mode = declaration.mode.map(UInt32.init) ?? (status.mode & 0o100 == 0 ? 0o644 : 0o755)
                    let digest = try sha256(ofFile: "\(scratch)/\(path)", until: context.deadline)
                    entries.append(Entry(path: path, sha256: digest, size: status.size, mode: mode))
                case .symbolicLink: entries.append(Entry(path: path, target: status.target ?? ""))
                default: throw SystemError("cannot unpack", path, code: EINVAL, detail: "is a \(status.kind.rawValue)")
                }
            }
        } catch {
            throw refusal("is not unpacked: \(error)")
        }
        for entry in entries {
            guard let target = entry.target, Self.leaves(entry.path, target) else { continue }
            throw refusal("is not unpacked: link '\(entry.path)' leads out of the directory, to '\(target)'")
        }
        if let missing = missing.first { throw refusal("has no '\(missing)'") }
        guard !entries.isEmpty else {
            throw refusal(
                "has nothing to unpack" + (part.strippedCount > 0 ? " with 'strip: \(part.strippedCount)'" : "")
            )
        }
        // Parents are included, because a link in place of a parent is refused only when that directory is created.
        let above = entries.flatMap { entry in
            entry.path.indices.filter { entry.path[$0] == "/" }.map { String(entry.path[..<$0]) }
        }
        return ((above + directories).unique { ExactText($0) }, entries)
    }

    /// Returns whether a link could lead out of the directory.
    ///
    /// A target with `..` after a name counts too, because the name could be that of another link.
    private static func leaves(_ path: String, _ target: String) -> Bool {
        let parts = target.pathParts.filter { $0 != "." }
        let upwards = parts.prefix { $0 == ".." }.count
        return target.isAbsolutePath || upwards >= path.pathParts.count || parts.dropFirst(upwards).contains("..")
    }

    private func file(_ entry: Entry) -> FileContent {
        let (owner, group) = accounts
        let path = "\(directory)/\(entry.path)"
        return FileContent(
            sha256: entry.sha256 ?? "",
            size: entry.size,
            path: path,
            mode: entry.mode ?? 0,
            owner: owner,
            group: group
        )
    }

    private func isInPlace(_ entry: Entry) throws(SystemError) -> Bool {
        guard let target = entry.target else { return try files.compare(file(entry)) == .unchanged }
        let location = try files.location(ofWritten: "\(directory)/\(entry.path)")
        return try FileSystem.status(location)?.target?.hasSameBytes(as: target) == true
    }

    private var failure: String { "cannot unpack in '\(directory)'" }

    private func list() -> List? {
        let json = try? files.read("\(context.cacheDirectory)/\(List.name)", limit: 32 << 20)
        let list = json.flatMap { stateValue(List.self, from: $0) }
        return list?.directory.hasSameBytes(as: directory) == true ? list : nil
    }
}

extension ActionContext {
    /// Runs `tar`, which detects the compression of the archive and is killed at the task's deadline.
    func tar(_ archive: String, _ words: [String]) async throws(SystemError) -> FilterResult {
        var environment = run.processEnvironment
        environment["TAR_OPTIONS"] = nil
        return try await filter(
            Command(FileDeclaration.unpacker, ["--file", archive, "--force-local"] + words, environment: environment),
            outputLimit: 8 << 20,
            deadline: deadline
        )
    }
}

extension PlannedTask {
    /// Returns whether the task could unpack a file at a path.
    func unpacks(_ path: String) -> Bool {
        guard let file = verb.declaration as? FileDeclaration, let part = file.unpacking else { return false }
        let directory = file.path.path.withoutSlashesAtEnd
        return isPath(path, below: directory) && part.wants(path.pathPart(after: "\(directory)/"))
    }
}

extension FileDeclaration.Unpacking {
    /// Returns whether the task unpacks an entry; the path does not include the stripped parts.
    func wants(_ path: String) -> Bool { wanted.isEmpty || wanted.contains { isEntry(path, like: $0) } }
}

/// Returns whether a shell pattern matches a path or a directory above it.
private func isEntry(_ path: String, like pattern: String) -> Bool {
    let parts = pattern.pathParts.filter { $0 != "." }
    let others = path.pathParts
    return others.count >= parts.count
        && zip(parts, others).allSatisfy { $0 == $1 || isName(String($1), like: String($0)) }
}
