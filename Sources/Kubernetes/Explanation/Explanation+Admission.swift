import Base
import YAML

/// Objects that admission control refuses.
extension Explanation {
    /// Explains a refusal by admission control, which does not depend on the user.
    func denied(_ refusal: AdmissionRefusal) async -> ObjectFailure {
        switch refusal {
        case .quota(let name, let usage): return quotaFailure(name, usage)
        case .quotaRequires(let name, let what):
            return denied(
                "refused by ResourceQuota '\(name)': the containers must specify \(what)",
                at: PodField.location(namedBy: "failed quota: \(name): must specify \(what)", in: manifest),
                hint: "add it below 'resources' of each container, or set defaults by a LimitRange in namespace "
                    + "'\(namespace)'",
                code: .quotaExceeded,
            )
        case .limitRange(let text):
            return denied(
                "refused by a LimitRange of namespace '\(namespace)': \(text)",
                at: PodField.location(namedBy: text, in: manifest) ?? locationOfClaim(text),
                hint: "stay within the limits, or change them: 'kubectl edit limitrange -n \(namespace)'",
                code: .quotaExceeded,
            )
        case .webhook(let name, let reason, _):
            return denied(
                "refused by webhook '\(name)': \(reason)",
                hint: change("the rules of the webhook"),
            )
        case .policy(let kind, let name, let binding, let reason):
            return await policyFailure(kind: kind, name, binding: binding, reason: reason)
        case .podSecurity(let standard, let violations): return podSecurityFailure(standard, violations)
        case .serviceAccount(let name, let namespace):
            let path = ["spec.serviceAccountName", "spec.serviceAccount"].first { field($0) != nil }
            // Another task may create the ServiceAccount.
            return ObjectFailure(
                manifest,
                .other,
                "ServiceAccount '\(name)' does not exist in namespace '\(namespace)'",
                at: path.flatMap(field),
                hint: "apply a manifest of the ServiceAccount before it, or correct 'serviceAccountName'",
                code: .missingNamespace,
            )
        case .other(let text):
            let cause: ObjectFailure.Cause = refusal.disposition == .permanent ? .denied : .other
            if let failure = await conditionFailure(text, cause) { return failure }
            let known = PluginRefusal(text)
            let change = purpose == .application ? onlyChange : nil
            return ObjectFailure(
                manifest,
                cause,
                "refused by admission control: \(text)" + (change.map { " (\(values(of: $0)))" } ?? ""),
                at: change?.location ?? known?.location(in: manifest),
                hint: known?.hint ?? change.map { _ in "restore the value" },
                code: .admissionDenied,
            )
        }
    }

    /// Explains that a condition for asking a webhook fails because the object lacks a key.
    private func conditionFailure(_ text: String, _ cause: ObjectFailure.Cause) async -> ObjectFailure? {
        guard let fault = ExpressionFault(text), let expression = fault.expression else { return nil }
        let condition = await WebhookSearch(client: client, deadline: explanationDeadline).condition(with: expression)
        return ObjectFailure(
            manifest,
            cause,
            "\(condition ?? "an admission condition") cannot be evaluated: the object has no key '\(fault.key)'",
            hint: "correct the condition '\(expression)': it must test that the key exists; or add the key",
            code: .admissionDenied,
        )
    }

    /// The fields of Services and claims that count towards the resources of a quota.
    private static let quotaFields = [
        "services.nodeports": "spec.type", "services.loadbalancers": "spec.type",
        "requests.storage": "spec.resources.requests.storage",
    ]

    /// Explains that a quota is used up.
    private func quotaFailure(_ name: String, _ usage: [AdmissionRefusal.QuotaUsage]) -> ObjectFailure {
        let words = usage.map { usage in
            "\(usage.resource) used \(usage.used) of \(usage.limit)"
                + (usage.requested == "1" ? "" : ", \(usage.requested) requested")
        }
        let resources = usage.map(\.resource)
        // The quota for one StorageClass is `NAME.storageclass.storage.k8s.io/requests.storage`.
        let ownFields = resources.compactMap { Self.quotaFields[String($0.split(separator: "/").last ?? "")] }
        let podFields = resources.map { $0.contains(".") ? $0 : "requests.\($0)" }
        let place =
            ownFields.lazy.compactMap(field).first
            ?? PodField.location(namedBy: podFields.map { "resources.\($0)" }, in: manifest)
        let takesNodePorts =
            resources.contains("services.nodeports") && manifest.root["spec"]?["type"]?.string == "LoadBalancer"
        let other = takesNodePorts ? "write 'allocateLoadBalancerNodePorts: false' below 'spec', or " : ""
        // Nothing can be deleted if nothing is used.
        let deletion = usage.contains { $0.used == "0" } ? "" : " or delete objects"
        let command = quotedShellLine(["kubectl", "edit", "resourcequota", name, "-n", namespace])
        return denied(
            "refused by ResourceQuota '\(name)': \(words.joined(separator: "; "))",
            at: place,
            hint: "\(other)raise the quota\(deletion): \(command)",
            code: .quotaExceeded,
        )
    }

    /// Explains a violation of a Pod Security Standard.
    private func podSecurityFailure(_ standard: String, _ violations: String) -> ObjectFailure {
        denied(
            "refused by Pod Security Standard '\(standard)' of namespace '\(namespace)': \(violations)",
            at: PodField.location(namedBy: "violates PodSecurity \"\(standard)\": \(violations)", in: manifest),
            hint: ReadinessAdvice.podSecurity(in: namespace),
        )
    }

