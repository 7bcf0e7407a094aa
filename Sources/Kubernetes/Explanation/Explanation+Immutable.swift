import Base
import YAML

/// Fields that cannot be changed.
extension Explanation {
    /// Whether a field is immutable; validation has several messages for it.
    static func isImmutability(_ cause: ServerStatus.Cause) -> Bool {
        ["immutable", "cannot change roleRef", "may not change", "may not be changed", "updates to "]
            .contains { cause.message.contains($0) }
    }

    /// How many fields of one cause are reported.
    private static let fieldLimit = 10

    /// The fields of a cause that differ from those on the server.
    func immutable(_ cause: ServerStatus.Cause) -> [ObjectFailure.Fault] {
        let excepted = CauseText(cause.message).quotedNames
        var path = FieldPath(cause.field)
        var changes: [Change] = []
        // The server may name a field by its Go type, or one that it derives from another: then the parent has it.
        while changes.isEmpty {
            let prefix = path.text.isEmpty ? "" : "\(path.text)."
            let found = path.spellings(in: manifest.root).lazy.map { $0.resolve(in: manifest.root) }
                .first { $0.node != nil }
            let there = live.flatMap { live in
                path.spellings(in: live).lazy.map { $0.resolve(in: live).node }.first { $0 != nil } ?? nil
            }
            if let found, let here = found.node, let there {
                let name = path.spellings(in: manifest.root).first { $0.resolve(in: manifest.root).node != nil } ?? path
                let whole = Change(path: name.text, location: found.location, here: here, there: there)
                changes = whole.narrowed().filter { change in
                    !excepted.contains { change.path.hasPrefix(prefix + $0) } && !change.path.hasPrefix("metadata")
                }
            }
            guard changes.isEmpty, let parent = path.parent else { break }
            path = parent
        }
        guard !changes.isEmpty else {
            let path = FieldPath(cause.field)
            return [
                fault(
                    at: path.resolve(in: manifest.root).location,
                    "\(path.name) cannot be changed: \(CauseText(cause.message).detail)",
                    hint: recreation,
                )
            ]
        }
        return changes.prefix(Self.fieldLimit).map { change in
            let path = FieldPath(change.path)
            return fault(
                at: change.location,
                "\(path.name) cannot be changed: \(shown(path, in: live)) on the server, "
                    + "\(shown(path, in: manifest.root)) here",
                hint: recreation,
            )
        }
    }

    /// The ways out, with what is lost.
    var recreation: String {
        let type = manifest.identity.type
        let kind = type.kind.lowercased() + (type.group.isEmpty ? "" : ".\(type.group)")
        let namespace = live?["metadata"]?["namespace"]?.string.map { " -n \($0)" } ?? ""
        let deletion = "'kubectl delete \(kind) \(manifest.identity.name)\(namespace)'"
        let loss = loss.map { " (\($0))" } ?? ""
        return "restore the value, choose another name, or recreate the object: \(deletion)\(loss)"
    }

    /// What deleting the object destroys, `nil` if applying it again restores everything.
    private var loss: String? {
        let type = manifest.identity.type
        return switch (type.group, type.kind) {
        case ("", "PersistentVolumeClaim"): "deleting it loses its data"
        case ("", "PersistentVolume"): "deleting it may lose its data, and its claim loses its volume"
        case ("", "Namespace"): "deletes everything in it"
        case ("apiextensions.k8s.io", "CustomResourceDefinition"):
            "deletes every \(DefinedKind(manifest)?.kind ?? "object of its kind")"
        case ("", "Pod"), ("apps", _), ("batch", "Job"), ("batch", "CronJob"): "ends its pods"
        case ("", "Service"): "clients lose their connections until it is back"
        case ("", "Secret"), ("", "ConfigMap"): "pods that start before it is back fail"
        default: nil
        }
    }
}

/// A field whose value in the manifest differs from the one on the server.
private struct Change {
    var path: String
    var location: SourceLocation
    var here: Node?
    var there: Node?

    /// The innermost fields that differ; fields that only the server has set do not count.
    func narrowed() -> [Change] {
        switch (here?.content, there?.content) {
        case (.mapping(let here), .mapping(let there)):
            here.entries.flatMap { entry in
                Change(
                    path: path.isEmpty ? entry.key : "\(path).\(entry.key)",
                    location: entry.location,
                    here: entry.value,
                    there: there[entry.key]
                )
                .narrowed()
            }
        case (.sequence(let here), .sequence(let there)) where here.count == there.count:
            zip(here, there).enumerated().flatMap { index, pair in
                Change(path: "\(path)[\(index)]", location: pair.0.location, here: pair.0, there: pair.1).narrowed()
            }
        default:
            here == there ? [] : [self]
        }
    }
}
