import YAML

/// The declaration and the files that a task used in an attempt, as digests.
///
/// A task whose inputs have changed since its success has to run again.
public struct TaskInputs: Sendable, Hashable {
    /// The SHA-256 digest of the task's declaration, in hexadecimal digits.
    public var declaration: String

    /// The SHA-256 digests of the files by their paths; `nil` for a file that could not be read.
    ///
    /// A unit may see fewer files than an administrator.
    public var files: [String: String?]

    public init(declaration: String, files: [String: String?] = [:]) {
        self.declaration = declaration
        self.files = files
    }

    /// A difference between the inputs of two moments.
    public enum Change: Sendable, Hashable {
        case declaration
        /// The content of a file, or a manifest that was added to a directory or removed from it.
        case file(String)
    }

    /// Returns the first difference from the inputs of an earlier attempt, or `nil` if there is none.
    ///
    /// A file that the earlier attempt could not read, or that cannot be read now, is not compared.
    public func change(since earlier: TaskInputs) -> Change? {
        guard declaration == earlier.declaration else { return .declaration }
        let paths = Set(files.keys).union(earlier.files.keys)
        let changed = paths.sorted().first { path in
            switch (files[path], earlier.files[path]) {
            case (.some(.some(let now)), .some(.some(let then))): now != then
            case (.some(.none), _), (_, .some(.none)): false
            // A manifest was added to a directory, or removed from it.
            case (.none, _), (_, .none): true
            }
        }
        return changed.map(Change.file)
    }
}

extension TaskInputs {
    /// The inputs as an entry of a task record.
    var node: Node {
        let files = files.sorted { $0.key < $1.key }.map { path, digest in
            (path, digest.map { Node.string($0) } ?? .null())
        }
        return .mapping([("declaration", .string(declaration)), ("files", .mapping(files))])
    }

    /// Reads the inputs from an entry of a task record; returns `nil` if the declaration is missing.
    init?(_ node: Node) {
        guard let declaration = node["declaration"]?.string else { return nil }
        let entries = node["files"]?.mapping?.entries ?? []
        self.init(
            declaration: declaration,
            files: Dictionary(entries.map { ($0.key, $0.value.string) }, uniquingKeysWith: { first, _ in first })
        )
    }
}
