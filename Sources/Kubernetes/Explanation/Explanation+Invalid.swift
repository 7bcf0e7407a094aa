import Base
import YAML

/// Values that the server's validation refuses.
extension Explanation {
    /// Explains a refusal with status 422, with one fault for each cause or immutable field.
    func invalidFailure(_ status: ServerStatus) -> ObjectFailure {
        // Faults in the object's status are consequences of other faults.
        let own = status.causes.filter { !$0.field.hasPrefix("status") }
        let causes = withoutConsequences(Self.strictest(own.isEmpty ? status.causes : own))
        let faults = causes.flatMap { cause in
            if let oversized = oversized(cause) { return [oversized] }
            return Self.isImmutability(cause) ? immutable(cause) : [invalid(cause)]
        }
        return ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
    }

    /// Returns the causes without repetitions, and only the shortest of several lists of values for one field.
    ///
    /// A Deployment's `restartPolicy` is validated twice: by the rules for all pods and by the rules for Deployments.
    private static func strictest(_ causes: [ServerStatus.Cause]) -> [ServerStatus.Cause] {
        var result: [ServerStatus.Cause] = []
        for cause in causes {
            let isListed = cause.reason == "FieldValueNotSupported"
            let known = result.firstIndex { other in
                other.field == cause.field
                    && (other.message == cause.message || isListed && other.reason == cause.reason)
            }
            guard let known else {
                result.append(cause)
                continue
            }
            if cause.message.count < result[known].message.count { result[known] = cause }
        }
        return result
    }

    /// Returns the causes, except for values that the server derived from a value with the same fault.
    ///
    /// A Service's `targetPort` is its `port` unless the manifest has one.
    private func withoutConsequences(_ causes: [ServerStatus.Cause]) -> [ServerStatus.Cause] {
        causes.filter { cause in
            let target = path(of: cause).resolve(in: manifest.root)
            guard target.node == nil, cause.reason == "FieldValueInvalid" else { return true }
            return !causes.contains { other in
                other.field != cause.field && other.message == cause.message
                    && path(of: other).resolve(in: manifest.root).node != nil
            }
        }
    }

    /// Returns the path of a cause's field as written in the manifest.
    private func path(of cause: ServerStatus.Cause) -> FieldPath {
        var path = FieldPath(cause.field)
        // If all versions of a definition share a schema, the server validates a form with the schema in another field.
        let shared = "spec.validation."
        if manifest.identity.isCustomResourceDefinition, cause.field.hasPrefix(shared),
            manifest.root["spec"]?["validation"] == nil
        {
            path = FieldPath("spec.versions[0].schema." + cause.field.dropFirst(shared.count))
        }
        guard path.resolve(in: manifest.root).node == nil else { return path }
        let value = CauseText(cause.message).value
        return path.spellings(in: manifest.root).dropFirst().first { spelling in
            let node = spelling.resolve(in: manifest.root).node
            if cause.reason == "FieldValueRequired" { return node == nil }
            guard let value else { return node != nil }
            return node.map { Self.isSame($0, value) } ?? false
        } ?? path
    }

    /// Returns whether a node is the value that a message shows.
    private static func isSame(_ node: Node, _ shown: String) -> Bool {
        node.string == shown || String(decoding: node.json(), as: UTF8.self) == shown
    }

    /// Explains that a rule of a definition fails because the object lacks a key that the rule reads.
    private func expressionFault(
        _ text: CauseText,
        _ path: FieldPath,
        _ location: SourceLocation?,
    ) -> ObjectFailure.Fault? {
        guard let expression = ExpressionFault(text.detail) else { return nil }
        let rule = expression.rule.map { "rule '\($0)'" } ?? "a rule"
        return fault(
            at: location,
            "\(path.name) has no '\(expression.key)', which \(rule) of its definition reads",
            hint: "add '\(expression.key)', or let the rule begin with '!has(self.\(expression.key)) || '"
        )
    }

