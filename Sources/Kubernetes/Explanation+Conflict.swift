import YAML

/// Fields that belong to other managers.
extension Explanation {
    /// A conflict of server-side apply: one problem a field.
    func conflictFailure(_ status: ServerStatus) -> ObjectFailure {
        let problems = status.causes.filter { $0.reason == "FieldManagerConflict" }.map { cause in
            let path = FieldPath(cause.field)
            let target = path.resolve(in: manifest.root)
            let masked = isSecret(path.text)
            let there = live.map { path.resolve(in: $0).node }
            let values =
                there.map { "\(ShownValue($0, masked)) on the server, \(ShownValue(target.node, masked)) here" }
                ?? "\(ShownValue(target.node, masked)) here"
            let manager = Self.manager(of: cause.message)
            let wrote = lastWrite(of: manager).map { ", which last wrote at \($0)" } ?? ""
            return problem(
                at: target.place,
                "field '\(path.text)' is owned by '\(manager)'\(wrote): \(values)",
                hint: "take it with 'conflicts: take-over' in task '\(applier.ownership.task)', or remove it here",
            )
        }
        return ObjectFailure(object: manifest.identity, cause: .conflict, problems: problems)
    }

    /// The manager in a cause such as `conflict with "kubectl" using v1`.
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
