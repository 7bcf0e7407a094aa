import Base
import YAML

/// Explains a refusal of the API server: subject, location, cause, and what to do.
struct Explanation {
    let client: APIClient
    let manifest: ManifestObject
    /// The live object before the refused request.
    let live: Node?
    /// The task that applies the object.
    let task: String
    /// The instant after which no more requests are made.
    let deadline: ContinuousClock.Instant
    /// The managers whose fields are taken over anyway.
    var takenManagers = TakenManagers()
    /// The operation on the object.
    var purpose = Purpose.application

    /// The operations on objects.
    enum Purpose {
        case application
        case deletion
        case listing
        case parent
        case lock

        /// The beginning of a message about a failed operation; the reason follows.
        var failed: String {
            switch self {
            case .application: "not applied"
            case .deletion: "cannot be deleted"
            case .listing: "cannot be listed"
            case .parent: "cannot be written"
            case .lock: "cannot be taken"
            }
        }

        /// The verbs that the user needs permission for.
        var verbs: [String] {
            switch self {
            case .application, .parent: ["get", "create", "patch"]
            case .deletion: ["get", "delete"]
            case .listing: ["list", "get", "delete"]
            case .lock: ["get", "create", "update", "watch"]
            }
        }
    }

    func failure(for error: APIError) async -> ObjectFailure {
        if Task.isCancelled { return ObjectFailure(manifest, .interrupted, "interrupted") }
        switch error {
        case .beingDeleted(let finalizers): return await beingDeleted(error, finalizers)
        case .rival: return rival(error)
        case .outdated(let refusal): return outdated(refusal)
        case .refused(let refusal):
            var failure = await refused(refusal)
            // Only the refusal determines whether these failures are permanent.
            switch refusal.kind {
            case .webhook, .escalation: failure.isPermanent = refusal.disposition == .permanent
            case .admission where failure.cause == .denied: failure.isPermanent = refusal.disposition == .permanent
            default: break
            }
            return failure
        case .pending(_, let disposition, _):
            var failure = unanswered(error)
            if disposition == .permanent { failure.isPermanent = true }
            return failure
        case .transport, .notReady, .foreign, .interrupted: return unanswered(error)
        }
    }

    private func refused(_ refusal: APIError.Refusal) async -> ObjectFailure {
        let status = refusal.status
        return switch refusal.kind {
        case .admission(let refusal): await denied(refusal)
        case .webhook(let failure): await webhookFailure(failure)
        case .schema: await schemaFailure(status)
        case .fieldConflict: conflictFailure(status)
        case .missingNamespace(let name): missingNamespace(name)
        case .unknownResource: await missingKind()
        case .unauthorized: unauthorized()
        case .terminatingNamespace: await terminatingNamespace()
        case .escalation, .forbidden: forbidden(status)
        case .invalid where !status.causes.isEmpty, .failedAllocation where !status.causes.isEmpty:
            invalidFailure(status)
        case .unappliable: await ofDeletedDefinition() ?? unappliable(status)
        case .tooLarge: tooLarge(status)
        case .overloaded: overloaded(status)
        case .serverFailure, .unexplainedFailure: await serverFailure(status) ?? otherFailure(status)
        case .missing: await missingObject(status) ?? otherFailure(status)
        case .invalid, .failedAllocation, .changed, .notTaken, .other: otherFailure(status)
        }
    }

    /// Creates a fault at a field's location, or at the object if the manifest does not have the field.
    func fault(
        at location: SourceLocation?,
        _ message: String,
        hint: String?,
        common: ObjectFailure.Common? = nil,
        values: String? = nil,
        code: ProblemCode? = nil,
    ) -> ObjectFailure.Fault {
        var fault = ObjectFailure.Fault(
            location: location ?? manifest.location,
            message: message,
            hint: hint,
            common: common,
            values: values,
        )
        fault.code = code
        return fault
    }

    /// Returns the value of a field in a state of the object, for a message.
    func shown(_ path: FieldPath, in object: Node?) -> ShownValue {
        let type = manifest.identity.type
        let node = object.flatMap { path.resolve(in: MaskedObjects.masked($0, of: type)).node }
        return ShownValue(node, ShownValue.isSecret(path.text, of: type))
    }

