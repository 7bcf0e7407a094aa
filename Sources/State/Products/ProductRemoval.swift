import Base
import Glibc
import Host

/// The outcome of removing a path that a task created.
public enum Removal: Sendable, Hashable {
    /// The path was deleted, or would be deleted by a dry run.
    case deleted
    /// The path does not exist.
    case absent
    /// The path was not deleted, because its content was created by another task, which is undone later.
    case left
    /// The path was not deleted; the text is the reason, as a predicate of the path.
    case kept(String)
}

/// The products of the tasks that are not undone yet, by path.
public struct ProductIndex: Sendable {
    private var forms: [ExactText: [Entry]] = [:]

    private struct Entry {
        var task: String
        var form: ProductForm
        var key: String
    }

    /// Creates an index of the products in lists.
    public init(_ lists: [ProductList]) {
        for list in lists {
            for product in list.products {
                forms[ExactText(product.path), default: []] += product.forms.map {
                    Entry(task: list.task, form: $0, key: list.key)
                }
            }
        }
    }

    /// Removes the index entries of a task that is being undone.
    ///
    /// - Parameter list: The products of the task.
    public mutating func remove(_ list: ProductList) {
        for product in list.products { forms[ExactText(product.path)]?.removeAll { $0.task == list.task } }
    }

    /// Returns whether one of the tasks created the content of a path.
    func hasMade(_ present: PresentForm, at path: String) -> Bool {
        forms[ExactText(path), default: []].contains { present.isSame(as: $0.form, key: $0.key) }
    }
}

/// Deletes paths that tasks created; in a dry run, determines which paths would be deleted.
///
/// Symbolic links above a path are not followed, because the path behind a link is not the path that the task created.
public struct ProductRemover: Sendable {
    private let root: String
    private let isDryRun: Bool

    /// The paths that were deleted, or would be deleted by a dry run.
    private var deleted: Set<ExactText> = []

    /// Creates a remover for the lists of a store.
    public init(_ store: ProductStore, isDryRun: Bool) {
        root = store.root
        self.isDryRun = isDryRun
    }

    /// Returns whether a path is a directory created by its task, which ``deleteDirectory(_:)`` deletes.
    ///
    /// If the task was replacing one kind of file with another, the current content decides.
    ///
    /// - Parameter product: The path.
    /// - Returns: Whether the path is such a directory; `false` if it cannot be examined.
    public func isDirectory(_ product: ProductList.Product) -> Bool {
        guard product.mayBeDirectory, product.forms.count > 1 else { return product.mayBeDirectory }
        guard let parts = try? PathParts(root + product.path, Self.looking),
            let directory = try? DirectoryHandle(withoutLinks: parts.directory)
        else { return false }
        return (try? directory.status(parts.name))?.kind == .directory
    }

    /// Deletes a file or link if it is unchanged since its task created it.
    ///
    /// - Parameters:
    ///   - product: The path.
    ///   - list: The list that contains the path.
    ///   - others: The products of the other tasks that are not undone yet.
    /// - Returns: The outcome for the path.
    public mutating func delete(
        _ product: ProductList.Product,
        of list: ProductList,
        others: ProductIndex,
    ) -> Removal {
        do throws(SystemError) {
            let parts = try PathParts(root + product.path, Self.looking)
            let directory = try DirectoryHandle(withoutLinks: parts.directory)
            if !isDryRun { directory.removeAbandoned(of: parts.name) }
            guard !deleted.contains(ExactText(product.path)), let present = try PresentForm(parts.name, in: directory)
            else {
                return .absent
            }
            if others.hasMade(present, at: product.path) { return .left }
            let differences = product.forms.map { present.difference(from: $0, key: list.key) }
            guard differences.contains(nil) else { return .kept(differences.compactMap(\.self).last ?? "") }
            if !isDryRun { try directory.remove(parts.name) }
            deleted.insert(ExactText(product.path))
            return .deleted
        } catch {
            return Self.removal(after: error)
        }
    }

    /// Deletes a directory if it is empty.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The outcome for the path.
    public mutating func deleteDirectory(_ path: String) -> Removal {
        do throws(SystemError) {
            let parts = try PathParts(root + path, Self.looking)
            let directory = try DirectoryHandle(withoutLinks: parts.directory)
            guard let status = try directory.status(parts.name) else { return .absent }
            guard status.kind == .directory else {
                return .kept(status.target.map { "is a link to '\($0)' now" } ?? "is a \(status.kind.rawValue) now")
            }
            if isDryRun {
                let names = try DirectoryHandle(withoutLinks: root + path).names()
                guard names.allSatisfy({ deleted.contains(ExactText("\(path)/\($0)")) }) else {
                    return .kept(Self.notEmpty)
                }
            } else {
                try directory.removeDirectory(parts.name)
            }
            deleted.insert(ExactText(path))
            return .deleted
        } catch {
            if error.code == ENOTEMPTY || error.code == EEXIST { return .kept(Self.notEmpty) }
            if error.code == EBUSY { return .kept("is a mount point") }
            return Self.removal(after: error)
        }
    }

    private static let looking = "cannot look at"
    /// The reason why a directory with content is kept, as a predicate of the path.
    public static let notEmpty = "is not empty"

    private static func removal(after error: SystemError) -> Removal {
        if error.isNotFound { return .absent }
        guard error.code == ELOOP else { return .kept("cannot be deleted: \(error)") }
        // The product may still exist behind a link, but nothing can exist below a regular file.
        if let status = try? FileSystem.status(error.subject), status.kind != .symbolicLink { return .absent }
        return .kept("is below '\(error.subject)', which \(error.reason) now")
    }
}

extension ProductList.Product {
    /// Whether the task may have created a directory at the path; directories are deleted only if empty.
    public var mayBeDirectory: Bool { forms.contains(.directory) }
}
