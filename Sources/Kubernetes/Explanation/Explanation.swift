import Base

/// The explanation of errors for one object, at the locations of the fields that the server names.
struct Explanation {
    let client: APIClient
    let manifest: ManifestObject
    /// The object on the server before the refused request, `nil` if the object did not exist or is unknown.
    let live: Node?
    let task: String
    var purpose = Purpose.application

    enum Purpose {
        case application
        case deletion
        /// Writing the ConfigMap of a set.
        case parent
        /// Taking a Lease.
        case lock

        /// The beginning of the message, before the reason.
        var failed: String {
            switch self {
            case .application: "not applied"
            case .deletion: "cannot be deleted"
            case .parent: "cannot be written"
            case .lock: "cannot be taken"
            }
        }

        /// The verbs for which the user needs permission.
        fileprivate var verbs: [String] {
            switch self {
            case .application, .parent: ["get", "create", "patch"]
            case .deletion: ["get", "delete"]
            case .lock: ["get", "create", "update"]
            }
        }
    }

    func failure(for error: APIError) -> ObjectFailure {
        if Task.isCancelled { return ObjectFailure(manifest, .interrupted, "interrupted") }
        let message = "\(purpose.failed): \(error.words)"
        switch error {
        case .beingDeleted: return ObjectFailure(manifest, .beingDeleted, message)
        case .refused(let refusal):
            let status = refusal.status
            switch refusal.kind {
            case .denied:
                var failure = ObjectFailure(manifest, .denied, "refused by admission control: \(status.reasonLine)")
                failure.isPermanent = refusal.disposition == .permanent
                return failure
            case .fieldConflict: return conflictFailure(status)
            case .missingNamespace(let name):
                return ObjectFailure(
                    manifest,
                    .missingNamespace(name),
                    "namespace '\(name)' does not exist",
                    at: manifest.root["metadata"]?["namespace"]?.location,
                    hint: "apply a manifest of the Namespace before it, or correct 'metadata.namespace'",
                )
            case .unknownResource: return missingKind()
            case .unauthorized:
                let message = client.credentialRefusal(by: "API server \(client.kubeconfig.server)")
                return ObjectFailure(manifest, .forbidden, message, hint: client.credentials.advice)
            case .forbidden: return forbidden(status)
            case .invalid: return invalidFailure(status)
            case .webhook:
                let hint = "start its server, or correct or delete the webhook's configuration"
                return ObjectFailure(manifest, .other, "the server answered \(status.code): \(status.line)", hint: hint)
            case .busy, .changed, .other: return otherFailure(status)
            }
        case .transport:
            let hint =
                "see why API server \(client.kubeconfig.server) does not answer, or increase 'timeout' of task '\(task)'"
            return ObjectFailure(manifest, .other, message, hint: hint)
        case .foreign(let reply):
            return ObjectFailure(manifest, .other, "\(purpose.failed): \(reply.words)", hint: reply.advice)
        case .pending(_, let disposition, _):
            var failure = ObjectFailure(manifest, .other, message)
            if disposition == .permanent { failure.isPermanent = true }
            return failure
        case .notReady, .interrupted: return ObjectFailure(manifest, .other, message)
        }
    }

    private func fault(at location: SourceLocation?, _ message: String, hint: String?) -> Problem {
        Problem(message, at: location ?? manifest.location, hint: hint)
    }

    /// Returns the value of a field in the manifest or in the live object, for a message.
    func shown(_ path: FieldPath, in object: Node?) -> ShownValue {
        ShownValue(
            object.flatMap { path.resolve(in: $0).node },
            ShownValue.isSecret(path.text, of: manifest.identity.type)
        )
    }

    private func otherFailure(_ status: ServerStatus) -> ObjectFailure {
        let message = "the server answered \(status.code): \(status.line)"
        let hint = status.location == nil ? nil : "check \(client.kubeconfig.serverSetting)"
        return ObjectFailure(manifest, .other, message, hint: hint)
    }

