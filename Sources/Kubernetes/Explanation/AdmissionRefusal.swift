/// A refusal by the server's admission control.
///
/// Quotas, limits, webhooks, policies and service accounts refuse an object regardless of the user. Most of these
/// refusals have code 403, as refusals by authorization do. No field of `Status` separates the two; only the message
/// does, in the same form on all servers from 1.20 on.
enum AdmissionRefusal {
    /// A ResourceQuota is used up.
    case quota(String, usage: [QuotaUsage])
    /// A ResourceQuota requires values that the object does not set.
    case quotaRequires(String, what: String)
    /// A LimitRange of the namespace does not allow a value.
    case limitRange(String)
    /// An admission webhook denied the object.
    case webhook(String, reason: String, code: Int)
    /// A ValidatingAdmissionPolicy or MutatingAdmissionPolicy denied the object.
    ///
    /// The binding is `nil` if the policy itself cannot be used.
    case policy(kind: String, String, binding: String?, reason: String)
    /// The pod violates the namespace's Pod Security Standard.
    case podSecurity(String, violations: String)
    /// The pod's ServiceAccount does not exist.
    case serviceAccount(String, namespace: String)
    /// Another admission plugin refused the object.
    case other(String)

    /// The requested amount of a resource, and the amounts used and allowed.
    struct QuotaUsage {
        var resource: String
        var requested: String
        var used: String
        var limit: String
    }

    /// Reads a refusal, or returns `nil` if the refusal does not come from admission control.
    init?(_ status: ServerStatus) {
        let message = status.message
        // The substring search avoids the regular expression, which is compiled at each use: for example, every
        // creation begins with a 404.
        if message.contains(" denied "), let denial = Self.denial(message, status.code) {
            self = denial
            return
        }
        // A 403 without a reason is not from the API server, and a 403 from authorization names the user.
        guard status.code == 403, status.reason == "Forbidden", !status.isAuthorizationRefusal,
            !status.isNamespaceTerminating
        else { return nil }
        self = Self.plugin(String(message.trimmingPrefix(#/[^ ]+ "[^"]*" is forbidden: /#)).onOneLine)
    }

    /// Reads the message of a webhook or a policy.
    private static func denial(_ message: String, _ code: Int) -> Self? {
        if let match = message.firstMatch(of: /(?s)admission webhook "([^"]*)" denied the request(?:: (.*)| (.*))/) {
            let reason = String(match.2 ?? match.3 ?? "").onOneLine
            return .webhook(String(match.1), reason: reason, code: code)
        }
        // The server does not name the kind of a mutating policy.
        let policy =
            /(?s)(ValidatingAdmissionPolicy|policy) '([^']*)'(?: with binding '([^']*)')? denied request: (.*)/
        return message.firstMatch(of: policy).map { match in
            let kind = match.1 == "policy" ? "MutatingAdmissionPolicy" : String(match.1)
            return .policy(
                kind: kind,
                String(match.2),
                binding: match.3.map { String($0) },
                reason: String(match.4).onOneLine
            )
        }
    }

    /// Reads the message of a plugin in the server itself.
    private static func plugin(_ text: String) -> Self {
        if let match = text.firstMatch(of: /exceeded quota: ([^ ,]+), requested: (.*), used: (.*), limited: (.*)/) {
            let (used, limits) = (amounts(match.3), amounts(match.4))
            let usage = amounts(match.2).map { resource, requested in
                QuotaUsage(
                    resource: resource,
                    requested: requested,
                    used: used.first { $0.0 == resource }?.1 ?? "0",
                    limit: limits.first { $0.0 == resource }?.1 ?? "0",
                )
            }
            return .quota(String(match.1), usage: usage)
        }
        if let match = text.firstMatch(of: /failed quota: ([^ :]+): must specify (.*)/) {
            return .quotaRequires(String(match.1), what: String(match.2))
        }
        if let match = text.firstMatch(of: /violates PodSecurity "([^"]*)": (.*)/) {
            return .podSecurity(String(match.1), violations: String(match.2))
        }
        let account = /error looking up service account ([^\/ ]+)\/([^: ]+): serviceaccount "[^"]*" not found/
        if let match = text.firstMatch(of: account) {
            return .serviceAccount(String(match.2), namespace: String(match.1))
        }
        if text.contains(#/(?:minimum|maximum|max) .* per \w+ is /#) { return .limitRange(text) }
        return .other(text)
    }

    /// Parses amounts such as `cpu=1,memory=1Gi`.
    private static func amounts(_ text: Substring) -> [(String, String)] {
        text.split(separator: ",").map { part in
            let pair = part.split(separator: "=", maxSplits: 1)
            return (String(pair.first ?? ""), String(pair.dropFirst().first ?? ""))
        }
    }

    /// Whether another attempt is worthwhile.
    ///
    /// A refusal is permanent until the manifest or the rule changes, with these exceptions: a controller creates the
    /// ServiceAccount `default` shortly after its namespace, a plugin may not have seen a new object yet, and a webhook
    /// may fail or be overloaded.
    var disposition: Disposition {
        switch self {
        case .webhook(_, _, let code): code == 429 || code >= 500 ? .retry : .permanent
        case .serviceAccount(let name, _): name == "default" ? .transient : .permanent
        case .other(let text):
            ["not found", "not yet ready", "status unknown"].contains { text.contains($0) } ? .transient : .permanent
        // Another task may create the parameters.
        case .policy(_, _, _, let reason): Self.lacksParameters(reason) ? .transient : .permanent
        case .quota, .quotaRequires, .limitRange, .podSecurity: .permanent
        }
    }

    /// Returns whether a policy refuses an object because the objects with its parameters do not exist.
    static func lacksParameters(_ reason: String) -> Bool { reason.contains("no params found for policy binding") }

    /// Whether a quota or a limit caused the refusal; the same task may have just changed it.
    var isAboutLimits: Bool {
        switch self {
        case .quota, .quotaRequires, .limitRange: true
        case .webhook, .policy, .podSecurity, .serviceAccount, .other: false
        }
    }
}

extension ServerStatus {
    /// Whether authorization refuses the user, as opposed to admission control, which refuses the object.
    var isAuthorizationRefusal: Bool {
        code == 403
            && (message.contains(#/[Uu]ser "[^"]*" cannot /#) || isEscalation || resourceRefusedToCreate != nil)
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

    /// Whether the refused request would grant permissions that the user does not hold.
    var isEscalation: Bool {
        code == 403 && message.contains("attempting to grant RBAC permissions")
    }
}
