import Archive
import Base
import Execution
import Host
import Planning

/// The files and links that a task has unpacked from another archive than now.
///
/// Directories stay, because they may have been there before.
struct FormerContents {
    private let context: ActionContext
    /// The directory in which the archives are unpacked.
    private let directory: String
    private let former: ArchiveContents

    private static let operation = "cannot remove"

    init(_ context: ActionContext, _ directory: String, _ former: ArchiveContents) {
        (self.context, self.directory, self.former) = (context, directory, former)
    }

    private var files: NodeFiles { context.run.files }

    /// Removes what the new archive does not have, unless somebody has changed it or another task may have unpacked it too.
    ///
    /// - Parameter contents: What was unpacked of the new archive.
    /// - Returns: Whether anything was removed, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if the system refuses.
    func remove(except contents: ArchiveContents) throws(Problem) -> Bool {
        let kept = Set((contents.files.map(\.path) + contents.links.map(\.path) + contents.directories).exact)
        var isChanged = false
        for file in former.files where !kept.contains(ExactText(file.path)) && !mayBeOfAnother(file.path) {
            guard try remove(file.path, if: { isUnchanged($0, file) }) else { continue }
            isChanged = true
        }
        for link in former.links where !kept.contains(ExactText(link.path)) && !mayBeOfAnother(link.path) {
            let isSame = { (location: String) in
                (try? FileSystem.status(location))??.target?.hasSameBytes(as: link.target) == true
            }
            guard try remove(link.path, if: isSame) else { continue }
            isChanged = true
        }
        return isChanged
    }

    private func isUnchanged(_ location: String, _ file: ArchiveContents.File) -> Bool {
        guard let status = (try? FileSystem.status(location)) ?? nil, status.kind == .regular, status.size == file.size
        else { return false }
        return (try? sha256(ofFile: location)) == file.sha256
    }

    /// Returns whether another task may have unpacked a path from its archive.
    private func mayBeOfAnother(_ path: String) -> Bool {
        let path = "\(directory)/\(path)"
        return context.run.plan.steps.lazy.map(\.task).contains { task in
            guard !task.name.hasSameBytes(as: context.task.name) else { return false }
            if task.footprint.producedPaths.contains(where: { $0.hasSameBytes(as: path) }) { return true }
            guard let file = task.verb.declaration as? FileDeclaration, let part = file.unpacking else { return false }
            let other = file.path.path.withoutSlashesAtEnd
            guard isPath(path, below: other) else { return false }
            return ArchiveSelection(strippedCount: part.strippedCount, wanted: part.wanted)
                .wants(path.pathPart(after: "\(other)/"))
        }
    }

    /// Removes a path below the directory, if it has not been changed and no link leads to it.
    ///
    /// - Returns: Whether it was removed, or would be in a dry run.
    private func remove(
        _ path: String,
        if isMeant: (String) -> Bool,
    ) throws(Problem) -> Bool {
        let full = "\(directory)/\(path)"
        do throws(SystemError) {
            let base = FileSystem.existingRealPath(try files.location(ofTarget: directory))
            let parts = try PathParts("\(base)/\(path)", Self.operation)
            guard let handle = try? DirectoryHandle(withoutLinks: parts.directory),
                let found = try handle.status(parts.name), found.kind != .directory,
                isMeant("\(base)/\(path)")
            else { return false }
            if !files.isDryRun { try handle.remove(parts.name) }
        } catch {
            let error = error.examined()
            throw Problem("cannot remove '\(full)'", hint: error.advice, cause: error)
        }
        context.emit(.path(full, .removed))
        return true
    }
}