    private var namespaceLocation: SourceLocation? { manifest.root["metadata"]?["namespace"]?.location }

    private func missingNamespace(_ name: String) -> ObjectFailure {
        ObjectFailure(
            manifest,
            .missingNamespace(name),
            "namespace '\(name)' does not exist",
            at: namespaceLocation,
            hint: "apply a manifest of the Namespace before it, or correct 'metadata.namespace'",
        )
    }

    private func terminatingNamespace() async -> ObjectFailure {
        let deletion = await deletion(of: namespace)
        return ObjectFailure(
            manifest,
            .other,
            "namespace '\(namespace)' is being deleted" + (deletion.map { ": \($0.words)" } ?? ""),
            at: namespaceLocation,
            hint: deletion?.hint,
            code: .beingDeleted,
        )
    }

    /// Returns the reasons why the deletion of a namespace does not finish, `nil` if there are none.
    func deletion(of namespace: String) async -> NamespaceDeletion? {
        await NamespaceDeletion.read(namespace, on: client, until: explanationDeadline)
    }

    private func unappliable(_ status: ServerStatus) -> ObjectFailure {
        let location = manifest.root["kind"]?.location
        return ObjectFailure(manifest, .invalid, status.line, at: location, hint: "remove it from the manifest")
    }

    /// Explains a request that got no response.
    private func unanswered(_ error: APIError) -> ObjectFailure {
        if case .transport = error {
            let hint =
                "see why API server \(client.kubeconfig.server) does not answer, or increase 'timeout' of task '\(task)'"
            return ObjectFailure(
                manifest,
                .other,
                "\(purpose.failed): \(error.words)",
                hint: hint,
                code: .serverUnreachable
            )
        }
        if case .foreign(let reply) = error {
            let fault = fault(
                at: nil,
                "\(purpose.failed): \(reply.words)",
                hint: reply.advice,
                common: .init(message: "\(purpose.failed): \(reply.commonWords)", hint: reply.advice),
                code: .notAnAPIServer,
            )
            return ObjectFailure(object: manifest.identity, cause: .other, faults: [fault])
        }
        return ObjectFailure(manifest, .other, "\(purpose.failed): \(error.words)")
    }

    /// Explains that the server was overloaded until the deadline.
    private func overloaded(_ status: ServerStatus) -> ObjectFailure {
        ObjectFailure(
            manifest,
            .other,
            "the API server is overloaded (it answered 429: \(status.line))",
            hint: "find out which clients load it, or increase 'timeout' of task '\(task)'",
        )
    }

    /// Fields that only the server writes; an object exported with these fields cannot be applied.
    private static let serverFields = ["managedFields", "resourceVersion", "uid", "creationTimestamp", "selfLink"]

    private func otherFailure(_ status: ServerStatus) -> ObjectFailure {
        let metadata = manifest.root["metadata"]?.mapping?.entries ?? []
        let culprits = metadata.filter { ["managedFields", "resourceVersion", "uid"].contains($0.key) }
        guard [400, 409].contains(status.code), let first = culprits.first else {
            let isStorage = status.message.contains("etcd") || status.code == 504
            let logs = "look into the \(isStorage ? "logs of the API server and of etcd" : "API server's log")"
            let message = "the server answered \(status.code): \(status.line)"
            let correction = "correct \(client.kubeconfig.serverSetting)"
            let hint = status.location != nil ? correction : status.code >= 500 ? logs : nil
            return ObjectFailure(manifest, .other, message, hint: hint)
        }
        let names = metadata.map(\.key).filter(Self.serverFields.contains).map { "'metadata.\($0)'" }
        return ObjectFailure(
            manifest,
            .invalid,
            "the manifest contains fields that only the server may write: \(status.line)",
            at: first.location,
            hint: "remove \(names.joined(separator: ", "))",
            code: .serverField,
        )
    }
}

