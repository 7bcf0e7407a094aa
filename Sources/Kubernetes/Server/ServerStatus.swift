import Base
import HTTP

/// The status of an unsuccessful response, whose body is an object of kind `Status`, other JSON, or plain text.
struct ServerStatus: Sendable {
    struct Cause: Sendable, Hashable {
        var reason: String
        var message: String
        var field: String

        /// The field and the manager of a conflict, `nil` for other causes.
        var conflict: Conflict? {
            guard reason == "FieldManagerConflict" else { return nil }
            // The message is, for example, `conflict with "kubectl" using v1 at 2024-05-01T00:00:00Z`.
            let manager = message.firstMatch(of: /"([^"]*)"/).map { String($0.1) } ?? message
            return Conflict(path: FieldPath(field), manager: manager)
        }
    }

    var code: Int
    /// The machine-readable reason, such as `Conflict`; empty if there is none.
    var reason: String
    var message: String
    /// The `kind` in `details`, in most refusals the plural name of the resource.
    var kind: String
    /// The `name` in `details`.
    var name: String
    var causes: [Cause]
    var retryAfter: Duration?
    /// The target of a redirection.
    var location: String?
    /// Whether a request without TLS was sent to a port that expects TLS.
    var expectsTLS = false

    init(_ response: HTTPResponse) {
        code = response.status
        let node = try? readJSON(response.body, file: "reply")
        let details = node?["details"]
        reason = node?["reason"]?.string ?? ""
        location = (300..<400).contains(code) ? response.values(of: "location").first : nil
        let text = node?["message"]?.string ?? location.map { "a redirection to '\($0)'" } ?? Self.text(of: response)
        message = Self.bounded(text)
        expectsTLS = response.expectsTLS
        kind = details?["kind"]?.string ?? ""
        name = details?["name"]?.string ?? ""
        causes = (details?["causes"]?.sequence ?? []).map { cause in
            Cause(
                reason: cause["reason"]?.string ?? "",
                message: Self.bounded(cause["message"]?.string ?? ""),
                field: cause["field"]?.string ?? "",
            )
        }
        let seconds =
            response.values(of: "retry-after").first.flatMap { Int($0) } ?? details?["retryAfterSeconds"]?.integer
        retryAfter = seconds.map { .seconds(min(max($0, 0), Self.pauseLimit)) }
    }

    /// Returns a text, with the middle removed if it is too long to be searched quickly.
    private static func bounded(_ text: String) -> String {
        text.utf8.count > textLimit ? text.shortened(to: textLimit / 4) : text
    }

    /// The size in bytes above which a text is shortened.
    private static let textLimit = 32 << 10

    /// The maximum value of ``retryAfter``, in seconds: one year.
    private static let pauseLimit = 365 * 24 * 3600

    /// Creates the status for a kind that discovery does not list.
    init(missing type: GroupVersionKind) {
        message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        (code, reason, kind, name, causes) = (404, "NotFound", "", "", [])
    }

    /// Creates the status for a kind whose objects cannot be applied.
    init(unappliable type: GroupVersionKind, _ resource: APIResource) {
        let only = resource.verbs.joined(separator: ", ")
        message =
            resource.isOfDeletedDefinition
            ? "the CustomResourceDefinition of kind '\(type.kind)' is being deleted"
            : "objects of kind '\(type.kind)' cannot be applied (they support only: \(only))"
        (code, reason, kind, name, causes) = (405, "MethodNotAllowed", "", "", [])
    }

    /// Describes a response without a message: as an HTML page, or by the beginning of its first line.
    private static func text(of response: HTTPResponse) -> String {
        guard !response.isPage else {
            return "an HTML page"
                + (response.senders.isEmpty ? "" : " of '\(response.senders.joined(separator: ", "))'")
        }
        let text = String(decoding: response.body.prefix(400), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.isEmpty ? "no explanation" : line
    }
}

