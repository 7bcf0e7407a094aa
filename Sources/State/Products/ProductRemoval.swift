import Base
import Glibc
import Host

/// The outcome of removing a path that a task has made.
public enum Removal: Sendable, Hashable {
    /// It was deleted, or in a dry run would be.
    case deleted
    /// Nothing is there.
    case absent
    /// Another task has made what is there, and is undone later.
    case left
    /// It was not deleted, for a reason that is a predicate of the path.
    case kept(String)
}

/// The products of tasks that are not undone yet, by path.
public struct ProductIndex: Sendable {
    private var forms: [ExactText: [Entry]] = [:]

    private struct Entry {
        var task: String
        var form: ProductForm
        var key: String
    }

    /// Collects the products of lists.
    public init(_ lists: [ProductList]) {
        for list in lists {
            for product in list.products {
                forms[ExactText(product.path), default: []] += product.forms.map {
                    Entry(task: list.task, form: $0, key: list.key)
                }
            }
        }
    }

    /// Removes what a task has made, because it is undone now.
    ///
    /// - Parameter list: The list of the task.
    public mutating func remove(_ list: ProductList) {
        for product in list.products { forms[ExactText(product.path)]?.removeAll { $0.task == list.task } }
    }

    /// Whether one of the tasks has made what is at a path.
    func hasMade(_ present: PresentForm, at path: String) -> Bool {
        forms[ExactText(path), default: []].contains { present.isSame(as: $0.form, key: $0.key) }
    }
}

/// Deletes what tasks have made, or in a dry run finds out what would be deleted.
///
/// No link above a path is followed: what one leads to is not what the task has made.
public struct ProductRemover: Sendable {
    private let root: String
    private let isDryRun: Bool

    /// The paths that were deleted, or would be.
    private var deleted: Set<ExactText> = []

    /// Creates a remover for the lists of a store.
    public init(_ store: ProductStore, isDryRun: Bool) {
        root = store.root
        self.isDryRun = isDryRun
    }

    /// Whether a path is a directory that its task has made, which ``deleteDirectory(_:)`` deletes.
    ///
    /// If the task was about to replace one thing by the other, what is there decides.
    ///
    /// - Parameter product: The path.
    /// - Returns: Whether it is one; `false` also if it cannot be looked at.
    public func isDirectory(_ product: ProductList.Product) -> Bool {
        guard product.mayBeDirectory, product.forms.count > 1 else { return product.mayBeDirectory }
        guard let parts = try? PathParts(root + product.path, Self.looking),
            let directory = try? DirectoryHandle(withoutLinks: parts.directory)
        else { return false }
        return (try? directory.status(parts.name))?.kind == .directory
    }

    /// Deletes a file or link if it is as its task has made it.
    ///
    /// - Parameters:
    ///   - product: The path.
    ///   - list: The list that it is in.
    ///   - others: What the other tasks have made that are not undone yet.
    /// - Returns: What became of it.
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
    /// - Returns: What became of it.
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
    /// The reason for which a directory with something in it is kept.
    public static let notEmpty = "is not empty"

    private static func removal(after error: SystemError) -> Removal {
        if error.isNotFound { return .absent }
        guard error.code == ELOOP else { return .kept("cannot be deleted: \(error)") }
        // Behind a link there may be what the task has made. Below a file there can be nothing.
        if let status = try? FileSystem.status(error.subject), status.kind != .symbolicLink { return .absent }
        return .kept("is below '\(error.subject)', which \(error.reason) now")
    }
}

extension ProductList.Product {
    /// Whether its task has made a directory there, which is deleted only if it is empty.
    public var mayBeDirectory: Bool { forms.contains(.directory) }
}