/// Refusals by authentication and authorization.
extension Explanation {
    /// Explains a refusal by authorization, with the rule that would allow the request.
    func forbidden(_ status: ServerStatus) -> ObjectFailure {
        let pattern =
            /User "(?<user>[^"]*)"(?: cannot (?<verb>\w+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)")?(?: in the namespace "(?<namespace>[^"]*)")?/
        let match = status.message.firstMatch(of: pattern)?.output
        let user = match.map { String($0.user) } ?? client.kubeconfig.user
        let who = "user '\(user)' (\(client.whoami))"
        if let (resource, group) = status.resourceRefusedToCreate {
            return forbidden("create", resource, group, in: manifest.identity.namespace, user)
        }
        guard let match, let verb = match.verb, let resource = match.resource, let group = match.group else {
            let grant = status.line.firstMatch(
                of: /user "([^"]*)".*attempting to grant RBAC permissions not currently held: *(.*)/
            )
            guard let grant else {
                let isUnseen = user == "system:anonymous" && client.hasClientCertificate
                let hint =
                    isUnseen
                    ? "the server did not get the client certificate: let a load balancer pass TLS through, or correct "
                        + client.kubeconfig.serverSetting
                    : "check the authorization of this user"
                return ObjectFailure(manifest, .forbidden, "forbidden to \(who): \(status.line)", hint: hint)
            }
            return ObjectFailure(
                manifest,
                .forbidden,
                "user '\(grant.1)' (\(client.whoami)) may not grant permissions that it does not hold: \(grant.2)",
                hint: "apply it as a user who holds these permissions, or who may 'escalate' and 'bind'",
            )
        }
        // For a Namespace, the server reports the object itself as the namespace, which contains no Role yet.
        let namespace = manifest.identity.isNamespace ? nil : match.namespace.map { String($0) }
        return forbidden(String(verb), String(resource), String(group), in: namespace, user)
    }

    /// Explains that a user may not use a verb on a resource; a namespace is `nil` for the scope of the cluster.
    private func forbidden(
        _ verb: String,
        _ resource: String,
        _ group: String,
        in namespace: String?,
        _ user: String,
    ) -> ObjectFailure {
        let who = "user '\(user)' (\(client.whoami))"
        let scope = namespace.map { "in namespace '\($0)'" }
        let role = scope.map { "a Role \($0)" } ?? "a ClusterRole"
        let verbs = purpose.verbs.map { "\"\($0)\"" }.joined(separator: ", ")
        let note = verb == "create" ? ", without 'resourceNames', which allow no 'create'" : ""
        let rule = #"- {apiGroups: ["\#(group)"], resources: ["\#(resource)"], verbs: [\#(verbs)]}"#
        return ObjectFailure(
            manifest,
            .forbidden,
            "\(who) may not \(verb) \(resource) \(scope ?? "at the cluster scope")",
            hint: user.hasPrefix("system:node:")
                ? PluginRefusal.adviceForNodes
                : adviceForAdministrators ?? "add to \(role) bound to this user: \(rule)\(note)",
        )
    }

    /// The advice for a user whose group kubeadm binds to `cluster-admin`, `nil` for any other.
    ///
    /// Source: https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/.
    private var adviceForAdministrators: String? {
        let group = "kubeadm:cluster-admins"
        guard client.whoami.contains("O=\(group)") else { return nil }
        return
            "group '\(group)' of its certificate is not bound to ClusterRole 'cluster-admin', which kubeadm does; run with "
            + "'super-admin.conf', or another administrator's kubeconfig: "
            + "'kubectl create clusterrolebinding \(group) --clusterrole=cluster-admin --group=\(group)'"
    }

    /// Explains a refusal by authentication.
    func unauthorized() -> ObjectFailure {
        let message = client.credentialRefusal(by: "API server \(client.kubeconfig.server)")
        return ObjectFailure(manifest, .forbidden, message, hint: client.credentialAdvice, code: .credentialsRefused)
    }
}