extension ServerStatus {
    /// The server's message on one line, shortened.
    ///
    /// The excerpt of the request at the end of a JSON error is left out, because it may be from a Secret.
    var line: String {
        let end = message.firstRange(of: ", error found in #")?.lowerBound ?? message.endIndex
        return String(message[..<end]).onOneLine.shortened(to: 1000)
    }

    /// Whether a temporary failure to allocate an address or port is reported as an invalid object.
    var hasFailedAllocation: Bool {
        message.contains("failed to allocate")
            && ["rpc error: ", "etcdserver: ", "context deadline exceeded", "connection refused", "Timeout: "]
                .contains { message.contains($0) }
    }

    /// The refusal as a message; a forbidden object is not named, so that several objects can share a report.
    var words: String {
        if isMissingKind { return message }
        return "the server answered \(code): \(reasonLine)"
    }

    /// The server's message on one line, without a beginning that names the forbidden object.
    var reasonLine: String { String(line.trimmingPrefix(#/[^ ]+ "[^"]*" is forbidden: /#)) }

    /// Whether authorization, not admission control, refuses the request.
    var isAuthorizationRefusal: Bool {
        code == 403
            && (message.contains(#/[Uu]ser "[^"]*" cannot /#)
                || message.contains("attempting to grant RBAC permissions")
                || resourceRefusedToCreate != nil)
    }

    /// The resource and group in a message that says only that an object is forbidden.
    ///
    /// Servers up to 1.29 send such a message when they refuse an apply that would create an object. See
    /// `withAuthorization` in `apiserver/pkg/endpoints/handlers/create.go`.
    var resourceRefusedToCreate: (resource: String, group: String)? {
        guard code == 403,
            let match = message.wholeMatch(of: /([^ .\"]+)(?:\.([^ \"]+))? "[^"]*" is forbidden: */)
        else { return nil }
        return (String(match.1), match.2.map { String($0) } ?? "")
    }

    /// Whether this program wrote the message, because the server does not have the kind.
    private var isMissingKind: Bool {
        isUnknownResource && reason == "NotFound" && message.hasPrefix("the server has no kind")
    }

    /// The refusal as a message that every user may read, without the server's text.
    var publicWords: String {
        if isMissingKind { return message }
        let isName = reason.wholeMatch(of: /[A-Za-z]{1,40}/) != nil
        return "the server answered \(code)" + (isName ? " (\(reason))" : "")
    }

    /// Whether the object's namespace is being deleted.
    var isNamespaceTerminating: Bool {
        code == 403 && causes.contains { $0.reason == "NamespaceTerminating" }
    }

    var isFieldConflict: Bool {
        code == 409 && causes.contains { $0.reason == "FieldManagerConflict" }
    }

    /// A field in conflict, and the manager that owns it.
    struct Conflict: Hashable {
        var path: FieldPath
        var manager: String
    }

    var conflicts: [Conflict] { causes.compactMap(\.conflict).unique() }

    var isSchemaRefusal: Bool {
        guard code == 400 || code == 500 && reason.isEmpty || code == 422 && causes.isEmpty else { return false }
        return [
            "failed to create typed patch object", "failed to create manager for existing fields",
            "failed to convert new object", "strict decoding error", "error strict decoding",
            "unable to convert unstructured object", "cannot be handled as a",
        ].contains { message.contains($0) }
    }

    var isTooLargeForStorage: Bool {
        code == 500 && (message.contains("request is too large") || message.contains("larger than max"))
    }

    /// Whether the server does not have the group, the version or the resource.
    var isUnknownResource: Bool {
        code == 404 && name.isEmpty
    }

    /// The namespace whose absence is the reason for the refusal.
    var missingNamespace: String? {
        code == 404 && kind == "namespaces" ? name : nil
    }

    /// Returns the missing kind or namespace that caused the refusal, or `nil` for other refusals.
    func missingRequirement(of type: GroupVersionKind) -> Requirement? {
        if let namespace = missingNamespace { return .namespace(namespace) }
        return isUnknownResource ? .kind(DefinedKind(type)) : nil
    }
}
