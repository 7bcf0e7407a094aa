import Base
import Host
import Planning

/// Verb `directory`: creates a directory, or corrects its permissions and owner.
struct DirectoryAction: Action {
    let context: ActionContext
    let declaration: DirectoryDeclaration

    func run() async throws(Problem) -> Bool {
        let path = declaration.path.path
        let failure = "cannot create directory '\(path)'"
        let (owner, group) = try await context.accounts(failure)
        let settings = DirectorySettings(
            path: path,
            mode: declaration.mode.map(UInt32.init),
            owner: owner,
            group: group
        )
        let result = try attempt(failure) { try context.run.files.makeDirectory(settings, by: context.task.name) }
        context.emit(.path(path, result))
        return result != .unchanged
    }
}