    /// Returns advice on the change that would make the given rules allow the request.
    func change(_ rules: String) -> String {
        switch purpose {
        case .application: "change the manifest, or \(rules)"
        case .parent: "exempt \(manifest.identity) in \(rules)"
        case .deletion, .listing, .lock: "change \(rules)"
        }
    }

    func denied(
        _ message: String,
        at location: SourceLocation? = nil,
        hint: String,
        code: ProblemCode? = nil,
    ) -> ObjectFailure {
        ObjectFailure(manifest, .denied, message, at: location, hint: hint, code: code)
    }

    /// The namespace of the object, by default the kubeconfig's namespace.
    var namespace: String { manifest.identity.namespace ?? client.kubeconfig.namespace }

    /// The location of a field, `nil` if the manifest does not have it.
    private func field(_ path: String) -> SourceLocation? {
        let target = FieldPath(path).resolve(in: manifest.root)
        return target.node == nil ? nil : target.location
    }

    /// Returns the location of the size that a LimitRange refuses for a PersistentVolumeClaim.
    private func locationOfClaim(_ text: String) -> SourceLocation? {
        text.contains(" per PersistentVolumeClaim is ") ? field("spec.resources.requests.storage") : nil
    }
}

/// Admission webhooks that the server cannot call.
extension Explanation {
    /// Explains the failure of a webhook that gives no usable answer.
    func webhookFailure(_ failure: WebhookFailure) async -> ObjectFailure {
        // The object's own deadline has often passed; this request may delay the task's message slightly.
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
            case .failing where failure.words.contains("couldn't get version/kind"):
                "its answer is no AdmissionReview, so 'clientConfig' in \(named) may lead to another server"
            case .failing where failure.words.contains("AdmissionReview) to ("):
                "its server answers in another version than it was asked: update it, or leave only the version in which it "
                    + "answers in 'admissionReviewVersions' of \(named)"
            case .failing where failure.words.contains("could not find the requested resource"):
                "its server has no such path: correct 'clientConfig' in \(named)"
            case .failing: "look into the log of its server"
            case .unreachable: "start its server, or correct 'clientConfig' in \(named)"
            }
        let message = "webhook '\(failure.webhook)', which must allow the object, cannot be asked: \(failure.words)"
        return ObjectFailure(manifest, .other, message, hint: hint, code: .webhookUnavailable)
    }
}

/// The reason why the server could not call an admission webhook.
struct WebhookFailure {
    /// The kinds of failures.
    enum Cause {
        /// No connection to the webhook.
        case unreachable
        /// No answer within the webhook's `timeoutSeconds`.
        case timedOut
        /// A certificate that was not issued by the CA in `caBundle`, or not for the webhook's name.
        case untrusted
        /// A `caBundle` that is not a certificate.
        case unreadableBundle
        /// An error, or an answer that is not an admission review.
        case failing
    }

    /// The webhook's name.
    let webhook: String
    /// The kind of failure.
    let cause: Cause
    /// The failure and its reason.
    let words: String

    /// Reads a refusal, or returns `nil` if no webhook caused the refusal.
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

    /// Whether another attempt is worthwhile; a `caBundle` may be filled in shortly after the configuration is created.
    var disposition: Disposition {
        switch cause {
        case .unreachable, .timedOut, .failing: .retry
        case .untrusted: .transient
        case .unreadableBundle: .permanent
        }
    }
}

/// The configurations that contain admission webhooks, because a refusal names only the webhook.
///
/// Each configuration is read once for all objects that wait for the webhook.
final class WebhookConfigurations: Sendable {
    /// The configuration of each webhook; `nil` if no configuration that the user may read contains the webhook.
    private let found = Locked<[String: String?]>([:])
    private let requests = SharedRequests<String, String?>()

    /// Returns the configuration that contains a webhook, for a message.
    ///
    /// - Parameters:
    ///   - webhook: The webhook's name.
    ///   - client: The server.
    ///   - deadline: The instant after which the request is given up.
    /// - Returns: Kind and name such as `ValidatingWebhookConfiguration 'policy'`, `nil` if no configuration is found.
    func name(of webhook: String, on client: APIClient, until deadline: ContinuousClock.Instant) async -> String? {
        if let known = found.withLock({ $0[webhook] }) { return known }
        return try? await requests.answer(for: webhook) { () async throws(APIError) in
            // The answer to another caller's request may have arrived since.
            if let known = found.withLock({ $0[webhook] }) { return known }
            let name = try await read(webhook, on: client, until: deadline)
            found.withLock { $0[webhook] = .some(name) }
            return name
        }
    }

    private func read(
        _ webhook: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> String? {
        for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
            let path = "/apis/admissionregistration.k8s.io/v1/\(kind.lowercased())s"
            do {
                let list = try await client.object("GET", path, until: deadline).node
                let owner = (list["items"]?.sequence ?? []).first { item in
                    (item["webhooks"]?.sequence ?? []).contains { $0["name"]?.string == webhook }
                }
                if let name = owner?["metadata"]?["name"]?.string { return "\(kind) '\(name)'" }
            } catch .refused(let refusal) where refusal.code == 403 {
                // The message is useful without the name of the configuration, so no permission to read it is required.
            }
        }
        return nil
    }
}
