import Base
import Execution
import Host
import Planning

/// Verb `symlink`: creates a link, or changes its target.
struct SymlinkAction: Action {
    let context: ActionContext
    let declaration: SymlinkDeclaration

    /// Creates the link unless it is up to date, and returns whether anything changed.
    ///
    /// A link that points elsewhere is changed; a real file or directory is replaced only if the task says so.
    func run() throws(Problem) -> Bool {
        let path = declaration.path.path
        let result: NodeFiles.Linking
        do {
            result = try context.run.files.link(
                path,
                to: declaration.target,
                by: context.task.name,
                replacing: declaration.replace,
            )
        } catch {
            throw Problem(
                "cannot create link '\(path)'",
                hint: error.advice,
                cause: error
            )
        }
        switch result {
        case .done(let result):
            context.emit(.path(path, result))
            return result != .unchanged
        case .replacedDirectory:
            let verb = context.run.files.isDryRun ? "would be" : "was"
            context.emit(
                .warning(subject: path, "a directory \(verb) removed with everything in it, as 'replace: true' says")
            )
            context.emit(.path(path, .changed))
            return true
        case .inTheWay(let kind):
            throw Problem(
                "cannot create link '\(path)': a \(kind.rawValue) is in the way",
                hint: "remove it, or write 'replace: true' below symlink: of task '\(context.task.name)'",
            )
        }
    }
}
