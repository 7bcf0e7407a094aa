import Actions
import Base
import Host
import Planning

/// The check of a new directory, and its way to its place: as a whole, or not at all.
struct NodeDirectoryWriter {
    let directory: NodeDirectory

    /// The absolute path of the directory.
    let path: String

    /// Whether files of the same names are replaced.
    let replaces: Bool

    let options: Options

    /// The time to wait for another process that replaces a directory of the same parent.
    private static let lockLimit: Duration = .seconds(30)

    /// Writes the directory, once its task file has passed the check.
    ///
    /// - Returns: The names of files that were different and have been replaced, with those of their copies.
    /// - Throws: ``Base/Problems`` of the task file, or of what is in the way; ``Base/SystemError`` if the system refuses.
    func write() async throws -> [(name: String, copy: String)] {
        try requireFree()
        guard let lock = try await StagedDirectory.lock(path, until: .now + Self.lockLimit) else {
            throw Problem(
                "another process replaces a directory beside '\(path)'",
                hint: "try again when it has ended"
            )
        }
        defer { withExtendedLifetime(lock) {} }
        var staged = try StagedDirectory(replacing: path)
        var kept: [(name: String, copy: String)] = []
        for file in directory.files {
            let place = "\(staged.path)/\(file.path)"
            let isSecret = isPath(file.path, at: JoinCredentials.secrets)
            if let slash = place.lastSlash {
                try FileSystem.makeDirectories(String(place[..<slash]), mode: isSecret ? 0o700 : 0o755)
            }
            let mode: UInt32 = isSecret ? 0o600 : file.path.hasSuffix(".sh") ? 0o755 : 0o644
            if let copy = try ReplacedFile.keep(place, replacedBy: file.content) {
                kept.append((file.path, copy.pathPart(after: "\(staged.path)/")))
            }
            try FileSystem.write(file.content, to: place, mode: mode)
        }
        try await check(staged.path)
        try staged.publish()
        return kept
    }

    /// Checks the task file as `check --offline` does.
    ///
    /// - Throws: ``Base/Problems``, with the paths that the files would have.
    private func check(_ staged: String) async throws {
        var options = options
        (options.config, options.isOffline, options.root) = ("\(staged)/\(NodeKind.taskFileName)", true, nil)
        let problems: [Problem]
        do {
            problems = try await PlanCheck(options).findings().problems
        } catch let error as Problems {
            problems = error.all
        }
        guard !problems.isEmpty else { return }
        throw Problems(
            problems.map { problem in
                var problem = problem
                problem.location?.file.replace(staged, with: path)
                return problem
            }
        )
    }

    /// Refuses a path that cannot become the directory, and a directory with files unless they are to be replaced.
    private func requireFree() throws {
        let parent = path.lastSlash.map { String(path[..<$0]) } ?? ""
        guard try FileSystem.status(FileSystem.existingRealPath(parent.isEmpty ? "/" : parent))?.kind == .directory
        else {
            throw Problem(
                "cannot write directory '\(path)': '\(parent)' is not a directory",
                hint: "create it, or name another directory with '--output'"
            )
        }
        let place = FileSystem.existingRealPath(path)
        guard let status = try FileSystem.status(place) else { return }
        guard status.kind == .directory else {
            throw Problem(
                "'\(path)' is a \(status.kind.rawValue)",
                hint: "name a directory with '--output', which need not exist"
            )
        }
        guard !replaces else { return }
        // A package may have created directories for files to come.
        let names = try FileSystem.list(place).filter { name in
            let below = "\(place)/\(name)"
            return try FileSystem.status(below)?.kind != .directory || !FileSystem.list(below).isEmpty
        }
        guard let first = names.min() else { return }
        throw Problem(
            "directory '\(path)' is not empty: it has '\(first)'"
                + (names.count > 1 ? " and \(names.count - 1) more" : ""),
            hint: "pass '--force' to replace the files of the same names, or '--output' with another directory"
        )
    }
}
