import Base
import Glibc
import Host
import TLS

/// What a task has made on the node since the last reset, as far as the agent itself has made it.
public struct ProductList: Sendable, Hashable {
    /// A path that the task has made.
    public struct Product: Sendable, Hashable {
        /// The path on the node, without links above it.
        public var path: String

        /// What the task has made there.
        ///
        /// There are two while one replaces the other: if the process ends in between, either may be there.
        public var forms: [ProductForm]
    }

    /// Shell commands that undo what only the author of the task knows.
    public struct ResetCommands: Sendable, Hashable {
        public var text: String

        /// How long they may take.
        public var timeout: Duration

        public init(_ text: String, timeout: Duration) {
            self.text = text
            self.timeout = timeout
        }
    }

    public var task: String

    /// The position of the task in the plan, when something was added last.
    public var position: Int

    /// The commands of the task when it last ran, `nil` if it had none or they have been run.
    public var reset: ResetCommands?

    /// Whether the task has run since its commands, if it has any, were run by a reset.
    public var isResetDue = true

    /// Whether nothing is listed that a reset would undo.
    var isEmpty: Bool { products.isEmpty && (!isResetDue || reset == nil) }

    /// The paths, in the order in which they were made.
    public var products: [Product] = []

    /// What makes the digests of this list different from those of other nodes and tasks.
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

    /// Adds what is about to be made.
    ///
    /// What is there now stays listed if the task has made it: the process may end before it is replaced.
    ///
    /// - Parameters:
    ///   - created: What is about to be made, in order, with paths without links above them.
    ///   - root: The directory in front of the paths, without a slash at its end.
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
