/// The kind of a refusal, determined once per response for all decisions that depend on it.
enum RefusalKind {
    /// Admission control refuses the object.
    case admission(AdmissionRefusal)
    /// The server could not call an admission webhook.
    case webhook(WebhookFailure)
    /// The object does not match the schema of its kind.
    case schema
    /// Fields belong to other managers.
    case fieldConflict
    case missingNamespace(String)
    /// The server does not know the group, the version or the resource.
    case unknownResource
    /// The server does not accept the user.
    case unauthorized
    /// The object's namespace is being deleted.
    case terminatingNamespace
    /// The request would grant permissions that the user does not hold.
    case escalation
    /// The user lacks the permission for the request.
    case forbidden
    /// The server's validation refuses a value.
    case invalid
    /// The server refuses a Service because it could not reach its storage to allocate an IP address or port.
    case failedAllocation
    /// The kind does not support apply.
    case unappliable
    /// The server, or its storage, does not accept an object of this size.
    case tooLarge
    /// The server has too many requests.
    case overloaded
    /// Another object is missing.
    case missing
    /// The object has changed in the meantime.
    case changed
    /// A proxy timed out waiting for the request, or refused the request at the beginning of a connection.
    case notTaken
    /// The server has failed.
    case serverFailure
    /// The server has failed without giving a reason.
    ///
    /// Servers before the fix of kubernetes/kubernetes#139253 report schema errors in this way, so the failure is not
    /// worth a long retry, unlike a failure with a reason.
    case unexplainedFailure
    case other

    init(_ status: ServerStatus) {
        if let refusal = AdmissionRefusal(status) {
            self = .admission(refusal)
        } else if let failure = WebhookFailure(status) {
            self = .webhook(failure)
        } else if status.isSchemaRefusal {
            self = .schema
        } else {
            self = Self.kind(byCodeOf: status)
        }
    }

    private static func kind(byCodeOf status: ServerStatus) -> Self {
        switch status.code {
        case 401: .unauthorized
        case 403 where status.isEscalation: .escalation
        case 403: status.isNamespaceTerminating ? .terminatingNamespace : .forbidden
        case 404:
            if let namespace = status.missingNamespace {
                .missingNamespace(namespace)
            } else {
                status.isUnknownResource ? .unknownResource : .missing
            }
        case 405: .unappliable
        case 408, 425: .notTaken
        case 409: status.isFieldConflict ? .fieldConflict : .changed
        case 413: .tooLarge
        case 422: status.hasFailedAllocation ? .failedAllocation : .invalid
        case 429: .overloaded
        case 500 where status.isTooLargeForStorage: .tooLarge
        case 500 where status.reason.isEmpty: .unexplainedFailure
        case 500...: .serverFailure
        default: .other
        }
    }

    /// Whether another attempt is worthwhile.
    var disposition: Disposition {
        switch self {
        case .admission(let refusal): refusal.disposition
        case .webhook(let failure): failure.disposition
        case .terminatingNamespace, .failedAllocation, .overloaded, .notTaken, .serverFailure: .retry
        case .missingNamespace, .unknownResource, .unauthorized, .forbidden, .missing, .changed,
            .unexplainedFailure:
            .transient
        case .schema, .fieldConflict, .escalation, .invalid, .unappliable, .tooLarge, .other: .permanent
        }
    }
}