    /// Explains that a definition lacks a version in which the server has stored objects.
    private func missingStoredVersion(_ cause: ServerStatus.Cause, _ text: CauseText) -> ObjectFailure.Fault? {
        guard manifest.identity.isCustomResourceDefinition, cause.field.hasPrefix("status.storedVersions["),
            let version = text.value
        else { return nil }
        return fault(
            at: FieldPath("spec.versions").resolve(in: manifest.root).location,
            "version '\(version)' is missing from 'spec.versions', and the server may have stored objects in it",
            hint:
                "keep the version there with 'served: false' and 'storage: false', until every object has been written again "
                + "in another version and 'status.storedVersions' is without '\(version)'",
        )
    }

    private func invalid(_ cause: ServerStatus.Cause) -> ObjectFailure.Fault {
        let path = path(of: cause)
        let text = CauseText(cause.message)
        let target = path.resolve(in: manifest.root)
        if cause.reason == "FieldValueRequired" { return requirement(path, target, text) }
        if cause.reason == "FieldValueNotFound" {
            let name = (target.key ?? "name")
            return fault(
                at: target.location,
                "\(path.name) is \(shown(path, in: manifest.root)), which does not exist",
                hint: "declare it, or correct '\(name)'",
                code: .danglingReference,
            )
        }
        if cause.reason == "FieldValueDuplicate", target.node != nil {
            let hint = "write another value, or remove one of the two"
            return fault(
                at: target.location,
                "\(path.name) repeats the value \(shown(path, in: manifest.root))",
                hint: hint,
                code: .repeatedItem,
            )
        }
        if let fault = expressionFault(text, path, target.location) { return fault }
        if let fault = missingStoredVersion(cause, text) { return fault }
        let correction = Correction(text)
        // Labels and similar entries are validated one by one, but are reported at the mapping that contains them.
        if let shown = text.value, let entries = target.node?.mapping?.entries {
            let key = entries.first { $0.key == shown }
            if let entry = key ?? entries.first(where: { $0.value.string == shown }) {
                let subject = key == nil ? "field '\(path.text).\(entry.key)'" : "key '\(entry.key)' of \(path.name)"
                let value =
                    key == nil ? ": \(self.shown(FieldPath("\(path.text).\(entry.key)"), in: manifest.root))" : ""
                return fault(
                    at: entry.location,
                    "\(subject) is refused\(value): \(correction.detail)",
                    hint: correction.hint,
                )
            }
        }
        // A fault of a key is reported for the field with that key.
        let isKey = text.value.map { $0 == target.key && target.node?.string != $0 } ?? false
        if isKey {
            return fault(
                at: target.location,
                "key '\(target.key ?? "")' is refused: \(correction.detail)",
                hint: correction.hint,
            )
        }
        let beside = isOfSeveral(cause) ? advice(besideRefused: path) : nil
        let owner = (target.node == nil ? ownerAdvice(path) : nil) ?? beside
        let isWhole = path.name == FieldPath("").name
        let value = isWhole ? "" : target.node.map { _ in ": \(shown(path, in: manifest.root))" } ?? ""
        return fault(
            at: target.location,
            "\(path.name) is refused\(value): \(correction.detail)",
            hint: correction.hint ?? owner
        )
    }

    /// Returns whether a field is refused because the object has another one with which it cannot be together.
    private func isOfSeveral(_ cause: ServerStatus.Cause) -> Bool {
        [" more than ", "may not be specified when "].contains(where: cause.message.contains)
    }

    /// Explains that a value is required; a field that is present lacks one of several values, or has a wrong one.
    private func requirement(
        _ path: FieldPath,
        _ target: FieldPath.Target,
        _ text: CauseText
    ) -> ObjectFailure.Fault {
        let isPresent = target.node.map { !$0.isNull && $0.string != "" } ?? false
        let key = target.key ?? path.text.split(separator: ".").last.map(String.init)
        return fault(
            at: target.location,
            "\(path.name) is \(isPresent ? "refused" : "required")\(text.detail.isEmpty ? "" : ": \(text.detail)")",
            hint: isPresent ? nil : key.map { "add '\($0):'" },
            code: isPresent ? nil : .missingField,
        )
    }

