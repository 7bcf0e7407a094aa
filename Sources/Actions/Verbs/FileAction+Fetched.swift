import Archive
import Base
import Execution
import Host
import Planning

/// Files that are fetched from a pinned URL.
extension FileAction {
    /// Fetches the file unless it is in place, and writes it.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The SHA-256 digest of its content.
    /// - Returns: Whether the file was written, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if the file cannot be fetched or written.
    func runFetched(_ url: String, sha256 digest: String) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let placement = try await Placement(context, declaration)
        // The size is not known before the file has been fetched.
        var file = placement.file(path, sha256: digest, size: placement.size(of: path), isExecutable: false)
        if try placement.isInPlace(file) {
            context.emit(.path(path, .unchanged))
            return false
        }
        guard let location = try await context.fetched(url, digest, "write '\(path)'") else { return true }
        do throws(SystemError) {
            file.size = try FileSystem.status(location)?.size ?? 0
        } catch {
            throw placement.problem(error, path)
        }
        let result = try placement.compare(file)
        if !context.run.files.isDryRun {
            try placement.requireSpace(for: [file])
            do throws(SystemError) {
                try context.run.files.log(creating: [file], by: context.task.name)
                let new = try context.run.files.create([file])[0]
                try FileSystem.readParts(location) { part throws(SystemError) in try new.append(part) }
                try new.complete()
            } catch {
                throw placement.problem(error, path)
            }
            context.cache.discardOthers(than: digest)
        }
        context.emit(.path(path, result))
        return true
    }
}

extension ActionContext {
    /// Fetches a pinned URL; a dry run only uses what is in the cache.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The SHA-256 digest of its content.
    ///   - purpose: The use of the file, for the message of a dry run.
    /// - Returns: The location of the file, or `nil` if a dry run would have to fetch it, which has been reported.
    /// - Throws: ``Base/Problem`` if the file cannot be fetched.
    func fetched(_ url: String, _ digest: String, _ purpose: String) async throws(Problem) -> String? {
        guard run.files.isDryRun else { return try await cache.file(of: url, sha256: digest) }
        // A damaged copy would be fetched again.
        if let kept = try? cache.keptFile(sha256: digest) { return kept }
        emit(.planned("would fetch '\(url)', and \(purpose)"))
        return nil
    }
}

/// The owner and permissions of files that a task puts in place, and their comparison with what is there.
struct Placement {
    let context: ActionContext
    private let declaration: FileDeclaration
    private let owner: UInt32?
    private let group: UInt32?

    /// Looks up the owner and the group.
    ///
    /// - Throws: ``Base/Problem`` if an account does not exist.
    init(_ context: ActionContext, _ declaration: FileDeclaration) async throws(Problem) {
        (self.context, self.declaration) = (context, declaration)
        (owner, group) = try await context.account(
            owner: declaration.owner,
            group: declaration.group,
            writing: declaration.path.path
        )
    }

    /// Returns the description of a file.
    func file(_ path: String, sha256: String, size: Int, isExecutable: Bool) -> PinnedFile {
        let mode = declaration.mode.map(UInt32.init) ?? (isExecutable ? 0o755 : 0o644)
        return PinnedFile(path: path, sha256: sha256, size: size, mode: mode, owner: owner, group: group)
    }

    /// Returns the size of what is at a path, 0 if that is nothing.
    func size(of path: String) -> Int {
        let location = try? context.run.files.location(ofWritten: path)
        return location.flatMap { try? FileSystem.status($0) }?.size ?? 0
    }

    /// Returns whether a file is as described, without any effect on a dry run.
    func isInPlace(_ file: PinnedFile) throws(Problem) -> Bool {
        do {
            return try context.run.files.isInPlace(file)
        } catch {
            throw problem(error, file.path)
        }
    }

    /// Compares a file with what is there, see ``NodeFiles/compare(_:)``.
    func compare(_ file: PinnedFile) throws(Problem) -> Event.PathResult {
        do {
            return try context.run.files.compare(file)
        } catch {
            throw problem(error, file.path)
        }
    }

    /// Refuses files for which there is not enough space, before any of them is written.
    func requireSpace(for files: [PinnedFile]) throws(Problem) {
        let needed = files.reduce(0) { $0 + $1.size }
        guard let path = files.first?.path, let location = try? context.run.files.location(ofWritten: path),
            let space = FreeSpace.at(location), space.free < needed
        else { return }
        var problem = Problem(
            .systemCallFailed,
            "cannot write '\(declaration.path.path)': it needs \(roundedByteText(needed)), "
                + "and '\(space.mount)' has \(roundedByteText(space.free)) free",
            at: declaration.path.location,
            hint: "free space on '\(space.mount)', or write another path"
        )
        problem.mayPass = true
        throw problem
    }

    /// Returns the error of writing a path.
    func problem(_ error: SystemError, _ path: String) -> Problem {
        Problem(.systemCallFailed, "cannot write file '\(path)'", hint: context.hint(for: error), cause: error)
    }
}
