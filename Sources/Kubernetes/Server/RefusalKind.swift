/// The kinds of refusals that callers treat differently.
enum RefusalKind {
    /// Admission control, not authorization, refuses the request.
    case denied
    /// The server could not call an admission webhook.
    case webhook
    /// The object does not match the schema of its kind, or the server's validation refuses a value.
    case invalid
    case fieldConflict
    case missingNamespace(String)
    /// The server does not have the group, the version or the resource.
    case unknownResource
    /// The server does not accept the user's credentials.
    case unauthorized
    /// The user lacks the permission for the request, or a program in front of the server refuses it.
    case forbidden
    /// The object has changed, or was created, since it was read.
    case changed
    /// The request cannot be carried out now, for example because the server is overloaded.
    case busy
    case other(Disposition)

    init(_ status: ServerStatus) {
        let message = status.message
        if message.contains(#/ denied (?:the )?request/#) {
            self = .denied
        } else if status.code >= 500, message.contains("failed calling webhook") {
            self = .webhook
        } else if status.isSchemaRefusal {
            self = .invalid
        } else {
            self = Self.kind(byCodeOf: status)
        }
    }

    private static func kind(byCodeOf status: ServerStatus) -> Self {
        switch status.code {
        case 401: .unauthorized
        case 403 where status.isNamespaceTerminating: .busy
        // The API server gives reason `Forbidden` for authorization and admission control; only the messages differ.
        case 403: status.reason == "Forbidden" && !status.isAuthorizationRefusal ? .denied : .forbidden
        case 404:
            if let namespace = status.missingNamespace {
                .missingNamespace(namespace)
            } else {
                status.isUnknownResource ? .unknownResource : .other(.transient)
            }
        case 408, 425, 429: .busy
        case 409: status.isFieldConflict ? .fieldConflict : .changed
        case 422: status.hasFailedAllocation ? .busy : .invalid
        case 500 where status.isTooLargeForStorage: .other(.permanent)
        // This may be a schema error: servers without the fix of kubernetes/kubernetes#139253 give no reason for it.
        case 500 where status.reason.isEmpty: .other(.transient)
        case 500...: .busy
        default: .other(.permanent)
        }
    }

    /// Returns whether, and for how long, the request is to be retried.
    func disposition(of status: ServerStatus) -> Disposition {
        switch self {
        // A webhook that denies a request with one of these statuses may have failed or be overloaded.
        case .denied where status.code == 429 || status.code >= 500: .retry
        // Some denials may pass: an admission plugin may see a new object late, and quota may become available.
        case .denied:
            ["not found", "not yet ready", "status unknown", "no params found", "exceeded quota"]
                .contains(where: status.message.contains)
                ? .transient : .permanent
        case .webhook, .busy: .retry
        case .missingNamespace, .unknownResource, .unauthorized, .forbidden, .changed: .transient
        case .fieldConflict, .invalid: .permanent
        case .other(let disposition): disposition
        }
    }
}
