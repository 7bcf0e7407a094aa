import Base
import Glibc
import HTTP
import Host

/// The kind and content of a path, as listed for a task or as found on the node.
enum ProductForm: Sendable, Hashable, Codable {
    /// A file; the group of a listed file is `nil` if its task did not set it.
    case file(sha256: String, mode: UInt32, owner: UInt32, group: UInt32?)
    case link(target: String)
    case directory

    init(_ created: CreatedPath) {
        switch created.form {
        case .directory: self = .directory
        case .link(let target): self = .link(target: target)
        case .file(let file):
            let digest = file.bytes.map { sha256($0) } ?? file.sha256
            self = .file(sha256: digest, mode: file.mode, owner: file.owner ?? geteuid(), group: file.group)
        }
    }

    /// Examines a directory entry without following a link; returns `nil` if the entry does not exist.
    init?(_ name: String, in directory: borrowing DirectoryHandle) throws(SystemError) {
        guard let status = try directory.status(name) else { return nil }
        switch status.kind {
        case .regular:
            var digest = SHA256()
            try directory.readParts(name) { part throws(SystemError) in digest.update(part) }
            let text = digest.finish()
            self = .file(sha256: text, mode: status.mode, owner: status.owner, group: status.group)
        case .symbolicLink: self = .link(target: status.target ?? "")
        case .directory: self = .directory
        default: throw SystemError("cannot use", name, code: EINVAL, detail: "is a \(status.kind.rawValue)")
        }
    }

    /// Examines a path, in which no part before the last one may be a link; returns `nil` if it does not exist.
    init?(at path: String) throws(SystemError) {
        let parts = try PathParts(path, "cannot look at")
        try self.init(parts.name, in: DirectoryHandle(withoutLinks: parts.directory))
    }

    /// Returns the difference from a listed form, as a predicate of the path, or `nil` if there is none.
    func difference(from listed: Self) -> String? {
        switch (listed, self) {
        case (.file(let sha256, let mode, let owner, let group), .file(let found, let status, let user, let other)):
            guard sha256 == found else { return "has been changed since" }
            let isSame = mode == status && owner == user && (group == nil || group == other)
            return isSame ? nil : "has another owner or other permissions now"
        case (.link(let made), .link(let found)) where made.hasSameBytes(as: found): return nil
        case (.directory, .directory): return nil
        case (_, .link(let target)): return "is a link to '\(target)' now"
        case (_, .file): return "is a regular file now"
        case (_, .directory): return "is a directory now"
        }
    }
}

/// The data with which a reset undoes a task: the task's paths, its reset commands, and former states.
public struct ProductList: Sendable, Hashable, Codable {
    /// A path that the task was about to create or replace.
    public struct Product: Sendable, Hashable, Codable {
        /// The path without the root in front of it; none of its parent directories is a symbolic link.
        public var path: String

        /// The last one or two forms of the path; if a process ends while it replaces the path, either form can exist.
        var forms: [ProductForm]
    }

    /// Shell commands that undo effects of a task, with a time limit.
    public struct ResetCommands: Sendable, Hashable, Codable {
        public var text: String
        public var timeout: Duration

        public init(_ text: String, timeout: Duration) {
            (self.text, self.timeout) = (text, timeout)
        }
    }

    /// The state of something other than a path, such as a unit, before the task first changed it.
    public struct FormerState: Sendable, Hashable, Codable {
        /// A noun phrase that names the state in messages, without an article, such as `state of unit 'a.service'`.
        public var subject: String

        /// Shell commands that restore the state.
        public var commands: String

        public init(_ subject: String, commands: String) {
            (self.subject, self.commands) = (subject, commands)
        }
    }

    public var task: String

    /// The position of the task in the plan when the list last changed.
    public var position: Int

    /// The reset commands that the task had at its last run, `nil` if it had none or has been reset since.
    public var reset: ResetCommands?

    /// The states that a reset restores, in the order in which they were changed.
    public var former: [FormerState] = []

    /// Whether reset commands, if there are any, have to be run, because the task may have run since the last reset.
    public var isResetDue = true

