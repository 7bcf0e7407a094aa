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
    /// What was to be done to the object.
    var purpose = Purpose.application

    /// What is done to an object.
    enum Purpose {
        case application
        case deletion
        case listing
        case parent
        case lock

        /// How messages begin that say only why it was not done.
        var failed: String {
            switch self {
            case .application: "not applied"
            case .deletion: "cannot be deleted"
            case .listing: "cannot be listed"
            case .parent: "cannot be written"
            case .lock: "cannot be taken"
            }
        }

        /// The verbs that the user needs.
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
        var failure = await describedFailure(error)
        if case .pending(_, .permanent, _) = error { failure.isPermanent = true }
        guard case .refused(let refusal) = error else { return failure }
        let status = refusal.status
        // These kinds of failure can be of either sort.
        if failure.cause == .denied || WebhookFailure(status) != nil || status.isEscalation {
            failure.isPermanent = refusal.disposition == .permanent
        }
        return failure
    }

    private func describedFailure(_ error: APIError) async -> ObjectFailure {
        if Task.isCancelled {
            return ObjectFailure(manifest, .interrupted, "interrupted")
        }
        switch error {
        case .beingDeleted(let finalizers): return beingDeleted(error, finalizers)
        case .rival: return rival(error)
        default: break
        }
        guard let status = error.status else { return unanswered(error) }
        if let refusal = AdmissionRefusal(status) { return denied(refusal) }
        if let failure = await webhookFailure(status) { return failure }
        return if status.isSchemaRefusal {
            await schemaFailure(status)
        } else if status.isFieldConflict {
            conflictFailure(status)
        } else if let namespace = status.missingNamespace {
            missingNamespace(namespace)
        } else if status.isUnknownResource {
            await missingKind()
        } else {
            switch status.code {
            case 401: unauthorized()
            case 403 where status.isNamespaceTerminating: terminatingNamespace()
            case 403: forbidden(status)
            case 422 where !status.causes.isEmpty: invalidFailure(status)
            case 405: unappliable(status)
            case 413: tooLarge(status)
            case 429: overloaded(status)
            case 500 where status.isTooLargeForStorage: tooLarge(status)
            default: otherFailure(status)
            }
        }
    }

    /// What is wrong with one field, at the field's location if the manifest has it.
    func fault(
        at location: SourceLocation?,
        _ message: String,
        hint: String?,
        common: ObjectFailure.Common? = nil,
        values: String? = nil,
    ) -> ObjectFailure.Fault {
        ObjectFailure.Fault(
            location: location ?? manifest.location,
            message: message,
            hint: hint,
            common: common,
            values: values,
        )
    }

    /// The value that a field has in a state of the object, for a message.
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

    private func terminatingNamespace() -> ObjectFailure {
        ObjectFailure(
            manifest,
            .other,
            "namespace '\(namespace)' is being deleted",
            at: namespaceLocation,
            hint: "see what blocks it: 'kubectl get namespace \(namespace) -o jsonpath={.status.conditions}'",
        )
    }

    private func unappliable(_ status: ServerStatus) -> ObjectFailure {
        let location = manifest.root["kind"]?.location
        return ObjectFailure(manifest, .invalid, status.line, at: location, hint: "remove it from the manifest")
    }

    /// A request without a response.
    private func unanswered(_ error: APIError) -> ObjectFailure {
        if case .transport = error {
            let hint =
                "see why API server \(client.kubeconfig.server) does not answer, or increase 'timeout' of task '\(task)'"
            return ObjectFailure(manifest, .other, "\(purpose.failed): \(error.words)", hint: hint)
        }
        if case .foreign(let reply) = error {
            let fault = fault(
                at: nil,
                "\(purpose.failed): \(reply.words)",
                hint: reply.advice,
                common: .init(message: "\(purpose.failed): \(reply.commonWords)", hint: reply.advice),
            )
            return ObjectFailure(object: manifest.identity, cause: .other, faults: [fault])
        }
        return ObjectFailure(manifest, .other, "\(purpose.failed): \(error.words)")
    }

    /// A server that has had too many requests all the time.
    private func overloaded(_ status: ServerStatus) -> ObjectFailure {
        ObjectFailure(
            manifest,
            .other,
            "the API server is overloaded (it answered 429: \(status.line))",
            hint: "find out which clients load it, or increase 'timeout' of task '\(task)'",
        )
    }

    /// Fields that only the server writes; an object that was exported with them cannot be applied.
    private static let serverFields = ["managedFields", "resourceVersion", "uid", "creationTimestamp", "selfLink"]

    private func otherFailure(_ status: ServerStatus) -> ObjectFailure {
        let metadata = manifest.root["metadata"]?.mapping?.entries ?? []
        let culprits = metadata.filter { ["managedFields", "resourceVersion", "uid"].contains($0.key) }
        guard [400, 409].contains(status.code), let first = culprits.first else {
            let isStorage = status.message.contains("etcd") || status.code == 504
            let logs = "look into the \(isStorage ? "logs of the API server and of etcd" : "API server's log")"
            let message = "the server answered \(status.code): \(status.line)"
            let correction = "correct the server in kubeconfig '\(client.kubeconfig.path)'"
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
        )
    }
}
