import Base
import Glibc
import Host
import TLS
import YAML

/// The paths that the agent itself has created for a task since the last reset of the node.
public struct ProductList: Sendable, Hashable {
    /// A path that the task created.
    public struct Product: Sendable, Hashable {
        /// The path on the node, without symbolic links above it.
        public var path: String

        /// The forms that the path may have.
        ///
        /// There are two forms while a new form replaces an old form: if the process ends meanwhile, either may exist.
        public var forms: [ProductForm]
    }

    /// Shell commands from the task file that undo the effects of a task other than its listed paths.
    public struct ResetCommands: Sendable, Hashable {
        public var text: String

        /// The timeout of the commands.
        public var timeout: Duration

        public init(_ text: String, timeout: Duration) {
            self.text = text
            self.timeout = timeout
        }
    }

    /// The state of something other than a path, such as a unit, before the task first changed it.
    public struct FormerState: Sendable, Hashable {
        /// The name of what the task changes.
        public var subject: String

        /// Shell commands that restore the state.
        public var commands: String

        public init(_ subject: String, commands: String) {
            (self.subject, self.commands) = (subject, commands)
        }
    }

    public var task: String

    /// The position of the task in the plan at the time of the last addition.
    public var position: Int

    /// The reset commands that the task had at its last run, `nil` if it had none or a reset has run them.
    public var reset: ResetCommands?

    /// The states that a reset restores, in the order in which they were changed.
    public var former: [FormerState] = []

    /// Whether the task has run since a reset last ran the reset commands.
    public var isResetDue = true

    /// Whether the list contains nothing that a reset would undo.
    var isEmpty: Bool { products.isEmpty && former.isEmpty && (!isResetDue || reset == nil) }

    /// The paths, in order of creation.
    public var products: [Product] = []

    /// The key that makes the digests of this list different from the digests of other nodes and tasks.
    let key: String

    /// Creates an empty list.
    public init(task: String, position: Int) {
        self.init(task: task, position: position, key: Self.makeKey())
    }

    init(task: String, position: Int, key: String) {
        (self.task, self.position, self.key) = (task, position, key)
    }

