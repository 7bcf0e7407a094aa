import Base
import Glibc
import Host

/// The outcome of removing a path that a task created.
public enum Removal: Sendable, Hashable {
    /// The path was deleted, or would be deleted by a dry run.
    case deleted
    /// The path does not exist.
    case absent
    /// The path is also in the list of a task that is not undone yet.
    case left
    /// The path is a directory, which ``ProductRemover/deleteDirectory(_:)`` deletes after all files.
    case directory
    /// The path was not deleted; the text is the reason, as a predicate of the path.
    case kept(String)

    /// A directory that has other content.
    public static let notEmpty = Self.kept("is not empty")
}

/// Deletes paths that tasks created; in a dry run, determines which paths would be deleted.
///
/// A path that several tasks created is deleted with the last of them, in any of the forms that they gave it. Symbolic
/// links above a path are not followed, because the path behind a link is not the path that the task created.
public struct ProductRemover: Sendable {
    private let root: String
    private let isDryRun: Bool

    /// The forms of the listed paths, and the tasks that are not undone yet.
    private var listed: [ExactText: (forms: [ProductForm], tasks: Set<String>)] = [:]

    /// The paths that were deleted, or would be deleted by a dry run.
    private var deleted: Set<ExactText> = []

    /// Creates a remover of the paths in lists below a root.
    public init(_ lists: [ProductList], below root: String, isDryRun: Bool) {
        (self.root, self.isDryRun) = (root, isDryRun)
        for list in lists {
            for product in list.products {
                listed[ExactText(product.path), default: ([], [])].forms += product.forms
                listed[ExactText(product.path)]?.tasks.insert(list.task)
            }
        }
    }

    /// Deletes a file or link if it is as the tasks created it; for this path, the task counts as undone from now on.
    public mutating func delete(_ path: String, of task: String) -> Removal {
        listed[ExactText(path)]?.tasks.remove(task)
        guard let (forms, tasks) = listed[ExactText(path)], tasks.isEmpty else { return .left }
        do throws(SystemError) {
            let parts = try PathParts(root + path, Self.looking)
            let directory = try DirectoryHandle(withoutLinks: parts.directory)
            if !isDryRun { directory.removeAbandoned(of: parts.name) }
            guard let present = try ProductForm(parts.name, in: directory) else { return .absent }
            let differences = forms.map { present.difference(from: $0) }
            guard differences.contains(nil) else { return .kept(differences.compactMap(\.self).last ?? "") }
            if present == .directory { return .directory }
            if !isDryRun { try directory.remove(parts.name) }
            deleted.insert(ExactText(path))
            return .deleted
        } catch {
            return Self.removal(after: error)
        }
    }

    /// Deletes a directory if it is empty.
    public mutating func deleteDirectory(_ path: String) -> Removal {
        do throws(SystemError) {
            if isDryRun {
                let names = try DirectoryHandle(withoutLinks: root + path).names()
                guard names.allSatisfy({ deleted.contains(ExactText("\(path)/\($0)")) }) else { return .notEmpty }
            } else {
                let parts = try PathParts(root + path, Self.looking)
                try DirectoryHandle(withoutLinks: parts.directory).removeDirectory(parts.name)
            }
            deleted.insert(ExactText(path))
            return .deleted
        } catch {
            if error.code == ENOTEMPTY || error.code == EEXIST { return .notEmpty }
            if error.code == EBUSY { return .kept("is a mount point") }
            return Self.removal(after: error)
        }
    }

    private static let looking = "cannot look at"

    private static func removal(after error: SystemError) -> Removal {
        if error.isNotFound { return .absent }
        guard error.code == ELOOP else { return .kept("cannot be deleted: \(error)") }
        // The product may still exist behind a link, but nothing can exist below a regular file.
        if let status = try? FileSystem.status(error.subject), status.kind != .symbolicLink { return .absent }
        return .kept("is below '\(error.subject)', which \(error.reason) now")
    }
}