    /// Explains a missing kind, if possible with a hint about the kind, the version or the definition.
    private func missingKind() -> ObjectFailure {
        let type = manifest.identity.type
        let message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        if let near = client.catalog.nearKind(to: type) {
            let location = manifest.root["kind"]?.location
            let hint = "did you mean 'kind: \(near)'?"
            return ObjectFailure(manifest, .invalid, message, at: location, hint: hint)
        }
        let version = manifest.root["apiVersion"]?.location
        guard type.isBuiltIn else {
            let hint = "apply the CustomResourceDefinition that defines it first"
            return ObjectFailure(manifest, .missingKind(type), message, at: version, hint: hint)
        }
        // If the built-in schemas contain the kind, the server may be too old for it, so there is no hint.
        let isKnown = KubernetesSchemas.own.schema(of: type) != nil
        let hint = isKnown ? nil : ObjectCheck.versionHint(type) ?? "correct 'apiVersion' and 'kind'"
        return ObjectFailure(manifest, .invalid, message, at: version, hint: hint)
    }
}

extension Explanation {
    /// Explains a refusal by authorization, if possible with the rule that would allow the request.
    private func forbidden(_ status: ServerStatus) -> ObjectFailure {
        let pattern =
            /User "(?<user>[^"]*)" cannot (?<verb>\w+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/
        guard let match = status.message.firstMatch(of: pattern)?.output else {
            // Servers up to 1.29 name only the resource when they refuse an apply that would create an object.
            if let (resource, group) = status.resourceRefusedToCreate {
                let user = client.kubeconfig.user
                return forbidden("create", resource, group, in: manifest.identity.namespace, to: user)
            }
            return ObjectFailure(manifest, .forbidden, "forbidden to \(client.credentials.whoami): \(status.line)")
        }
        // For a Namespace, the message names that namespace, in which no Role can exist before it is created.
        let namespace = manifest.identity.isNamespace ? nil : match.namespace.map { String($0) }
        return forbidden(
            String(match.verb),
            String(match.resource),
            String(match.group),
            in: namespace,
            to: String(match.user)
        )
    }

    /// Explains that a user may not use a verb on a resource, in the whole cluster if the namespace is `nil`.
    private func forbidden(
        _ verb: String,
        _ resource: String,
        _ group: String,
        in namespace: String?,
        to user: String,
    ) -> ObjectFailure {
        let scope = namespace.map { "in namespace '\($0)'" }
        let verbs = purpose.verbs.map { "\"\($0)\"" }.joined(separator: ", ")
        let rule = #"- {apiGroups: ["\#(group)"], resources: ["\#(resource)"], verbs: [\#(verbs)]}"#
        let message =
            "user '\(user)' (\(client.credentials.whoami)) may not \(verb) \(resource) \(scope ?? "at the cluster scope")"
        let hint = "add to \(scope.map { "a Role \($0)" } ?? "a ClusterRole") bound to this user: \(rule)"
        return ObjectFailure(manifest, .forbidden, message, hint: hint)
    }
}

extension Explanation {
    /// Explains why the server considers the object invalid, by field if the server names fields.
    private func invalidFailure(_ status: ServerStatus) -> ObjectFailure {
        // An invalid field in the object's status is a consequence of another invalid field.
        let own = status.causes.filter { !$0.field.hasPrefix("status") }
        var faults = (own.isEmpty ? status.causes : own).unique().flatMap { cause in
            Self.isImmutability(cause) ? immutable(cause) : [invalid(cause)]
        }
        if faults.isEmpty { faults = schemaFaults(status) }
        if faults.isEmpty { faults = [fault(at: nil, "the server refuses it: \(status.line)", hint: nil)] }
        return ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
    }

