import Execution
import Host
import Planning

/// Verb `symlink`: makes a link point at its target.
struct SymlinkAction {
    private let context: ActionContext
    private let declaration: SymlinkDeclaration

    init(_ context: ActionContext, _ declaration: SymlinkDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Makes the link unless it is right already, and tells whether it did.
    ///
    /// A link that points elsewhere is changed; a real file or directory is replaced only if the task says so.
    func run() throws(ActionError) -> Bool {
        let path = declaration.path.path
        let location = context.run.files.location(ofWritten: path)
        do {
            let found = try FileSystem.status(location)
            if found?.kind == .symbolicLink, found?.target == declaration.target {
                context.emit(.path(path, .unchanged))
                return false
            }
            if let found, found.kind != .symbolicLink, !declaration.replace {
                throw ActionError(
                    "link '\(path)' is not made: a \(found.kind.rawValue) is in the way",
                    hint: "remove it, or write 'replace: true' in task '\(context.task.name)'",
                )
            }
            if !context.run.files.isDryRun {
                try FileSystem.makeSymbolicLink(at: location, to: declaration.target, replacing: found != nil)
            }
            context.emit(.path(path, found == nil ? .created : .changed))
            return true
        } catch let error as SystemError {
            throw ActionError("link '\(path)' is not made", cause: error)
        } catch let error as ActionError {
            throw error
        } catch {
            throw ActionError("link '\(path)' is not made", cause: error)
        }
    }
}