    /// The paths, in the order in which they were first listed.
    public var products: [Product] = []

    /// Whether the list contains nothing that a reset would undo.
    var isEmpty: Bool { products.isEmpty && former.isEmpty && (!isResetDue || reset == nil) }

    public init(task: String, position: Int) {
        (self.task, self.position) = (task, position)
    }

    /// Adds paths that are about to be created or replaced, in this order.
    ///
    /// The last form of a product stays in the list, because the process may end before the product is replaced.
    ///
    /// - Throws: ``Base/SystemError`` if a path is not below the root.
    mutating func add(_ created: [CreatedPath], below root: String) throws(SystemError) {
        let known = products.indices.map { (ExactText(products[$0].path), $0) }
        var indices = Dictionary(known, uniquingKeysWith: { first, _ in first })
        for new in created {
            guard isPath(new.path, below: root) else {
                throw SystemError("cannot list", new.path, code: EXDEV, detail: "is not below '\(root)'")
            }
            let path = new.path.pathPart(after: root)
            let form = ProductForm(new)
            guard let index = indices[ExactText(path)] else {
                indices[ExactText(path)] = products.count
                products.append(Product(path: path, forms: [form]))
                continue
            }
            let before = products[index].forms.suffix(1)
            if before != [form] { products[index].forms = before + [form] }
        }
    }
}

extension ProductList {
    /// Reads the list of a task; returns `nil` if the file is damaged.
    static func read(_ bytes: [UInt8], of task: String) -> Self? {
        guard let list = stateValue(Self.self, from: bytes), list.task == task,
            list.products.allSatisfy({ isListable($0.path) && !$0.forms.isEmpty })
        else { return nil }
        return list
    }

    /// Returns whether a path is absolute and contains only plain components.
    private static func isListable(_ path: String) -> Bool {
        guard path.isAbsolutePath, path.cStringFault == nil else { return false }
        let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.allSatisfy { !["", ".", ".."].contains(Substring($0)) }
    }
}

public enum Removal: Sendable, Hashable {
    /// The path was deleted or, in a dry run, would be deleted.
    case deleted
    case absent
    /// The path was left, because a task that is not undone yet also lists it.
    case left
    /// The path is a directory, which has to be deleted with ``ProductRemover/deleteDirectory(_:)`` after all files.
    case directory
    /// The path was not deleted; the reason is a predicate of the path.
    case kept(String)

    public static let notEmpty = Self.kept("is not empty")
}

/// A remover of listed paths; in a dry run, it only determines which paths would be deleted.
///
/// A path that several tasks list is deleted when the last of them is undone, if it has a listed form. Symbolic
/// links above a path are not followed, because the path behind a link is not the path that the task created.
public struct ProductRemover: Sendable {
    private let root: String
    private let isDryRun: Bool

    /// For each listed path, its forms and the tasks that list it and are not undone yet.
    private var listed: [ExactText: (forms: [ProductForm], tasks: Set<String>)] = [:]

    /// The paths that were deleted or, in a dry run, would be deleted.
    private var deleted: Set<ExactText> = []

    public init(_ lists: [ProductList], below root: String, isDryRun: Bool) {
        (self.root, self.isDryRun) = (root, isDryRun)
        for list in lists {
            for product in list.products {
                listed[ExactText(product.path), default: ([], [])].forms += product.forms
                listed[ExactText(product.path)]?.tasks.insert(list.task)
            }
        }
    }

    /// Deletes a file or link if it is as the tasks created it; in any case, the task counts as undone for the path.
    public mutating func delete(_ path: String, of task: String) -> Removal {
        listed[ExactText(path)]?.tasks.remove(task)
        guard let (forms, tasks) = listed[ExactText(path)], tasks.isEmpty else { return .left }
        do throws(SystemError) {
            let parts = try PathParts(root + path, Self.looking)
            let directory = try DirectoryHandle(withoutLinks: parts.directory)
            if !isDryRun { try? directory.remove(parts.temporaryName) }
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
