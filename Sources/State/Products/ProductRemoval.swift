import Base
import Glibc
import Host

/// What is left of a product.
public enum ProductState: Sendable, Hashable {
    /// It is as the task has made it.
    case asMade
    /// Nothing is there.
    case gone
    /// It stays, for a reason that is a predicate of the path.
    case kept(String)
}

/// What tasks have made, by path: another task may have replaced what the first one has made.
public struct ProductIndex: Sendable {
    private var forms: [String: [(form: ProductForm, key: String)]] = [:]

    /// Collects the products of lists.
    public init(_ lists: [ProductList]) {
        for list in lists {
            for product in list.products {
                forms[product.path, default: []] += product.forms.map { ($0, list.key) }
            }
        }
    }

    /// Compares what is at a path with what tasks have made there.
    func state(of present: PresentForm, at path: String) -> ProductState {
        var difference = "was not made by a task"
        for (form, key) in forms[path] ?? [] {
            guard let found = present.difference(from: form, key: key) else { return .asMade }
            difference = found
        }
        return .kept(difference)
    }
}

extension ProductStore {
    /// Compares what is at the path of a product with what the task has made there.
    ///
    /// The content of a directory is not looked at. No link above the path is followed: what one leads to is not what the
    /// task has made.
    ///
    /// - Parameters:
    ///   - product: The product.
    ///   - index: What all tasks have made.
    /// - Returns: What is left of it.
    public func state(of product: ProductList.Product, in index: ProductIndex) -> ProductState {
        do throws(SystemError) {
            let (parent, name) = parentAndName(root + product.path)
            let directory = try DirectoryHandle(withoutLinks: parent)
            guard let present = try PresentForm(name, in: directory) else { return .gone }
            return index.state(of: present, at: product.path)
        } catch {
            return Self.state(after: error)
        }
    }

    private static func state(after error: SystemError) -> ProductState {
        if error.isNotFound { return .gone }
        guard error.code == ELOOP else { return .kept("cannot be deleted: \(error)") }
        return .kept("is below '\(error.subject)', which \(error.reason) now")
    }

    /// Deletes a file or link if it is as the task has made it.
    ///
    /// - Parameters:
    ///   - product: The product.
    ///   - index: What all tasks have made.
    /// - Returns: What was left of it: ``ProductState/asMade`` if it was deleted.
    public func delete(_ product: ProductList.Product, in index: ProductIndex) -> ProductState {
        do throws(SystemError) {
            let (parent, name) = parentAndName(root + product.path)
            let directory = try DirectoryHandle(withoutLinks: parent)
            directory.removeAbandoned(of: name)
            guard let present = try PresentForm(name, in: directory) else { return .gone }
            let state = index.state(of: present, at: product.path)
            guard state == .asMade else { return state }
            try directory.remove(name)
            return .asMade
        } catch {
            return Self.state(after: error)
        }
    }

    /// Deletes a directory if it is empty.
    ///
    /// - Returns: What was left of it: ``ProductState/asMade`` if it was deleted.
    public func deleteDirectory(_ product: ProductList.Product) -> ProductState {
        do throws(SystemError) {
            let (parent, name) = parentAndName(root + product.path)
            let directory = try DirectoryHandle(withoutLinks: parent)
            guard let status = try directory.status(name) else { return .gone }
            guard status.kind == .directory else { return .kept("is a \(status.kind.rawValue) now") }
            try directory.removeDirectory(name)
            return .asMade
        } catch {
            if error.code == ENOTEMPTY || error.code == EEXIST { return .kept("is not empty") }
            if error.code == EBUSY { return .kept("is a mount point") }
            return Self.state(after: error)
        }
    }

    /// Lists what is in a directory.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The names, `nil` if it cannot be read.
    public func names(in path: String) -> [String]? {
        try? DirectoryHandle(withoutLinks: root + path).names()
    }
}

extension ProductList.Product {
    /// Whether it is a directory, which is removed only if it is empty.
    public var isDirectory: Bool { forms == [.directory] }
}
