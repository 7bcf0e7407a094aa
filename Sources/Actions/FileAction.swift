import Base
import Execution
import Host
import Planning

/// Verb `file`: gives a file its content, permissions and owner.
struct FileAction: Action {
    private let context: ActionContext
    private let declaration: FileDeclaration

    /// A file of a node's configuration is not larger than this.
    private static let sizeLimit = 64 << 20

    init(_ context: ActionContext, _ declaration: FileDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Writes the file unless it is up to date, and returns whether it did.
    func run() async throws(Problem) -> Bool {
        let path = declaration.path.path
        let bytes = try content()
        let (owner, group) = try await account()
        do {
            let result = try context.run.files.write(
                bytes,
                to: path,
                mode: UInt32(declaration.mode),
                owner: owner,
                group: group,
            )
            context.emit(.path(path, result))
            return result != .unchanged
        } catch {
            throw Problem("cannot write file '\(path)'", hint: context.sandboxHint(for: error), cause: error)
        }
    }

    private func content() throws(Problem) -> [UInt8] {
        switch declaration.source {
        case .content(let text): return Array(text.utf8)
        case .path(let reference):
            do {
                return try context.run.files.read(reference.path, limit: Self.sizeLimit)
            } catch {
                throw Problem(
                    "cannot write file '\(declaration.path.path)'",
                    hint: "put the file there, or correct 'source' at \(reference.location)",
                    cause: error,
                )
            }
        }
    }

    private func account() async throws(Problem) -> (owner: UInt32?, group: UInt32?) {
        let (owner, group) = (declaration.owner, declaration.group)
        do {
            return try await onThread { () throws(SystemError) in
                let owner = try owner.map { name throws(SystemError) in try FileSystem.lookupUser(name) }
                let group = try group.map { name throws(SystemError) in try FileSystem.lookupGroup(name) }
                return (owner, group)
            }
        } catch {
            throw Problem(
                "cannot write file '\(declaration.path.path)'",
                hint: "create the account first, or correct the task at \(context.task.location)",
                cause: error,
            )
        }
    }
}
