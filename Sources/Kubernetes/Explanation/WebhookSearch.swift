import YAML

/// The admission webhooks that a server asks about an object.
struct WebhookSearch {
    let client: APIClient
    let deadline: ContinuousClock.Instant

    /// A webhook with the configuration that contains it.
    private struct Found {
        let kind: String
        let configuration: String
        let webhook: Node

        var description: String { "webhook '\(webhook["name"]?.string ?? "")' of \(kind) '\(configuration)'" }
    }

    /// Returns the only mutating webhook that changes objects of a resource.
    ///
    /// - Parameters:
    ///   - group: The API group.
    ///   - plural: The name of the resource.
    /// - Returns: The webhook for a message, `nil` if there are none or several, or the user may not list them.
    func onlyMutating(group: String, plural: String) async -> String? {
        let matching = await webhooks(["MutatingWebhookConfiguration"]).filter { found in
            (found.webhook["rules"]?.sequence ?? []).contains { rule in
                Self.names(rule["apiGroups"], group) && Self.names(rule["resources"], plural)
            }
        }
        return matching.count == 1 ? matching[0].description : nil
    }

    /// Returns the match condition of a webhook that has an expression.
    ///
    /// - Parameter expression: The expression.
    /// - Returns: The condition for a message, `nil` if there is none, or the user may not list webhooks.
    func condition(with expression: String) async -> String? {
        for found in await webhooks(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]) {
            for condition in found.webhook["matchConditions"]?.sequence ?? []
            where condition["expression"]?.string == expression {
                return "matchCondition '\(condition["name"]?.string ?? "")' of \(found.description)"
            }
        }
        return nil
    }

    private static func names(_ list: Node?, _ name: String) -> Bool {
        (list?.sequence ?? []).contains { ["*", "*/*", name].contains($0.string) }
    }

    private func webhooks(_ kinds: [String]) async -> [Found] {
        var all: [Found] = []
        for kind in kinds {
            let path = "/apis/admissionregistration.k8s.io/v1/\(kind.lowercased())s"
            let list = try? await client.object("GET", path, until: deadline).node
            for item in list?["items"]?.sequence ?? [] {
                let name = item["metadata"]?["name"]?.string ?? ""
                all += (item["webhooks"]?.sequence ?? []).map { Found(kind: kind, configuration: name, webhook: $0) }
            }
        }
        return all
    }
}
