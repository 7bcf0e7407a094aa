import Execution
import Host
import Planning

/// Verb `file`: brings a file to a content, permissions and owner.
struct FileAction {
    private let context: ActionContext
    private let declaration: FileDeclaration

    /// A file of a node's configuration is not larger than this.
    private static let sizeLimit = 64 << 20

    init(_ context: ActionContext, _ declaration: FileDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Writes the file unless it is right already, and tells whether it did.
    func run() async throws(ActionError) -> Bool {
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
            throw ActionError("file '\(path)' is not written", hint: hint(for: error), cause: error)
        }
    }

    private func content() throws(ActionError) -> [UInt8] {
        switch declaration.source {
        case .content(let text): return Array(text.utf8)
        case .path(let reference):
            do {
                return try context.run.files.read(reference.path, limit: Self.sizeLimit)
            } catch {
                throw ActionError(
                    "file '\(declaration.path.path)' is not written",
                    hint: "put the file there, or correct 'source' at \(reference.place)",
                    cause: error,
                )
            }
        }
    }

    private func account() async throws(ActionError) -> (owner: UInt32?, group: UInt32?) {
        let (owner, group) = (declaration.owner, declaration.group)
        do {
            return try await onThread { () throws(SystemError) in
                let owner = try owner.map { name throws(SystemError) in try FileSystem.lookupUser(name) }
                let group = try group.map { name throws(SystemError) in try FileSystem.lookupGroup(name) }
                return (owner, group)
            }
        } catch {
            throw ActionError(
                "file '\(declaration.path.path)' is not written",
                hint: "create the account first, or correct the task at \(context.task.place)",
                cause: error,
            )
        }
    }
}
