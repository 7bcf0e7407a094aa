import Base
import HTTP

/// A refusal of the API server: an object of kind `Status`, or any other response.
///
/// A response may be plain text, JSON without a kind, or a `Status` without a reason, so no field is required.
struct ServerStatus: Sendable {
    /// One of the causes that a refusal lists.
    struct Cause: Sendable, Hashable {
        var reason: String
        var message: String
        var field: String

        /// The field and the manager of a conflict, `nil` for another cause.
        var conflict: Conflict? {
            guard reason == "FieldManagerConflict" else { return nil }
            // The message is, for example, `conflict with "kubectl" using v1 at 2024-05-01T00:00:00Z`.
            let manager = message.firstMatch(of: /"([^"]*)"/).map { String($0.1) } ?? message
            return Conflict(path: FieldPath(field), manager: manager)
        }
    }

    /// The HTTP status code.
    var code: Int
    /// The machine-readable reason, such as `Conflict`; empty if the server gave none.
    var reason: String
    /// The server's message.
    var message: String
    /// The `kind` in `details`, which contains the plural name of the resource in most refusals.
    var kind: String
    /// The name in `details`.
    var name: String
    /// The causes in `details`.
    var causes: [Cause]
    /// The pause that the server asks for.
    var retryAfter: Duration?
    /// The target of a redirection.
    var location: String?
    /// Whether the request was sent without TLS to a port that expects TLS.
    var expectsTLS = false

    /// Reads an unsuccessful response.
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

    /// Returns the text of a refusal, with the middle removed if the text is too long to search quickly.
    private static func bounded(_ text: String) -> String {
        text.utf8.count > textLimit ? text.shortened(to: textLimit / 4) : text
    }

    /// The longest text of a refusal, in bytes.
    private static let textLimit = 32 << 10

    /// The longest pause that is accepted, in seconds: a year.
    private static let pauseLimit = 365 * 24 * 3600

    /// Creates the status of a kind that the server's discovery does not list.
    init(missing type: GroupVersionKind) {
        message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        (code, reason, kind, name, causes) = (404, "NotFound", "", "", [])
    }

    /// Creates the refusal to apply objects of a kind that does not support apply.
    init(unappliable type: GroupVersionKind, _ resource: APIResource) {
        let only = resource.verbs.joined(separator: ", ")
        message =
            resource.isOfDeletedDefinition
            ? "the CustomResourceDefinition of kind '\(type.kind)' is being deleted"
            : "objects of kind '\(type.kind)' cannot be applied (they support only: \(only))"
        (code, reason, kind, name, causes) = (405, "MethodNotAllowed", "", "", [])
    }

    /// Returns the first line of a response that is not JSON, shortened for a message.
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
    /// The excerpt of the request at the end of a JSON error is left out, because it may be part of a Secret.
    var line: String {
        let end = message.firstRange(of: ", error found in #")?.lowerBound ?? message.endIndex
        return String(message[..<end]).onOneLine.shortened(to: 1000)
    }

    /// Whether the server could not reach its storage to allocate an IP address or port for a Service.
    ///
    /// The server reports this as a refusal of the object.
    var hasFailedAllocation: Bool {
        message.contains("failed to allocate")
            && ["rpc error: ", "etcdserver: ", "context deadline exceeded", "connection refused", "Timeout: "]
                .contains { message.contains($0) }
    }

    /// The refusal as text for reports of waits, without the object's name: waiting objects can share one report.
    var words: String {
        if isMissingKind { return message }
        return "the server answered \(code): \(reasonLine)"
    }

    /// The server's message on one line without the beginning of a refusal, which names the object.
    var reasonLine: String { String(line.trimmingPrefix(#/[^ ]+ "[^"]*" is forbidden: /#)) }

    /// Whether authorization refuses the user, as opposed to admission control, which refuses the object.
    var isAuthorizationRefusal: Bool {
        code == 403
            && (message.contains(#/[Uu]ser "[^"]*" cannot /#)
                || message.contains("attempting to grant RBAC permissions")
                || resourceRefusedToCreate != nil)
    }

    /// The resource that the user may not create, with its group, if the message says no more than that.
    ///
    /// Servers up to 1.29 refuse an apply that would create an object in this way; see `withAuthorization` in
    /// `apiserver/pkg/endpoints/handlers/create.go`.
    var resourceRefusedToCreate: (resource: String, group: String)? {
        guard code == 403,
            let match = message.wholeMatch(of: /([^ .\"]+)(?:\.([^ \"]+))? "[^"]*" is forbidden: */)
        else { return nil }
        return (String(match.1), match.2.map { String($0) } ?? "")
    }

    /// Whether this program, not the server, wrote the message, because the server does not have the kind.
    private var isMissingKind: Bool {
        isUnknownResource && reason == "NotFound" && message.hasPrefix("the server has no kind")
    }

    /// The refusal as text that every user may read: the code, and the reason if the server gives one.
    var publicWords: String {
        if isMissingKind { return message }
        let isName = reason.wholeMatch(of: /[A-Za-z]{1,40}/) != nil
        return "the server answered \(code)" + (isName ? " (\(reason))" : "")
    }

    /// Whether the object's namespace is being deleted.
    var isNamespaceTerminating: Bool {
        code == 403 && causes.contains { $0.reason == "NamespaceTerminating" }
    }

    /// Whether fields belong to other managers.
    var isFieldConflict: Bool {
        code == 409 && causes.contains { $0.reason == "FieldManagerConflict" }
    }

    /// A field that belongs to another manager.
    struct Conflict: Hashable {
        var path: FieldPath
        var manager: String
    }

    /// The fields that belong to other managers.
    var conflicts: [Conflict] { causes.compactMap(\.conflict).unique() }

    /// Whether the object does not match the schema of its kind.
    var isSchemaRefusal: Bool {
        guard code == 400 || code == 500 && reason.isEmpty || code == 422 && causes.isEmpty else { return false }
        return [
            "failed to create typed patch object", "failed to create manager for existing fields",
            "failed to convert new object", "strict decoding error", "error strict decoding",
            "unable to convert unstructured object", "cannot be handled as a",
        ].contains { message.contains($0) }
    }

    /// Whether etcd does not accept an object of this size.
    var isTooLargeForStorage: Bool {
        code == 500 && (message.contains("request is too large") || message.contains("larger than max"))
    }

    /// Whether the server does not know the group, the version or the resource.
    var isUnknownResource: Bool {
        code == 404 && name.isEmpty
    }

    /// The missing namespace, if a missing namespace is the reason for the refusal.
    var missingNamespace: String? {
        code == 404 && kind == "namespaces" ? name : nil
    }

    /// Returns the missing namespace or kind that an object of a type needs, or `nil` for a refusal of another sort.
    func missingRequirement(of type: GroupVersionKind) -> Requirement? {
        if let namespace = missingNamespace { return .namespace(namespace) }
        return isUnknownResource ? .kind(DefinedKind(type)) : nil
    }
}
