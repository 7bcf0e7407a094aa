import Base
import YAML

extension ProductList {
    /// The version of the file.
    static let version = 1

    /// The list as its file has it.
    func json() -> [UInt8] {
        var pairs: [(String, Node)] = [
            ("version", .number(Self.version)), ("task", .string(task)), ("position", .number(position)),
            ("key", .string(key)), ("resetDue", .boolean(isResetDue)),
        ]
        if let reset {
            pairs.append(("reset", .string(reset.text)))
            pairs.append(("timeoutSeconds", .number(Int(reset.timeout.components.seconds))))
        }
        let products = products.map { product in
            Node.mapping([("path", .string(product.path)), ("forms", .sequence(product.forms.map(\.node)))])
        }
        return Node.mapping(pairs + [("products", .sequence(products))]).json() + [UInt8(ascii: "\n")]
    }

    /// Reads a list.
    ///
    /// - Parameters:
    ///   - json: The content of its file.
    ///   - name: The task that the name of the file says.
    /// - Throws: ``ProductListFault`` if it is not one of this task and version.
    init(json: [UInt8], task name: String) throws(ProductListFault) {
        guard let node = try? readJSON(json, file: "list"), let version = node["version"]?.integer else {
            throw .damaged
        }
        guard version == Self.version else { throw .ofOtherVersion(version) }
        guard node["task"]?.string == name, let key = node["key"]?.string, key.utf8.count == 64,
            let products = node["products"]?.sequence, products.count <= Self.productLimit
        else { throw .damaged }
        self.init(task: name, position: node["position"]?.integer ?? 0, key: key)
        isResetDue = node["resetDue"]?.boolean ?? true
        if let text = node["reset"]?.string {
            // As long as a task may take.
            let seconds = min(max(1, node["timeoutSeconds"]?.integer ?? 600), 24 * 3600)
            reset = ResetCommands(text, timeout: .seconds(seconds))
        }
        for product in products {
            guard let path = product["path"]?.string, Self.isPath(path),
                let forms = product["forms"]?.sequence?.compactMap(ProductForm.init), !forms.isEmpty
            else { throw .damaged }
            self.products.append(Product(path: path, forms: forms))
        }
    }

    /// More than any task makes.
    static let productLimit = 100_000

    /// Whether a path is one that was listed: absolute, without anything that leads elsewhere.
    private static func isPath(_ path: String) -> Bool {
        guard path.isAbsolutePath, path.cStringFault == nil else { return false }
        let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.allSatisfy { !["", ".", ".."].contains(Substring($0)) }
    }
}

/// Why a list cannot be used.
public enum ProductListFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is not what the agent writes.
    case damaged
    /// Another version of the agent has written it.
    case ofOtherVersion(Int)

    /// The fault as a predicate.
    public var description: String {
        switch self {
        case .damaged: "is damaged"
        case .ofOtherVersion(let version): "has version \(version), which this version of nest-bootstrap does not know"
        }
    }
}

extension ProductForm {
    /// The form in the file of a list.
    fileprivate var node: Node {
        switch self {
        case .directory: return .mapping([("kind", .string("directory"))])
        case .link(let target): return .mapping([("kind", .string("link")), ("target", .string(target))])
        case .file(let digest, let mode, let owner, let group):
            let pairs: [(String, Node)] = [
                ("kind", .string("file")), ("digest", .string(digest)), ("mode", .number(Int(mode))),
                ("owner", .number(Int(owner))),
            ]
            return .mapping(pairs + (group.map { [("group", .number(Int($0)))] } ?? []))
        }
    }

    /// Reads a form, `nil` if it is not one.
    fileprivate init?(_ node: Node) {
        switch node["kind"]?.string {
        case "directory": self = .directory
        case "link":
            guard let target = node["target"]?.string else { return nil }
            self = .link(target: target)
        case "file":
            guard let digest = node["digest"]?.string, let mode = node["mode"]?.integer.flatMap(UInt32.init(exactly:)),
                let owner = node["owner"]?.integer.flatMap(UInt32.init(exactly:))
            else { return nil }
            let group = node["group"]?.integer.flatMap(UInt32.init(exactly:))
            self = .file(digest: digest, mode: mode, owner: owner, group: group)
        default: return nil
        }
    }
}
