import Base
import Glibc
import Host
import Planning

/// Verb `symlink`: creates a link, or changes its target.
struct SymlinkAction: Action {
    let context: ActionContext
    let declaration: SymlinkDeclaration

    /// Creates or changes the link, and returns whether anything changed.
    ///
    /// A file at the path is replaced only with `replace: true`.
    func run() throws(Problem) -> Bool {
        let path = declaration.path.path
        do {
            let result = try context.run.files.link(
                path,
                to: declaration.target,
                by: context.task.name,
                replacing: declaration.replace,
            )
            context.emit(.path(path, result))
            return result != .unchanged
        } catch {
            if error.code == EEXIST {
                let advice = "remove it, or write 'replace: true' below symlink: of task '\(context.task.name)'"
                throw Problem("\(error)", hint: error.advice ?? advice)
            }
            throw Problem("cannot create link '\(path)'", hint: error.advice, cause: error)
        }
    }
}
