import Base
import YAML

/// Finds the configuration that an admission webhook is part of, as a refusal has only the webhook's name.
///
/// Read once for all objects that wait for a webhook.
final class WebhookConfigurations: Sendable {
    /// The configuration by webhook; `nil` if no configuration that the user may read contains it.
    private let found = Locked<[String: String?]>([:])
    private let requests = SharedRequests<String, String?>()

    /// Returns the configuration that a webhook is part of, for a message.
    ///
    /// - Parameters:
    ///   - webhook: The webhook's name.
    ///   - client: The server.
    ///   - deadline: The instant after which it is given up.
    /// - Returns: Kind and name such as `ValidatingWebhookConfiguration 'policy'`, `nil` if it cannot be read.
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
                // The message is useful without the name, so the user needs no permission for it.
            }
        }
        return nil
    }
}
