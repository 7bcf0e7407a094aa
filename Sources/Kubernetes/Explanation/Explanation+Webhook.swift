import YAML

/// Admission webhooks that the server cannot ask.
extension Explanation {
    /// A webhook that gives no usable answer, `nil` if that is not the reason.
    func webhookFailure(_ status: ServerStatus) async -> ObjectFailure? {
        guard let failure = WebhookFailure(status) else { return nil }
        // The object's own deadline has often passed; the task's message may be a moment later.
        let deadline = max(deadline, .now + .milliseconds(200))
        let configuration = await client.webhookConfigurations.name(of: failure.webhook, on: client, until: deadline)
        let named =
            configuration
            ?? "its configuration ('kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations')"
        let hint =
            switch failure.cause {
            case .timedOut: "see why its server is slow, or raise 'timeoutSeconds' in \(named)"
            case .untrusted: "set 'caBundle' in \(named) to the CA of the webhook's certificate"
            case .unreadableBundle: "set 'caBundle' in \(named) to a CA certificate as PEM, in base64"
            case .failing: "look into the log of its server"
            case .unreachable: "start its server, or correct 'clientConfig' in \(named)"
            }
        let message = "webhook '\(failure.webhook)', which must allow the object, cannot be asked: \(failure.words)"
        return ObjectFailure(manifest, .other, message, hint: hint)
    }
}

/// Why the server could not ask an admission webhook.
struct WebhookFailure {
    /// What went wrong.
    enum Cause {
        /// There is no connection.
        case unreachable
        /// It does not answer within its `timeoutSeconds`.
        case timedOut
        /// Its certificate is not issued by the CA in `caBundle`, or not for its name.
        case untrusted
        /// Its `caBundle` is not a certificate.
        case unreadableBundle
        /// It answers with an error, or with something else than a review.
        case failing
    }

    /// The webhook's name.
    let webhook: String
    /// What went wrong.
    let cause: Cause
    /// What it does not do, and why.
    let words: String

    /// Reads a refusal, `nil` if no webhook is the reason.
    init?(_ status: ServerStatus) {
        guard status.code >= 500 else { return nil }
        // Servers from 1.21 on write "failed to call webhook: " before the cause.
        let pattern = /(?s)failed calling webhook "([^"]*)": (?:failed to call webhook: )?(.*)/
        guard let match = status.message.firstMatch(of: pattern) else { return nil }
        webhook = String(match.1)
        let text = String(match.2).onOneLine
        // `Post "https://HOST/PATH?timeout=2s": REASON`
        let call = text.firstMatch(of: /Post "([^"?]*)(?:\?timeout=(\w+))?": (.*)/)
        let (url, limit) = (call.map { " from \($0.1)" } ?? "", call?.2.map { " within \($0)" } ?? " in time")
        let reason = String(call?.3 ?? text[...])
        if reason.contains("unable to parse bytes as PEM") || reason.contains("unable to load root certificates") {
            (cause, words) = (.unreadableBundle, "its 'caBundle' cannot be read (\(reason))")
        } else if reason.contains("deadline exceeded") || reason.contains("Client.Timeout") {
            (cause, words) = (.timedOut, "no answer\(url)\(limit)")
        } else if reason.contains("x509: ") || reason.contains("tls: ") {
            (cause, words) = (.untrusted, "the certificate\(url) is not trusted (\(reason))")
        } else if call == nil || reason.contains("server responded") || reason.contains("an error on the server") {
            (cause, words) = (.failing, "it does not give a usable answer: \(reason)")
        } else {
            (cause, words) = (.unreachable, "no answer\(url): \(reason)")
        }
    }

    /// Whether another attempt is worthwhile; a `caBundle` may be filled in shortly after the configuration was created.
    var disposition: Disposition {
        switch cause {
        case .unreachable, .timedOut, .failing: .retry
        case .untrusted: .transient
        case .unreadableBundle: .permanent
        }
    }
}
