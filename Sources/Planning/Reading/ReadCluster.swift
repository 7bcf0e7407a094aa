import YAML

/// The cluster as far as it could be read, so that what is wrong in it is told once.
struct ReadCluster {
    /// What could be read.
    var declaration = ClusterDeclaration()
    /// Whether the CA is written but could not be read.
    var isAuthorityFaulty = false
    /// Whether `servers` is written but could not be read.
    var isServerFaulty = false
    /// The roles that `servers` names, `nil` if it does not go by role.
    var serverRoles: [String]?
    /// What to say of a node whose role is not known.
    let unknownRole: Advice

    /// A message with its hint.
    struct Advice {
        /// What is wrong.
        let message: String
        /// What to type.
        let hint: String
    }

    /// Why there is no server for a role, or `nil` if that was told already.
    func missingServer(for role: String?) -> Advice? {
        guard let serverRoles else {
            guard !isServerFaulty else { return nil }
            return Advice(message: "the cluster has no server", hint: "write servers: https://HOST:6443 below cluster:")
        }
        guard let role else { return unknownRole }
        guard !serverRoles.contains(role) else { return nil }
        return Advice(
            message: "the cluster has no server for role '\(role)'",
            hint: "write \(role): https://HOST:6443 below servers:",
        )
    }
}