    /// Returns advice about a field beside a refused one, with which it cannot be together, `nil` if there is none.
    ///
    /// Of two members of a union, the server may name the one of the manifest.
    private func advice(besideRefused path: FieldPath) -> String? {
        guard let parent = path.parent, let live else { return nil }
        for place in placesOfItem(parent, with: String(path.text.dropFirst(parent.text.count + 1))) {
            for entry in place.resolve(in: live).node?.mapping?.entries ?? [] {
                let field = FieldPath("\(place.text).\(entry.key)")
                guard field != path, field.resolve(in: manifest.root).node == nil else { continue }
                if let advice = ownerAdvice(field) { return "\(field.name) is there too: \(advice)" }
            }
        }
        return nil
    }

    /// Returns the places that the place of a refused field may be, if it is an item of a list.
    ///
    /// The index is that of the object that the server would store, in which the items may be in another order than on the
    /// server and in the manifest. Items with names are therefore those of the manifest that have the field.
    private func placesOfItem(_ place: FieldPath, with key: String) -> [FieldPath] {
        guard place.text.hasSuffix("]"), let list = place.parent,
            let items = list.resolve(in: manifest.root).node?.sequence
        else { return [place] }
        let names = items.filter { $0[key] != nil }.compactMap { $0["name"]?.string }
        return names.isEmpty ? [place] : names.map { FieldPath("\(list.text)[name=\"\($0)\"]") }
    }

    /// Returns advice about a field that is not in the manifest and belongs to managers that keep it, `nil` if there are
    /// none.
    private func ownerAdvice(_ path: FieldPath) -> String? {
        guard let live, path.resolve(in: live).node != nil else { return nil }
        let lastApplied = Takeover.lastApplied(of: live)
        let owners = (live["metadata"]?["managedFields"]?.sequence ?? []).filter { entry in
            let kept = takenManagers.share(of: entry, lastApplied: lastApplied)?.rest ?? FieldSet(entry["fieldsV1"])
            return !ManagedMetadata.isOwn(entry) && kept.contains(path, in: live)
        }
        let belongs = owners.map { owner in
            "'\(owner["manager"]?.string ?? "")'" + (owner["time"]?.string.map { " since \($0)" } ?? "")
        }
        let names = Set(owners.compactMap { $0["manager"]?.string }).sorted().map { "'\($0)'" }
        guard !names.isEmpty else { return nil }
        let line = "takeOver: [\(names.joined(separator: ", "))]"
        return
            "it belongs to \(belongs.joined(separator: " and ")); to take its fields over, write \(line) below apply:"
    }
}

/// Conflicts over fields that belong to other managers.
extension Explanation {
    /// Explains a conflict of server-side apply, with one fault for each field.
    func conflictFailure(_ status: ServerStatus) -> ObjectFailure {
        let faults = status.conflicts.flatMap { conflict in
            let serverPath = conflict.path
            let path = SecretData.writtenPath(of: serverPath, in: manifest)
            let target = path.resolve(in: manifest.root)
            let there = live.flatMap { serverPath.resolve(in: $0).node }
            // Forcing the change of an immutable field would only lead to the next refusal.
            if ImmutableField.contains(path.text, of: manifest.identity.type), let there, there != target.node {
                return immutable(ServerStatus.Cause(reason: "", message: "", field: path.text))
            }
            let here = "\(shown(path, in: manifest.root)) here"
            let values = live.map { "\(shown(serverPath, in: $0)) on the server, \(here)" } ?? here
            let owned = "\(path.name) is owned by '\(conflict.manager)'\(note(on: conflict.manager))"
            let wrote = lastWrite(of: conflict.manager).map { ", which last wrote at \($0)" } ?? ""
            let hint = hint(for: conflict)
            return [
                fault(
                    at: target.location,
                    "\(owned)\(wrote): \(values)",
                    hint: hint,
                    common: ObjectFailure.Common(message: owned, hint: hint),
                    values: values,
                )
            ]
        }
        return ObjectFailure(object: manifest.identity, cause: .conflict, faults: faults)
    }

    /// Returns a note on a manager whose name alone does not identify it, otherwise an empty text.
    private func note(on manager: String) -> String {
        if manager == "before-first-apply" { return " (not known: written before the server recorded managers)" }
        return manager == Self.helm ? release.map { " (release '\($0)')" } ?? "" : ""
    }