/// Kinds that the server does not have.
extension Explanation {
    /// Explains a missing kind, with the versions or kinds that the server has.
    func missingKind() async -> ObjectFailure {
        let type = manifest.identity.type
        let message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        let version = manifest.root["apiVersion"]?.location
        if (try? await client.hasKind(type, until: deadline)) == true {
            let words = client.contradiction(about: type).words
            return ObjectFailure(manifest, .other, words)
        }
        if let near = client.catalog.nearKind(to: type) {
            let location = manifest.root["kind"]?.location
            let hint = "did you mean 'kind: \(near)'?"
            return ObjectFailure(manifest, .invalid, message, at: location, hint: hint, code: .unknownKind)
        }
        if let other = await replacement()?.apiVersion, other != type.apiVersion {
            let hint = "write 'apiVersion: \(other)'"
            let words = "\(message); it is served as '\(other)'"
            return ObjectFailure(manifest, .invalid, words, at: version, hint: hint, code: .unknownVersion)
        }
        if let removed = RemovedAPI.api(of: type) {
            let words = "\(message), which was removed in Kubernetes \(removed.removedIn)"
            let hint = removed.advice(for: type, version: nil)
            return ObjectFailure(manifest, .invalid, words, at: version, hint: hint, code: .removedAPI)
        }
        if let introduction = IntroducedAPI.introduction(of: type) {
            let words = "\(message), which exists since Kubernetes \(introduction)"
            let hint = "use Kubernetes \(introduction) or later"
            return ObjectFailure(manifest, .invalid, words, at: version, hint: hint, code: .laterAPI)
        }
        guard type.isBuiltIn else {
            let hint = "apply the CustomResourceDefinition that defines it first"
            return ObjectFailure(manifest, .missingKind(type), message, at: version, hint: hint)
        }
        if let own = BuiltInKinds.served(type.kind), own != type.apiVersion {
            let hint = "write 'apiVersion: \(own)'"
            return ObjectFailure(manifest, .invalid, message, at: version, hint: hint, code: .unknownVersion)
        }
        if let near = await nearTypes().first {
            let hint = "did you mean 'apiVersion: \(near.apiVersion)' with 'kind: \(near.kind)'?"
            return ObjectFailure(manifest, .invalid, message, at: version, hint: hint, code: .unknownKind)
        }
        let hint = "correct 'apiVersion' and 'kind', or use a version of Kubernetes that has it"
        return ObjectFailure(manifest, .invalid, message, at: version, hint: hint, code: .unknownKind)
    }

    /// Returns the type of the same kind that the server has.
    private func replacement() async -> GroupVersionKind? {
        let type = manifest.identity.type
        return type.replacement(among: await client.schemas.types(ofKind: type.kind, on: client, until: deadline))
    }

    /// Returns the server's built-in types with the most similar kind, if no similar kind is in the object's own group.
    private func nearTypes() async -> [GroupVersionKind] {
        let type = manifest.identity.type
        let all = await client.schemas.types(on: client, until: deadline).filter(\.isBuiltIn)
        guard let near = nearestName(to: type.kind, in: Set(all.map(\.kind)).sorted()) else { return [] }
        return all.filter { $0.kind == near }
    }
}

/// Objects that must not be changed although the server would accept the change.
extension Explanation {
    /// Explains that another task describes the object too.
    func rival(_ error: APIError) -> ObjectFailure {
        ObjectFailure(manifest, .invalid, error.words, hint: "remove it from one of them", code: .objectAppliedTwice)
    }

    func outdated(_ refusal: AppliedVersion.Refusal) -> ObjectFailure {
        let common = ObjectFailure.Common(message: refusal.message, hint: refusal.hint)
        let fault = fault(at: nil, refusal.message, hint: refusal.hint, common: common)
        return ObjectFailure(object: manifest.identity, cause: .outdated(refusal.message), faults: [fault])
    }
}

/// Objects that do not match their kind's schema.
extension Explanation {
    /// Explains a schema error by the faults that the schema check finds, or else by the server's list of faults.
    func schemaFailure(_ status: ServerStatus) async -> ObjectFailure {
        var faults: [ObjectFailure.Fault] = []
        let type = manifest.identity.type
        if let schema = await client.schemas.schema(of: type, on: client, until: deadline) {
            faults = SchemaCheck(manifest.root, of: type, against: schema).faults.map { found in
                fault(at: found.location, found.message, hint: found.hint, code: found.code)
            }
        }
        let named = NamedFault.all(in: status.message)
        faults += named.filter(\.isRepetition).map(repetition)
        if faults.isEmpty { faults = named.map(serverFault) }
        if faults.isEmpty { faults = [fault(at: nil, "the server refuses it: \(status.line)", hint: nil)] }
        return ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
    }

