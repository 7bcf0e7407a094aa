import YAML

/// What the server says about who we are and what we may do.
extension Explanation {
    /// A refusal by authorization, with the rule that would allow it.
    func forbidden(_ status: ServerStatus) -> ObjectFailure {
        let user = Self.quoted(after: "User ", in: status.message) ?? client.kubeconfig.user
        let who = "user '\(user)' (\(client.whoami))"
        guard let verb = Self.word(after: " cannot ", in: status.message),
            let resource = Self.quoted(after: " resource ", in: status.message),
            let group = Self.quoted(after: "API group ", in: status.message)
        else {
            let isEscalation = status.message.contains("attempting to grant RBAC permissions")
            let hint = "apply it as a user who holds these permissions, or who may 'escalate' and 'bind'"
            let message = "forbidden to \(who): \(status.line)"
            return ObjectFailure(manifest, .forbidden, message, hint: isEscalation ? hint : nil)
        }
        // For a Namespace the server names the object itself, where no Role could be.
        let namespace =
            manifest.identity.isNamespace ? nil : Self.quoted(after: "in the namespace ", in: status.message)
        let scope = namespace.map { "in namespace '\($0)'" }
        let role = scope.map { "a Role \($0)" } ?? "a ClusterRole"
        let rule = #"- {apiGroups: ["\#(group)"], resources: ["\#(resource)"], verbs: ["get", "create", "patch"]}"#
        return ObjectFailure(
            manifest,
            .forbidden,
            "\(who) may not \(verb) \(resource) \(scope ?? "at the cluster scope")",
            hint: "add to \(role) bound to this user: \(rule)",
        )
    }

    /// A refusal by authentication.
    func unauthorized() -> ObjectFailure {
        let message = "API server \(client.kubeconfig.server) does not accept \(client.whoami)"
        return ObjectFailure(manifest, .forbidden, message, hint: client.credentialAdvice)
    }

    /// The text in double quotes after a phrase.
    private static func quoted(after phrase: String, in text: String) -> String? {
        guard let range = text.firstRange(of: phrase + "\"") else { return nil }
        let rest = text[range.upperBound...]
        return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
    }

    /// The word after a phrase.
    private static func word(after phrase: String, in text: String) -> String? {
        guard let range = text.firstRange(of: phrase) else { return nil }
        let word = text[range.upperBound...].prefix { $0.isLetter }
        return word.isEmpty ? nil : String(word)
    }
}
