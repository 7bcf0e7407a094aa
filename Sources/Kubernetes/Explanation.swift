import YAML

/// Turns a refusal of the API server into what its reader needs: subject, place, cause, and what to do.
struct Explanation {
    let applier: Applier
    let manifest: Manifest
    /// The object as it was on the server before the refused request.
    let live: Node?

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
            await missingKind(status)
        } else if status.code == 403 {
            forbidden(status)
        } else if status.code == 401 {
            unauthorized(status)
        } else if status.code == 422, !status.causes.isEmpty {
            invalidFailure(status)
        } else if status.code == 413 {
            tooLarge()
        } else {
            ObjectFailure(manifest, .other, "the server answered \(status.code): \(oneLine(status.message))")
        }
    }

    /// Text of the server on one line.
    func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
            .joined(separator: " ")
    }

    /// The problem of one field, at the field's own place where the manifest has it.
    func problem(at place: Place?, _ message: String, hint: String?) -> Diagnostic {
        Diagnostic(place ?? manifest.place, "\(manifest.identity): \(message)", hint: hint)
    }

    /// Whether values of a field may be shown.
    func isSecret(_ path: String) -> Bool {
        manifest.identity.type.kind == "Secret" && manifest.identity.type.group.isEmpty
            && (path.contains("data") || path.contains("stringData"))
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

    /// A kind that the server does not have, with the versions or kinds that it does have.
    private func missingKind(_ status: ServerStatus) async -> ObjectFailure {
        let type = manifest.identity.type
        let versions = await applier.client.servedVersions(of: type.group, until: applier.patience.deadline)
        var message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        var hint: String?
        if !versions.isEmpty, !versions.contains(type.version) {
            message += "; group '\(type.group)' is served as \(versions.map { "'\($0)'" }.joined(separator: ", "))"
            hint = "write 'apiVersion: \(type.group)/\(versions[0])'"
        } else if let near = applier.client.catalog.nearKind(to: type) {
            hint = "did you mean 'kind: \(near)'?"
        }
        let place = manifest.root[versions.isEmpty || hint == nil ? "apiVersion" : "kind"]?.place
        return ObjectFailure(
            object: manifest.identity,
            cause: .missingKind(type),
            problems: [problem(at: place, message, hint: hint)],
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
}
