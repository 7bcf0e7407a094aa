/// Verb `symlink`: a symbolic link is to point at a target.
public struct SymlinkDeclaration: Sendable, Hashable {
    /// Where the link is.
    public var path: PathReference

    /// What it points at, as written into the link.
    public var target: String

    /// Whether a real file or directory in the way is replaced.
    public var replace: Bool

    /// Creates a declaration.
    public init(path: PathReference, target: String, replace: Bool = false) {
        self.path = path
        self.target = target
        self.replace = replace
    }
}
