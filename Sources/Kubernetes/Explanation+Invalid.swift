import YAML

/// Values that the server's validation refuses.
extension Explanation {
    /// A refusal with status 422: one problem a cause, or one a field that may not change.
    func invalidFailure(_ status: ServerStatus) -> ObjectFailure {
        // What is wrong with the status follows from what is wrong with the rest.
        let own = status.causes.filter { !$0.field.hasPrefix("status") }
        let problems = (own.isEmpty ? status.causes : own).flatMap { cause in
            Self.isImmutability(cause) ? immutable(cause) : [invalid(cause)]
        }
        return ObjectFailure(object: manifest.identity, cause: .invalid, problems: problems)
    }

    /// A field as the manifest names it.
    ///
    /// The server checks a definition whose versions share one schema in a form where that stands in another place.
    private func path(of cause: ServerStatus.Cause) -> FieldPath {
        let shared = "spec.validation."
        guard manifest.identity.isCustomResourceDefinition, cause.field.hasPrefix(shared),
            manifest.root["spec"]?["validation"] == nil
        else { return FieldPath(cause.field) }
        return FieldPath("spec.versions[0].schema." + cause.field.dropFirst(shared.count))
    }

    private func invalid(_ cause: ServerStatus.Cause) -> Diagnostic {
        let path = path(of: cause)
        let target = path.resolve(in: manifest.root)
        let detail = CauseText(cause.message).detail
        guard cause.reason != "FieldValueRequired" else {
            return problem(
                at: target.place,
                "\(path.name) is required\(detail.isEmpty ? "" : ": \(detail)")",
                hint: (target.key ?? path.text.split(separator: ".").last.map(String.init)).map { "add '\($0):'" },
            )
        }
        let value = target.node.map { ": \(shown($0, of: path))" } ?? ""
        return problem(at: target.place, "\(path.name) is refused\(value): \(detail)", hint: nil)
    }

    /// Whether a field may not change after the object was made; validation has several ways to say so.
    private static func isImmutability(_ cause: ServerStatus.Cause) -> Bool {
        ["immutable", "cannot change roleRef", "may not change", "may not be changed", "updates to "]
            .contains { cause.message.contains($0) }
    }

    /// How many fields of one cause are told.
    private static let fieldLimit = 10

    private func immutable(_ cause: ServerStatus.Cause) -> [Diagnostic] {
        let path = path(of: cause)
        let target = path.resolve(in: manifest.root)
        let there = live.flatMap { path.resolve(in: $0).node }
        let excepted = CauseText(cause.message).quotedNames
        var changes: [Change] = []
        if let here = target.node, let there {
            let whole = Change(path: path.text, place: target.place, here: here, there: there)
            changes = whole.narrowed().filter { change in
                !excepted.contains { change.path.hasPrefix("\(path.text).\($0)") }
            }
        }
        if changes.isEmpty {
            changes = [Change(path: path.text, place: target.place, here: target.node, there: there)]
        }
        return changes.prefix(Self.fieldLimit).map { change in
            let path = FieldPath(change.path)
            return problem(
                at: change.place,
                "\(path.name) cannot be changed: \(shown(change.there, of: path)) on the server, "
                    + "\(shown(change.here, of: path)) here",
                hint: "restore the value, choose another name, or have it made anew: '\(deletion)'",
            )
        }
    }

    /// The command that deletes the object.
    private var deletion: String {
        let type = manifest.identity.type
        let kind = type.kind.lowercased() + (type.group.isEmpty ? "" : ".\(type.group)")
        let namespace = live?["metadata"]?["namespace"]?.string.map { " -n \($0)" } ?? ""
        return "kubectl delete \(kind) \(manifest.identity.name)\(namespace)"
    }
}

/// A field that is another in the manifest than on the server.
private struct Change {
    var path: String
    var place: Place
    var here: Node?
    var there: Node?

    /// The innermost fields that differ; what only the server has set does not count.
    func narrowed() -> [Change] {
        switch (here?.content, there?.content) {
        case (.mapping(let here), .mapping(let there)):
            here.entries.flatMap { entry in
                Change(path: "\(path).\(entry.key)", place: entry.place, here: entry.value, there: there[entry.key])
                    .narrowed()
            }
        case (.sequence(let here), .sequence(let there)) where here.count == there.count:
            zip(here, there).enumerated().flatMap { index, pair in
                Change(path: "\(path)[\(index)]", place: pair.0.place, here: pair.0, there: pair.1).narrowed()
            }
        default:
            here == there ? [] : [self]
        }
    }
}