    private static func makeKey() -> String {
        var generator = SystemRandomNumberGenerator()
        return sha256((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Adds paths that are about to be created.
    ///
    /// An existing product of the task stays in the list, because the process may end before the product is replaced.
    ///
    /// - Parameters:
    ///   - created: The paths in order of creation, without symbolic links above them.
    ///   - root: The directory in front of the paths, without a trailing slash.
    /// - Throws: ``Base/SystemError`` if a path is not below the root.
    mutating func add(_ created: [CreatedPath], below root: String) throws(SystemError) {
        let known = products.indices.map { (ExactText(products[$0].path), $0) }
        var indices = Dictionary(known, uniquingKeysWith: { first, _ in first })
        for new in created {
            guard isPath(new.path, below: root) else {
                throw SystemError("cannot list", new.path, code: EXDEV, detail: "is not below '\(root)'")
            }
            let path = new.path.pathPart(after: root)
            let form = ProductForm(new, key: key)
            guard let index = indices[ExactText(path)] else {
                indices[ExactText(path)] = products.count
                products.append(Product(path: path, forms: [form]))
                continue
            }
            let present = try? PresentForm(at: new.path)
            let kept = products[index].forms.filter { old in old != form && present?.isSame(as: old, key: key) == true }
            products[index].forms = kept + [form]
        }
        guard products.count > Self.productLimit else { return }
        let new = Set(created.map(\.path))
        products.removeAll { !new.contains(root + $0.path) && (try? FileSystem.exists(root + $0.path)) == false }
    }
}

extension ProductList {
    /// Returns the list in the format of its file.
    func json() -> [UInt8] {
        var pairs: [(String, Node)] = [
            ("task", .string(task)), ("position", .number(position)),
            ("key", .string(key)), ("resetDue", .boolean(isResetDue)),
        ]
        if let reset {
            pairs.append(("reset", .string(reset.text)))
            pairs.append(("timeoutSeconds", .number(Int(reset.timeout.components.seconds))))
        }
        if !former.isEmpty {
            let states = former.map { state in
                Node.mapping([("subject", .string(state.subject)), ("commands", .string(state.commands))])
            }
            pairs.append(("former", .sequence(states)))
        }
        let products = products.map { product in
            Node.mapping([("path", .string(product.path)), ("forms", .sequence(product.forms.map(\.node)))])
        }
        return Node.mapping(pairs + [("products", .sequence(products))]).json() + [UInt8(ascii: "\n")]
    }

    /// Reads a list.
    ///
    /// - Parameters:
    ///   - json: The content of the file.
    ///   - name: The task, from the name of the file.
    /// - Throws: ``ProductListFault`` if the content is not a list of this task.
    init(json: [UInt8], task name: String) throws(ProductListFault) {
        guard let node = try? readJSON(json, file: "list"), node["task"]?.string == name, let key = node["key"]?.string,
            key.utf8.count == 64,
            let products = node["products"]?.sequence, products.count <= Self.productLimit
        else { throw .damaged }
        self.init(task: name, position: node["position"]?.integer ?? 0, key: key)
        isResetDue = node["resetDue"]?.boolean ?? true
        if let text = node["reset"]?.string {
            // Task timeouts have the same range.
            let seconds = min(max(1, node["timeoutSeconds"]?.integer ?? 600), 24 * 3600)
            reset = ResetCommands(text, timeout: .seconds(seconds))
        }
        for state in node["former"]?.sequence ?? [] {
            guard let subject = state["subject"]?.string, let commands = state["commands"]?.string else {
                throw .damaged
            }
            former.append(FormerState(subject, commands: commands))
        }
        for product in products {
            guard let path = product["path"]?.string, Self.isListable(path),
                let forms = product["forms"]?.sequence?.compactMap(ProductForm.init), !forms.isEmpty
            else { throw .damaged }
            self.products.append(Product(path: path, forms: forms))
        }
    }

    /// The largest number of products, which is more than any task creates.
    static let productLimit = 100_000

    /// Returns whether a path can be in a list: whether it is absolute and has only plain components.
    private static func isListable(_ path: String) -> Bool {
        guard path.isAbsolutePath, path.cStringFault == nil else { return false }
        let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.allSatisfy { !["", ".", ".."].contains(Substring($0)) }
    }
}

/// The reason why a list cannot be used.
public enum ProductListFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The content is not in the format that the agent writes.
    case damaged

    /// The fault as a predicate.
    public var description: String { "is damaged" }
}

extension ProductForm {
    /// The form as an entry of a list file.
    fileprivate var node: Node {
        switch self {
        case .directory: return .mapping([("kind", .string("directory"))])
        case .link(let target): return .mapping([("kind", .string("link")), ("target", .string(target))])
        case .file(let digest, let mode, let owner, let group):
            let content: (String, Node) =
                switch digest {
                case .keyed(let text): ("digest", .string(text))
                case .plain(let text): ("sha256", .string(text))
                }
            let pairs: [(String, Node)] = [
                ("kind", .string("file")), content, ("mode", .number(Int(mode))), ("owner", .number(Int(owner))),
            ]
            return .mapping(pairs + (group.map { [("group", .number(Int($0)))] } ?? []))
        }
    }

    /// Reads a form, `nil` if it is invalid.
    fileprivate init?(_ node: Node) {
        switch node["kind"]?.string {
        case "directory": self = .directory
        case "link":
            guard let target = node["target"]?.string else { return nil }
            self = .link(target: target)
        case "file":
            let keyed = node["digest"]?.string.map(Digest.keyed)
            guard let digest = keyed ?? node["sha256"]?.string.map(Digest.plain),
                let mode = node["mode"]?.integer.flatMap(UInt32.init(exactly:)),
                let owner = node["owner"]?.integer.flatMap(UInt32.init(exactly:))
            else { return nil }
            let group = node["group"]?.integer.flatMap(UInt32.init(exactly:))
            self = .file(digest: digest, mode: mode, owner: owner, group: group)
        default: return nil
        }
    }
}
