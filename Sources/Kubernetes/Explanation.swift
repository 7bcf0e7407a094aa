import YAML

/// Turns a refusal of the API server into what its reader needs: subject, place, cause, and what to do.
struct Explanation {
    let client: APIClient
    let manifest: Manifest
    /// The object as it was on the server before the refused request.
    let live: Node?
    /// The task that applies the object.
    let task: String
    /// The instant after which the server is asked nothing more.
    let deadline: ContinuousClock.Instant

    /// The failure of the object that an error amounts to.
    func failure(for error: APIError) async -> ObjectFailure {
        if Task.isCancelled {
            return ObjectFailure(manifest, .interrupted, "interrupted")
        }
        guard let status = error.status else {
            return ObjectFailure(manifest, .other, "not applied: \(error.words)")
        }
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
            case 413: tooLarge()
            default: otherFailure(status)
            }
        }
    }

    /// The problem of one field, at the field's own place where the manifest has it.
    func problem(at place: Place?, _ message: String, hint: String?) -> Diagnostic {
        Diagnostic(place ?? manifest.place, "\(manifest.identity): \(message)", hint: hint)
    }

    /// A field's value for a message.
    func shown(_ node: Node?, of path: FieldPath) -> ShownValue {
        ShownValue(node, ShownValue.isSecret(path.text, of: manifest.identity.type))
    }

    private func missingNamespace(_ name: String) -> ObjectFailure {
        let place = manifest.root["metadata"]?["namespace"]?.place
        let message = "namespace '\(name)' does not exist"
        let hint = "apply a manifest of the Namespace before it, or correct 'metadata.namespace'"
        return ObjectFailure(
            object: manifest.identity,
            cause: .missingNamespace(name),
            problems: [problem(at: place, message, hint: hint)],
        )
    }

    private func terminatingNamespace() -> ObjectFailure {
        let name = manifest.identity.namespace ?? client.kubeconfig.namespace
        let place = manifest.root["metadata"]?["namespace"]?.place
        let message = "namespace '\(name)' is being deleted"
        let hint = "see what holds it up: 'kubectl get namespace \(name) -o jsonpath={.status.conditions}'"
        return ObjectFailure(
            object: manifest.identity,
            cause: .other,
            problems: [problem(at: place, message, hint: hint)]
        )
    }

    private func unappliable(_ status: ServerStatus) -> ObjectFailure {
        let hint = "remove it from the manifest"
        return ObjectFailure(
            object: manifest.identity,
            cause: .invalid,
            problems: [problem(at: manifest.root["kind"]?.place, status.line, hint: hint)],
        )
    }

    private func tooLarge() -> ObjectFailure {
        let size = manifest.root.json().count
        return ObjectFailure(
            manifest,
            .invalid,
            "the object is too large for the server: \(size) bytes, a request may have 3145728",
            hint: "split it into several objects",
        )
    }

    /// Fields that only a server writes; with them an object that was exported cannot be applied.
    private static let serverFields = ["managedFields", "resourceVersion", "uid", "creationTimestamp", "selfLink"]

    private func otherFailure(_ status: ServerStatus) -> ObjectFailure {
        let metadata = manifest.root["metadata"]?.mapping?.entries ?? []
        let culprits = metadata.filter { ["managedFields", "resourceVersion", "uid"].contains($0.key) }
        guard [400, 409].contains(status.code), let first = culprits.first else {
            let hint =
                status.message.contains("failed calling webhook")
                ? "start what the webhook's service names, or delete its configuration: "
                    + "'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations'" : nil
            return ObjectFailure(manifest, .other, "the server answered \(status.code): \(status.line)", hint: hint)
        }
        let names = metadata.map(\.key).filter(Self.serverFields.contains).map { "'metadata.\($0)'" }
        return ObjectFailure(
            object: manifest.identity,
            cause: .invalid,
            problems: [
                problem(
                    at: first.place,
                    "the object was exported from a server, which refuses it with the fields it keeps itself: "
                        + status.line,
                    hint: "remove \(names.joined(separator: ", "))",
                )
            ],
        )
    }
}
