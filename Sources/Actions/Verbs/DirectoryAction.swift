import Base
import Execution
import Glibc
import Host
import Planning

/// Verb `directory`: creates a directory, or corrects its permissions and owner.
struct DirectoryAction: Action {
    let context: ActionContext
    let declaration: DirectoryDeclaration

    /// Creates or corrects the directory unless it is as described, and returns whether anything changed.
    func run() async throws(Problem) -> Bool {
        let path = declaration.path.path
        let operation = "cannot create directory"
        let (owner, group) = try await context.account(
            owner: declaration.owner,
            group: declaration.group,
            writing: path,
            operation: operation
        )
        let settings = DirectorySettings(
            path: path,
            mode: declaration.mode.map(UInt32.init),
            owner: owner,
            group: group
        )
        do {
            let result = try context.run.files.makeDirectory(settings, by: context.task.name)
            context.emit(.path(path, result))
            return result != .unchanged
        } catch {
            if error.code == EEXIST {
                throw Problem("\(operation) '\(path)': \(error.reason)", hint: error.advice)
            }
            throw Problem("\(operation) '\(path)'", hint: error.advice, cause: error)
        }
    }
}