    /// Returns the violations that the built-in schemas show, and further violations that the server names.
    ///
    /// Server-side apply writes each violation on a line, such as `.spec.foo: field not declared in schema`. Strict
    /// decoding writes `unknown field "spec.foo", unknown field "spec.bar"`. A server reports only the first violation
    /// in each branch of the object.
    private func schemaFaults(_ status: ServerStatus) -> [Problem] {
        // A colon in quoted text does not end a path. The value in Go syntax is left out, because it may be secret.
        let pattern = /(?:^| )(\.(?:"(?:[^"\\]|\\.)*"|[^"])*?): (.*?)(?:, got &.*)?$/
        var named = status.message.split(whereSeparator: \.isNewline).compactMap { line in
            line.firstMatch(of: pattern).map { (path: FieldPath(String($0.1)), reason: String($0.2)) }
        }
        if named.isEmpty {
            named = status.message.matches(of: /(unknown field) "([^"]*)"/).map { match in
                (FieldPath(String(match.2)), String(match.1))
            }
        }
        let found = ObjectCheck.schemaProblems(of: manifest)
        let others = named.compactMap { path, reason -> Problem? in
            let target = path.resolve(in: manifest.root)
            guard !found.contains(where: { [target.location, target.node?.location].contains($0.location) }) else {
                return nil
            }
            guard let items = reason.firstMatch(of: /^duplicate entries for key \[(.*)\]$/)?.1 else {
                let isUnknown = reason.contains("field")
                let value = isUnknown || target.node == nil ? "" : ": \(shown(path, in: manifest.root))"
                return fault(at: target.location, "\(path.name): \(reason)\(value)", hint: nil)
            }
            let repeated = ItemSelector(String(items)).items(of: target.node?.sequence ?? []).map(\.location)
            return fault(at: repeated.max() ?? target.location, "\(path.name): \(reason)", hint: nil)
        }
        return found + others
    }

    private func invalid(_ cause: ServerStatus.Cause) -> Problem {
        // If all versions of a definition have the same schema, the server names the field in the internal version.
        let shared = "spec.validation."
        let isShared = manifest.identity.isCustomResourceDefinition && cause.field.hasPrefix(shared)
        let path = FieldPath(isShared ? "spec.versions[0].schema." + cause.field.dropFirst(shared.count) : cause.field)
        let target = path.resolve(in: manifest.root)
        // For an invalid label, the server names only the mapping of all labels.
        let entry = target.node?.mapping?.entries.first { entry in
            [entry.key, entry.value.string].contains { $0.map { cause.message.contains("\"\($0)\"") } ?? false }
        }
        let isMissing = cause.reason == "FieldValueRequired" && target.node == nil
        // If the message does not quote the value, the server may have refused the key instead.
        let isMeant = target.node?.string.map { cause.message.contains($0) } ?? true
        let isShown = target.node != nil && entry == nil && isMeant && !path.text.isEmpty
        return fault(
            at: entry?.location ?? target.location,
            "\(path.name) is \(isMissing ? "required" : "refused")"
                + (isShown ? ": \(shown(path, in: manifest.root))" : "")
                + (cause.detail.isEmpty ? "" : ": \(cause.detail)"),
            hint: isMissing ? target.key.map { "add '\($0):'" } : nil,
        )
    }
}

extension Explanation {
    private func conflictFailure(_ status: ServerStatus) -> ObjectFailure {
        let faults = status.conflicts.map { conflict in
            let path = ManagedMetadata.writtenPath(of: conflict.path, in: manifest)
            let here = "\(shown(path, in: manifest.root)) here"
            let values = live.map { "\(shown(conflict.path, in: $0)) on the server, \(here)" } ?? here
            let wrote = lastWrite(of: conflict.manager).map { ", which last wrote at \($0)" } ?? ""
            let target = path.resolve(in: manifest.root)
            let isOfOtherVersion = target.node == nil && live.map { conflict.path.resolve(in: $0).node == nil } ?? false
            return fault(
                at: target.location,
                "\(path.name) is owned by '\(conflict.manager)'\(wrote): "
                    + (isOfOtherVersion ? "it was set through another API version" : values),
                hint: "take it with 'apply: {conflicts: force}' in task '\(task)'"
                    + (isOfOtherVersion ? "" : ", or remove it here")
            )
        }
        return ObjectFailure(object: manifest.identity, cause: .conflict, faults: faults)
    }

    private func lastWrite(of manager: String) -> String? {
        (live?.managedFields ?? [])
            .filter { $0["manager"]?.string == manager }
            .compactMap { $0["time"]?.string }
            .max()
    }
}

