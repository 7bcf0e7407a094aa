import YAML

/// Refusals of the user and of what the user may do.
extension Explanation {
    /// A refusal by authorization, with the rule that would allow it.
    func forbidden(_ status: ServerStatus) -> ObjectFailure {
        let pattern =
            /User "(?<user>[^"]*)"(?: cannot (?<verb>\w+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)")?(?: in the namespace "(?<namespace>[^"]*)")?/
        let match = status.message.firstMatch(of: pattern)?.output
        let user = match.map { String($0.user) } ?? client.kubeconfig.user
        let who = "user '\(user)' (\(client.whoami))"
        guard let match, let verb = match.verb, let resource = match.resource, let group = match.group else {
            let grant = status.line.firstMatch(
                of: /user "([^"]*)".*attempting to grant RBAC permissions not currently held: *(.*)/
            )
            guard let grant else {
                let hint = "check the authorization of this user"
                return ObjectFailure(manifest, .forbidden, "forbidden to \(who): \(status.line)", hint: hint)
            }
            return ObjectFailure(
                manifest,
                .forbidden,
                "user '\(grant.1)' (\(client.whoami)) may not grant permissions that it does not hold: \(grant.2)",
                hint: "apply it as a user who holds these permissions, or who may 'escalate' and 'bind'",
            )
        }
        // For a Namespace the server names the object itself, in which there is no Role yet.
        let namespace = manifest.identity.isNamespace ? nil : match.namespace
        let scope = namespace.map { "in namespace '\($0)'" }
        let role = scope.map { "a Role \($0)" } ?? "a ClusterRole"
        let verbs = purpose.verbs.map { "\"\($0)\"" }.joined(separator: ", ")
        let rule = #"- {apiGroups: ["\#(group)"], resources: ["\#(resource)"], verbs: [\#(verbs)]}"#
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
}
