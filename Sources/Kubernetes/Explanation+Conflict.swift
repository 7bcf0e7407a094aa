import YAML

/// Fields that belong to other managers.
extension Explanation {
    /// A conflict of server-side apply: one problem a field.
    func conflictFailure(_ status: ServerStatus) -> ObjectFailure {
        let problems = status.causes.filter { $0.reason == "FieldManagerConflict" }.map { cause in
            let path = FieldPath(cause.field)
            let target = path.resolve(in: manifest.root)
            let here = "\(shown(target.node, of: path)) here"
            let values = live.map { "\(shown(path.resolve(in: $0).node, of: path)) on the server, \(here)" } ?? here
            let manager = Self.manager(of: cause.message)
            let wrote = lastWrite(of: manager).map { ", which last wrote at \($0)" } ?? ""
            return problem(
                at: target.place,
                "\(path.name) is owned by '\(manager)'\(wrote): \(values)",
                hint: "take it with 'conflicts: take-over' in task '\(task)', or remove it here",
            )
        }
        return ObjectFailure(object: manifest.identity, cause: .conflict, problems: problems)
    }

    /// The manager in a cause such as `conflict with "kubectl" using v1 at 2024-05-01T00:00:00Z`.
    private static func manager(of message: String) -> String {
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count > 1 ? String(parts[1]) : message
    }

    /// When a manager last wrote to the object, from its managed fields.
    private func lastWrite(of manager: String) -> String? {
        (live?["metadata"]?["managedFields"]?.sequence ?? [])
            .filter { $0["manager"]?.string == manager }
            .compactMap { $0["time"]?.string }
            .max()
    }
}
