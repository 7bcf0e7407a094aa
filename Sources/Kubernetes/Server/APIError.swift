import Base
public import HTTP

/// The reason why an operation on the API server failed.
public enum APIError: Retriable, Sendable, CustomStringConvertible {
    /// The request has no complete response.
    case transport(TransportError)
    case refused(Refusal)
    /// The object or the server is not in the expected state; the text is the reason.
    case pending(String, Disposition, retryAfter: Duration? = nil)
    /// The server's readiness checks fail; the text describes them.
    case notReady(checks: String, retryAfter: Duration? = nil)
    /// The API server cannot have sent this response.
    case foreign(ForeignReply)
    /// The object is being deleted; the texts are its remaining finalizers, if they are known.
    case beingDeleted([String])
    /// The Swift task was cancelled, for example because the program was asked to stop.
    case interrupted

    public struct Refusal: Sendable {
        /// The method and path of the request.
        var request: String
        var code: Int { status.code }
        var message: String { status.message }

        var status: ServerStatus
        let kind: RefusalKind
        /// The decision whether to retry the request, which by default depends on the kind of the refusal.
        var disposition: Disposition

        init(request: String, status: ServerStatus) {
            self.request = request
            self.status = status
            kind = RefusalKind(status)
            disposition = kind.disposition(of: status)
        }

        /// Returns the refusal with only the causes that report the given conflicts.
        func limited(to conflicts: [ServerStatus.Conflict]) -> Self {
            var status = status
            status.causes = status.causes.filter { $0.conflict.map(conflicts.contains) == true }
            return Self(request: request, status: status)
        }

        /// Whether the server refuses the object as invalid, with status 422.
        var isInvalid: Bool { if case .invalid = kind { code == 422 } else { false } }

        /// Whether the object has changed, or was created, since it was read.
        var isOfChangedObject: Bool { if case .changed = kind { true } else { false } }

        /// Whether the server refuses a creation with a resource version, as Kubernetes 1.20 does for Services.
        var isOfVersion: Bool { message.contains("resourceVersion should not be set") }
    }

    public var disposition: Disposition {
        switch self {
        case .refused(let refusal): refusal.disposition
        case .pending(_, let disposition, _): disposition
        case .foreign(let reply): reply.disposition
        case .notReady, .beingDeleted: .retry
        case .interrupted: .permanent
        case .transport(let error): error.disposition
        }
    }

    /// Whether the server may have carried out the request.
    var mayHaveSucceeded: Bool {
        switch self {
        case .refused(let refusal): refusal.code >= 500
        case .pending, .notReady, .beingDeleted: false
        case .foreign(let reply): reply.mayHaveSucceeded
        case .transport, .interrupted: true
        }
    }

    public var retryAfter: Duration? {
        switch self {
        case .pending(_, _, let retryAfter), .notReady(_, let retryAfter): retryAfter
        case .foreign(let reply): reply.retryAfter
        case .refused(let refusal): refusal.status.retryAfter
        case .transport, .beingDeleted, .interrupted: nil
        }
    }

    public var description: String { words }

    public var words: String {
        switch self {
        case .transport(let error): error.message
        case .refused(let refusal): refusal.status.words
        case .pending(let words, _, _): words
        case .notReady(let checks, _): "not ready: \(checks)"
        case .foreign(let reply): "\(reply.words); \(reply.advice)"
        case .beingDeleted(let finalizers): Self.words(forDeletionWith: finalizers)
        case .interrupted: "interrupted"
        }
    }

    /// The error as a message without the server's text in a refusal, because that text may quote the object.
    public var publicWords: String {
        switch self {
        case .refused(let refusal): refusal.status.publicWords
        case .transport, .pending, .notReady, .foreign, .beingDeleted, .interrupted: words
        }
    }

    private static func words(forDeletionWith finalizers: [String]) -> String {
        guard !finalizers.isEmpty else { return "it is being deleted" }
        let names = finalizers.map { "'\($0)'" }.joined(separator: ", ")
        return "it is being deleted and waits for finalizer\(finalizers.count == 1 ? "" : "s") \(names)"
    }
}

extension Node {
    /// The object's finalizers, including those in the spec of a Namespace.
    var remainingFinalizers: [String] {
        (self["metadata"]?["finalizers"]?.sequence ?? []).compactMap(\.string)
            + (self["spec"]?["finalizers"]?.sequence ?? []).compactMap(\.string)
    }
}