extension Explanation {
    /// Returns whether a cause reports the change of an immutable field; the message depends on the field.
    static func isImmutability(_ cause: ServerStatus.Cause) -> Bool {
        [
            "immutable", "cannot change roleRef", "may not change", "may not be changed", "updates to ",
            "can not be unset",
        ]
        .contains { cause.message.contains($0) }
    }

    /// The maximum number of fields that are reported for one cause.
    private static let fieldLimit = 10

    /// Returns a fault for each changed field that the cause covers, up to a limit, or one fault if no change is found.
    private func immutable(_ cause: ServerStatus.Cause) -> [Problem] {
        // The message may name exceptions: fields that may be changed.
        let excepted = cause.message.matches(of: /'([^'\[]*)[^']*'|`([^`\[]*)[^`]*`/).map {
            String($0.1 ?? $0.2 ?? "")
        }
        let path = FieldPath(cause.field)
        let found = path.resolve(in: manifest.root)
        let prefix = path.text.isEmpty ? "" : "\(path.text)."
        var changes: [FieldChange] = []
        if let here = found.node, let there = live.flatMap({ path.resolve(in: $0).node }) {
            let whole = FieldChange(path: path.text, location: found.location, here: here, there: there)
            changes = whole.narrowed().filter { change in
                !excepted.contains { change.path.hasPrefix(prefix + $0) } && !change.path.hasPrefix("metadata")
            }
        }
        guard !changes.isEmpty else {
            let message = "\(path.name) cannot be changed: \(cause.detail)"
            return [fault(at: found.location, message, hint: recreation)]
        }
        return changes.prefix(Self.fieldLimit).map { change in
            let path = FieldPath(change.path)
            let values = "\(shown(path, in: live)) on the server, \(shown(path, in: manifest.root)) here"
            return fault(at: change.location, "\(path.name) cannot be changed: \(values)", hint: recreation)
        }
    }

    /// The hint for an immutable field; replacement is suggested only if it loses no data and no other objects.
    private var recreation: String {
        let other = "restore the value, or choose another name"
        let isOwn = live.map(ManagedMetadata.isOnlyApplied) ?? true
        guard isOwn, ObjectAnnotation.mayBeReplaced(manifest.identity.type) else { return other }
        let annotation = ObjectAnnotation.replace
        return annotation.isSet(in: manifest.root)
            ? other
            : "\(other), or add annotation '\(annotation.example)', with which the object is deleted and created again"
    }
}

/// A field whose value in the manifest differs from the value on the server.
private struct FieldChange {
    var path: String
    var location: SourceLocation
    var here: Node?
    var there: Node?

    /// Returns the innermost fields of the manifest whose values differ from those on the server.
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

extension ServerStatus.Cause {
    /// The explanation in a message such as `Invalid value: "x": must be no more than 63 characters`, on one line.
    ///
    /// The value in Go syntax is left out, because it may be secret.
    fileprivate var detail: String {
        if let match = message.wholeMatch(of: /(?s)(?:Required value|Forbidden|Too long|Too many)(?:: (.*))?/) {
            return String(match.1 ?? "").onOneLine
        }
        // A duplicate or unknown value has no explanation. The message of a custom validation rule has no value.
        let pattern = /(?s)(Invalid value|Unsupported value|Duplicate value|Not found): (.*)/
        guard let match = message.wholeMatch(of: pattern) else { return message.onOneLine }
        if let rest = Self.afterGoValue(match.2) { return String(rest).onOneLine }
        return match.1 == "Invalid value" ? String(match.2).onOneLine : String(match.1).lowercased()
    }

    /// Returns the text after the first `: ` outside brackets and quotes, or `nil` if there is no such `: `.
    private static func afterGoValue(_ text: Substring) -> Substring? {
        var quotes = QuoteScanner()
        var depth = 0
        for index in text.indices where !quotes.isInside(text[index]) {
            switch text[index] {
            case "{", "(", "[": depth += 1
            case "}", ")", "]": depth -= 1
            case ":" where depth == 0 && text[index...].hasPrefix(": "): return text[index...].dropFirst(2)
            default: break
            }
        }
        return nil
    }
}

extension String {
    /// The lines of the text, without indentation and empty lines, joined by spaces.
    var onOneLine: String {
        split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
            .joined(separator: " ")
    }
}
