import YAML

/// What the server says about who we are and what we may do.
extension Explanation {
    /// A refusal by authorization, with the rule that would allow it.
    func forbidden(_ status: ServerStatus) -> ObjectFailure {
        let user = Self.quoted(after: "User ", in: status.message) ?? applier.client.kubeconfig.user
        let who = "user '\(user)' (\(applier.client.whoami))"
        guard let verb = Self.word(after: " cannot ", in: status.message),
            let resource = Self.quoted(after: " resource ", in: status.message),
            let group = Self.quoted(after: "API group ", in: status.message)
        else {
            let hint =
                status.message.contains("attempting to grant RBAC permissions")
                ? "apply it as a user who holds these permissions, or who may 'escalate' and 'bind'" : nil
            return ObjectFailure(manifest, .forbidden, "forbidden to \(who): \(oneLine(status.message))", hint: hint)
        }
        let scope = Self.quoted(after: "in the namespace ", in: status.message).map { "in namespace '\($0)'" }
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
    func unauthorized(_ status: ServerStatus) -> ObjectFailure {
        ObjectFailure(
            manifest,
            .forbidden,
            "the API server \(applier.client.kubeconfig.address) does not accept \(applier.client.whoami)",
            hint: "check that the CA which issued the certificate is in the server's '--client-ca-file'",
        )
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
