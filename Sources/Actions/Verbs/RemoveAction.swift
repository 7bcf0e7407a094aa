import Base
import Host
import Kubernetes
import Planning

/// Verb `remove`: removes paths on the node and deletes objects in the cluster.
struct RemoveAction: Action {
    let context: ActionContext
    let declaration: RemoveDeclaration

    /// Removes the paths, the objects of the set and the single objects, and returns whether anything was removed.
    func run() async throws -> Bool {
        // Names are checked first: the server responds to an invalid name with "not found", which counts as success.
        let mistakes = declaration.references.compactMap { reference in
            ObjectCheck.nameProblem(ObjectIdentity(reference), at: reference.location)
        }
        guard mistakes.isEmpty else { throw Problems(mistakes) }
        var isChanged = false
        for path in declaration.paths where try remove(path) { isChanged = true }
        if let set = declaration.setName, try await remove(set: set) { isChanged = true }
        guard !declaration.references.isEmpty else { return isChanged }
        let client = try await context.run.connections.client(kubeconfig: declaration.kubeconfig.path, context)
        context.emit(.objectCount(declaration.references.count))
        let deletion = ObjectDeletion(
            client: client,
            task: context.task.name,
            isDryRun: context.run.files.isDryRun,
            retryPolicy: context.retryPolicy,
        )
        let failures = FailureReporter(context)
        await deletion.delete(declaration.references.map { (ObjectIdentity($0), $0.location) }) { failures.report($0) }
        await failures.report()
        try Task.checkCancellation()
        guard failures.count == 0 else { throw Problems.alreadyReported }
        return isChanged || failures.changedCount > 0
    }

    /// Removes a path, and returns whether it existed.
    private func remove(_ reference: LocatedPath) throws(Problem) -> Bool {
        let path = reference.path
        let files = context.run.files
        return try attempt("cannot remove '\(path)'", at: reference.location) {
            let location = try files.location(ofWritten: path)
            let parts = try PathParts(location, "cannot remove")
            guard try checkParents(of: reference), try FileSystem.exists(parts.directory) else {
                context.emit(.path(path, .unchanged))
                return false
            }
            // The handle ensures that the examined entry is removed, even if a directory above it is replaced.
            let directory = try DirectoryHandle(withoutLinks: withoutLinkedRoot(parts.directory))
            guard let found = try directory.status(parts.name) else {
                context.emit(.path(path, .unchanged))
                return false
            }
            guard found.kind != .directory || declaration.isRecursive else {
                throw Problem(
                    "cannot remove '\(path)': it is a directory",
                    at: reference.location,
                    hint:
                        "write 'recursive: true' below remove: of task '\(context.task.name)' to remove everything in it"
                )
            }
            if !files.isDryRun {
                if found.kind == .directory {
                    try directory.removeTree(parts.name)
                } else {
                    try directory.remove(parts.name)
                }
            }
            context.emit(.path(path, .removed))
            return true
        }
    }

    /// Resolves the links in the path of the root directory, but not the links below it.
    private func withoutLinkedRoot(_ location: String) -> String {
        let root = context.run.files.root
        guard !root.isEmpty else { return location }
        return FileSystem.existingRealPath(root) + location.pathPart(after: root)
    }

    /// Refuses a path below a link, because the task file does not name the directory to which the link leads.
    ///
    /// - Returns: Whether all directories above the path exist.
    private func checkParents(of reference: LocatedPath) throws -> Bool {
        let path = reference.path
        let parts = path.pathParts.dropLast()
        var parent = ""
        for part in parts {
            parent += "/\(part)"
            guard let found = try FileSystem.status(try context.run.files.location(ofWritten: parent)) else {
                return false
            }
            guard found.kind == .symbolicLink else { continue }
            throw Problem(
                "cannot remove '\(path)': '\(parent)' is a symbolic link to '\(found.target ?? "")'",
                at: reference.location,
                hint: "write the path without the link in task '\(context.task.name)'"
            )
        }
        return true
    }
}