    private func hint(for conflict: ServerStatus.Conflict) -> String {
        let manager = conflict.manager
        // Since 1.22 the server records the autoscaler's changes as the controller manager's.
        let scalers = ["HorizontalPodAutoscaler/", "kube-controller-manager"]
        if conflict.path.text == "spec.replicas", scalers.contains(where: manager.hasPrefix) {
            return "remove 'replicas' from the manifest, so that the autoscaler sets it"
        }
        if manager == "clusterrole-aggregation-controller" {
            return
                "remove 'rules': the controller makes them from 'aggregationRule'; put rules of your own into a ClusterRole with "
                + "the labels that it selects"
        }
        let force = "with 'apply: {conflicts: force}' in task '\(task)'"
        guard manager == Self.helm, let release else { return "take it \(force), or remove it here" }
        return "set it in the values of release '\(release)', or remove it here, or take it \(force) until the release "
            + "is upgraded"
    }

    private static let helm = "helm"

    /// The Helm release that the object belongs to, as `namespace/name`.
    private var release: String? {
        let annotations = live?["metadata"]?["annotations"]
        guard let name = annotations?["meta.helm.sh/release-name"]?.string else { return nil }
        return [annotations?["meta.helm.sh/release-namespace"]?.string, name].compactMap(\.self).joined(separator: "/")
    }

    /// Returns the time at which a manager last wrote to the object, from its managed fields.
    private func lastWrite(of manager: String) -> String? {
        (live?["metadata"]?["managedFields"]?.sequence ?? [])
            .filter { $0["manager"]?.string == manager }
            .compactMap { $0["time"]?.string }
            .max()
    }
}

/// Fields that cannot be changed.
extension Explanation {
    /// Returns whether a cause reports an immutable field; validation has several messages for this.
    static func isImmutability(_ cause: ServerStatus.Cause) -> Bool {
        [
            "immutable", "cannot change roleRef", "may not change", "may not be changed", "updates to ",
            "can not be unset",
        ]
        .contains { cause.message.contains($0) }
    }

    /// The maximum number of fields that are reported for one cause.
    private static let fieldLimit = 10

