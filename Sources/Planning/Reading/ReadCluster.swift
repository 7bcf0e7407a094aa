import YAML

/// The cluster as far as it could be read, so that a mistake in it is reported once.
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
    /// The roles that were reported as unknown.
    let reportedRoles: [String]

    /// A message with its hint.
    struct Advice {
        /// What is wrong.
        let message: String
        /// What to type.
        let hint: String
    }

    /// Why there is no server for a node with some roles, or `nil` if that was reported already.
    func missingServer(for roles: [String]) -> Advice? {
        guard let serverRoles else {
            guard !isServerFaulty else { return nil }
            return Advice(message: "the cluster has no server", hint: "write servers: https://HOST:6443 below cluster:")
        }
        guard let role = roles.first else { return unknownRole }
        guard !roles.contains(where: serverRoles.contains), !roles.contains(where: reportedRoles.contains) else {
            return nil
        }
        return Advice(
            message: "the cluster has no server for role '\(role)'",
            hint: "write \(role): https://HOST:6443 below servers:",
        )
    }
}
