import HTTP
import YAML

/// What the API server says when it refuses: an object of kind `Status`, or whatever else came.
///
/// A reply may be plain text, JSON without a kind, or a `Status` without a reason: nothing here is required.
struct ServerStatus: Sendable {
    /// One of the causes that a refusal lists.
    struct Cause: Sendable {
        var reason: String
        var message: String
        var field: String
    }

    /// The HTTP status code.
    var code: Int
    /// The machine-readable reason, such as `Conflict`; empty where the server gave none.
    var reason: String
    /// The server's words.
    var message: String
    /// The kind in `details`, which for most refusals is the resource's plural name.
    var kind: String
    /// The name in `details`.
    var name: String
    /// The causes in `details`.
    var causes: [Cause]
    /// How long the server asks to wait.
    var retryAfter: Duration?

    /// Reads a reply that is not a success.
    init(_ response: HTTPResponse) {
        code = response.status
        let node = try? readJSON(response.body, file: "reply")
        let details = node?["details"]
        reason = node?["reason"]?.string ?? ""
        message = node?["message"]?.string ?? Self.text(of: response)
        kind = details?["kind"]?.string ?? ""
        name = details?["name"]?.string ?? ""
        causes = (details?["causes"]?.sequence ?? []).map { cause in
            Cause(
                reason: cause["reason"]?.string ?? "",
                message: cause["message"]?.string ?? "",
                field: cause["field"]?.string ?? "",
            )
        }
        let seconds =
            response.values(of: "retry-after").first.flatMap { Int($0) } ?? details?["retryAfterSeconds"]?.integer
        retryAfter = seconds.map { .seconds(min(max($0, 0), 60)) }
    }

    /// Creates the status of a kind that the server's discovery does not list.
    init(missing type: GroupVersionKind) {
        message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        (code, reason, kind, name, causes) = (404, "NotFound", "", "", [])
    }

    /// Creates the refusal to apply what the server does not keep.
    init(unappliable type: GroupVersionKind, verbs: [String]) {
        let only = verbs.joined(separator: ", ")
        message = "the server keeps no objects of kind '\(type.kind)' that could be applied, its verbs are: \(only)"
        (code, reason, kind, name, causes) = (405, "MethodNotAllowed", "", "", [])
    }

    /// The first line of a reply that is no JSON, cut to a length that fits a message.
    private static func text(of response: HTTPResponse) -> String {
        let text = String(decoding: response.body.prefix(400), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.isEmpty ? "no explanation" : line
    }
}

extension ServerStatus {
    /// What is to be done about this refusal.
    ///
    /// A 500 without a reason is how servers before the fix of kubernetes/kubernetes#139253 report a schema error, so
    /// unlike a 500 with a reason it is not worth a second try.
    var disposition: Disposition {
        switch code {
        case 401: .window
        case 403 where message.contains("attempting to grant RBAC permissions"): .permanent
        case 403 where isNamespaceTerminating: .retry
        case 403, 404: .window
        case 409 where isFieldConflict: .permanent
        case 409: .window
        case 429: .retry
        case 500 where reason.isEmpty: isSchemaRefusal ? .permanent : .window
        case 500...: .retry
        default: .permanent
        }
    }

    /// The server's words on one line that fits a message.
    ///
    /// The excerpt of the request that a JSON error ends with is left out: it may be part of a Secret.
    var line: String {
        let end = message.firstRange(of: ", error found in #")?.lowerBound ?? message.endIndex
        let line = String(message[..<end]).onOneLine
        return line.count <= Self.lineLimit ? line : line.prefix(Self.lineLimit) + "…"
    }

    private static var lineLimit: Int { 1000 }

    /// Whether the object's namespace is on its way out.
    var isNamespaceTerminating: Bool {
        code == 403 && causes.contains { $0.reason == "NamespaceTerminating" }
    }

    /// Whether fields belong to other managers.
    var isFieldConflict: Bool {
        code == 409 && causes.contains { $0.reason == "FieldManagerConflict" }
    }

    /// Whether the object does not fit the schema of its kind.
    ///
    /// Older servers answer 500 without a reason, newer ones 400.
    var isSchemaRefusal: Bool {
        guard code == 500 && reason.isEmpty || code == 400 || code == 422 && causes.isEmpty else { return false }
        return message.contains("failed to create typed patch object")
            || message.contains("failed to create manager for existing fields")
            || message.contains("failed to convert new object")
            || message.contains("strict decoding error") || message.contains("error strict decoding")
            || message.contains("unable to convert unstructured object")
            || message.contains("cannot be handled as a")
    }

    /// Whether the server does not know the group, the version or the resource.
    var isUnknownResource: Bool {
        code == 404 && name.isEmpty
    }

    /// The namespace that does not exist, if that is what the refusal is about.
    var missingNamespace: String? {
        code == 404 && kind == "namespaces" ? name : nil
    }
}