    /// Creates a fault with the server's message, for a violation that the schema check does not find.
    private func serverFault(_ named: NamedFault) -> ObjectFailure.Fault {
        let target = named.path.resolve(in: manifest.root)
        guard !named.isUnknownField else {
            return fault(
                at: target.location,
                "\(named.path.name) is not known to the server",
                hint: "remove it",
                code: .unknownField
            )
        }
        if let key = named.omittedKey {
            let hint = key == "protocol" ? "write 'protocol: TCP' in it" : "write '\(key):' in it"
            let message = "\(named.path.name) has an item without '\(key)', which has no default on this server"
            return fault(at: target.location, message, hint: hint)
        }
        let value = target.node.map { _ in ": \(shown(named.path, in: manifest.root))" } ?? ""
        // A number for a quantity, which servers before 1.21 refuse.
        let hint = named.message.hasPrefix("expected string") ? "write it in quotes" : nil
        return fault(at: target.location, "\(named.path.name): \(named.message)\(value)", hint: hint)
    }

    /// Creates the fault of list items with the same keys, with the locations of the items.
    private func repetition(_ named: NamedFault) -> ObjectFailure.Fault {
        let target = named.path.resolve(in: manifest.root)
        let keys = named.message.dropFirst(NamedFault.repetition.count).trimmingPrefix(" ")
        let selector = ItemSelector(String(keys.dropFirst().dropLast()))
        let places = selector.items(of: target.node?.sequence ?? []).map(\.location).sorted()
        let list = places.map(\.description).joined(separator: " and at ")
        return fault(
            at: places.dropFirst().first ?? target.location,
            "\(named.path.name) has more than one item \(keys)\(list.isEmpty ? "" : ": at \(list)")",
            hint: "remove one of them",
            code: .repeatedItem,
        )
    }
}

/// Objects that are too large.
extension Explanation {
    /// Explains a request that is larger than the server or etcd accepts.
    func tooLarge(_ status: ServerStatus) -> ObjectFailure {
        let size = manifest.root.json().count
        guard status.code == 413 else {
            return ObjectFailure(
                manifest,
                .invalid,
                "the object is too large for etcd (\(size) bytes; a request may have 1572864 unless "
                    + "'--max-request-bytes' says otherwise)",
                hint: "split it into several objects",
                code: .objectTooLarge,
            )
        }
        let limit = status.message.firstMatch(of: /limit is (\d+)/).map { "; the limit is \($0.1)" } ?? ""
        return ObjectFailure(
            manifest,
            .invalid,
            "the object is too large for the server (\(size) bytes\(limit))",
            hint: "split it into several objects",
            code: .objectTooLarge,
        )
    }

    /// Explains values that are too large together: the data of a ConfigMap or Secret, or the annotations.
    func oversized(_ cause: ServerStatus.Cause) -> ObjectFailure.Fault? {
        guard cause.reason == "FieldValueTooLong", let limit = cause.message.firstMatch(of: /(\d+) bytes/)?.1 else {
            return nil
        }
        let isAnnotations = cause.field == "metadata.annotations"
        let maps = isAnnotations ? ["metadata.annotations"] : ["data", "binaryData", "stringData"]
        let entries = maps.flatMap { map in
            (FieldPath(map).resolve(in: manifest.root).node?.mapping?.entries ?? []).map { entry in
                (map: map, entry: entry, size: entry.key.utf8.count + (entry.value.string?.utf8.count ?? 0))
            }
        }
        guard let largest = entries.max(by: { $0.size < $1.size }) else { return nil }
        let total = entries.reduce(0) { $0 + $1.size }
        let share = entries.count > 1 ? ", \(largest.size) of them in '\(largest.entry.key)'" : ""
        let name = isAnnotations ? FieldPath(cause.field).name : "field '\(largest.map).\(largest.entry.key)'"
        let subject = isAnnotations ? name : entries.count > 1 ? "the data" : name
        return fault(
            at: largest.entry.location,
            "\(subject) is too large (\(total) bytes\(share); the limit is \(limit))",
            hint: isAnnotations
                ? "shorten '\(largest.entry.key)', or move it to a ConfigMap" : "split it into several objects",
            code: .objectTooLarge,
        )
    }
}
