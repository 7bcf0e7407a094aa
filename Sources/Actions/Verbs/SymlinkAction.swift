import Base
import Host
import Planning

/// Verb `symlink`: creates a link, or changes its target.
struct SymlinkAction: Action {
    let context: ActionContext
    let declaration: SymlinkDeclaration

    /// Creates or changes the link; a file at the path is replaced only with `replace: true`.
    func run() throws(Problem) -> Bool {
        let path = declaration.path.path
        let (target, replaces) = (declaration.target, declaration.replace)
        let result = try attempt("cannot create link '\(path)'") {
            try context.run.files.link(path, to: target, by: context.task.name, replacing: replaces)
        }
        context.emit(.path(path, result))
        return result != .unchanged
    }
}
