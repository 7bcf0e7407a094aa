import Base
import Execution
import Glibc
import Host
import Planning
import TLS

/// The owner and permissions with which a task puts streamed files in place, and their comparison with what is there.
struct PinnedPlacement: Sendable {
    let context: ActionContext
    let declaration: FileDeclaration
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
    func file(_ path: String, sha256: String, size: Int? = nil, isExecutable: Bool = false) -> PinnedFile {
        let mode = declaration.mode.map(UInt32.init) ?? (isExecutable ? 0o755 : 0o644)
        return PinnedFile(path: path, sha256: sha256, size: size, mode: mode, owner: owner, group: group)
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
        let needed = files.reduce(0) { $0 + ($1.size ?? 0) }
        guard let path = files.first?.path, let location = try? context.run.files.location(ofWritten: path),
            let space = FreeSpace.at(location), space.free < needed
        else { return }
        var problem = Problem(
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
        Problem("cannot write file '\(path)'", hint: error.advice, cause: error)
    }
}

/// A new file that is put in place only with the content of its description.
final class PinnedWriter {
    private let file: PinnedFile
    private let new: NewFile
    private var digest: SHA256? = SHA256()

    /// Creates an empty file under a temporary name.
    ///
    /// - Parameters:
    ///   - file: The file, with its path on the node.
    ///   - files: The node's files.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    init(_ file: PinnedFile, _ files: NodeFiles) throws(SystemError) {
        self.file = file
        var located = file
        located.path = try files.location(ofWritten: file.path)
        new = try NewFile(located)
    }

    /// Appends bytes to the content.
    func append(_ bytes: [UInt8]) throws(SystemError) {
        try new.append(bytes)
        digest?.update(bytes)
    }

    /// Puts the file in place.
    ///
    /// - Throws: ``Base/SystemError`` if the content has another digest, because its source has changed, or if the system
    ///   refuses.
    func complete() throws(SystemError) {
        guard digest.take()?.finish().description == file.sha256 else {
            throw SystemError("cannot write", file.path, code: EIO, detail: "its source has changed meanwhile")
        }
        try new.complete()
    }
}