    /// Returns one fault for each field of a cause that differs from the field on the server.
    func immutable(_ cause: ServerStatus.Cause) -> [ObjectFailure.Fault] {
        let excepted = CauseText(cause.message).quotedNames
        var path = FieldPath(cause.field)
        var changes: [FieldChange] = []
        // The server may name a field as in its Go type, or name a derived field; in both cases the parent is searched.
        while changes.isEmpty {
            let prefix = path.text.isEmpty ? "" : "\(path.text)."
            let found = path.spellings(in: manifest.root).lazy.map { $0.resolve(in: manifest.root) }
                .first { $0.node != nil }
            let there = live.flatMap { live in
                path.spellings(in: live).lazy.map { $0.resolve(in: live).node }.first { $0 != nil } ?? nil
            }
            if let found, let here = found.node, let there {
                let name = path.spellings(in: manifest.root).first { $0.resolve(in: manifest.root).node != nil } ?? path
                let whole = FieldChange(path: name.text, location: found.location, here: here, there: there)
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
                    code: .immutableField,
                )
            ]
        }
        return changes.prefix(Self.fieldLimit).map { change in
            let path = FieldPath(change.path)
            return fault(
                at: change.location,
                "\(path.name) cannot be changed: \(bothValues(of: path))",
                hint: remedies(for: change.path),
                code: .immutableField,
            )
        }
    }

    /// Returns the values of a field on the server and in the manifest, for a message.
    private func bothValues(of path: FieldPath) -> String {
        "\(shown(path, in: live)) on the server, \(shown(path, in: manifest.root)) here"
    }

    /// The field that the manifest changes, `nil` unless it changes exactly one field of an existing object.
    var onlyChange: FieldChange? {
        guard let live else { return nil }
        let whole = FieldChange(path: "", location: manifest.location, here: manifest.root, there: live)
        // The server completes metadata, and may return the object in another version of its group.
        let described = ["apiVersion", "kind", "metadata.name", "metadata.namespace", "status"]
        let changes = whole.narrowed().filter { change in
            !described.contains { change.path == $0 || change.path.hasPrefix("\($0).") }
        }
        return changes.count == 1 ? changes.first : nil
    }

    /// Describes a change for a message, with both values.
    func values(of change: FieldChange) -> String {
        let path = FieldPath(change.path)
        return "\(path.name): \(bothValues(of: path))"
    }

    /// Returns the remedies for an immutable field, which for the size of volumes is not to recreate the object.
    private func remedies(for path: String) -> String {
        let type = manifest.identity.type
        guard type.kind == "StatefulSet", path.hasSuffix(".resources.requests.storage") else { return recreation }
        let namespace = live?["metadata"]?["namespace"]?.string.map { " -n \($0)" } ?? ""
        return
            "restore the value; or enlarge each of its claims with 'kubectl edit pvc\(namespace)', which its StorageClass "
            + "must allow, then run 'kubectl delete statefulset.apps \(manifest.identity.name)\(namespace) "
            + "--cascade=orphan', which ends no pods, and run this task again"
    }

    /// The possible remedies for an immutable field, with the data that recreation destroys.
    var recreation: String {
        let type = manifest.identity.type
        let kind = type.kind.lowercased() + (type.group.isEmpty ? "" : ".\(type.group)")
        let namespace = live?["metadata"]?["namespace"]?.string.map { " -n \($0)" } ?? ""
        let deletion = "'kubectl delete \(kind) \(manifest.identity.name)\(namespace)'"
        let loss = loss.map { " (\($0))" } ?? ""
        let remedy = "restore the value, choose another name, or recreate the object: \(deletion)\(loss)"
        let annotation = ObjectAnnotation.replace
        guard ObjectAnnotation.mayBeReplaced(type), !annotation.isSet(in: manifest.root) else { return remedy }
        return "\(remedy); with annotation '\(annotation.example)' the agent does it"
    }

    /// The data that deleting the object destroys, `nil` if applying it again restores everything.
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

/// A field whose value in the manifest differs from the value on the server.
struct FieldChange {
    var path: String
    var location: SourceLocation
    var here: Node?
    var there: Node?

    /// The innermost fields that differ; fields that only the server has set do not count.
    func narrowed() -> [FieldChange] {
        switch (here?.content, there?.content) {
        case (.mapping(let here), .mapping(let there)):
            here.entries.flatMap { entry in
                FieldChange(
                    path: path.isEmpty ? entry.key : "\(path).\(entry.key)",
                    location: entry.location,
                    here: entry.value,
                    there: there[entry.key]
                )
                .narrowed()
            }
        case (.sequence(let here), .sequence(let there)) where here.count == there.count:
            zip(here, there).enumerated().flatMap { index, pair in
                FieldChange(path: "\(path)[\(index)]", location: pair.0.location, here: pair.0, there: pair.1)
                    .narrowed()
            }
        default:
            here == there ? [] : [self]
        }
    }
}

/// Immutable fields of kinds for which the server reports conflicts before it checks immutability.
enum ImmutableField {
    /// Returns whether a field, or a field that contains it, cannot be changed.
    static func contains(_ path: String, of type: GroupVersionKind) -> Bool {
        (fields["\(type.group)/\(type.kind)"] ?? []).contains { field in
            path == field || path.hasPrefix("\(field).") || path.hasPrefix("\(field)[")
        }
    }

    private static let fields: [String: [String]] = [
        "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
        "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
        "apps/DaemonSet": ["spec.selector"],
        "apps/Deployment": ["spec.selector"],
        "apps/ReplicaSet": ["spec.selector"],
        "apps/StatefulSet": ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
        "batch/Job": ["spec.selector", "spec.template"],
        "storage.k8s.io/StorageClass": ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
        "scheduling.k8s.io/PriorityClass": ["value"],
        "node.k8s.io/RuntimeClass": ["handler"],
        "apiextensions.k8s.io/CustomResourceDefinition": ["spec.group", "spec.scope"],
        "/Secret": ["type"],
    ]
}
