import Base

/// The variables for reading tasks and section `cluster`, by role.
///
/// For a role that this node lacks, they are those of the first node with the role, except `node.name`.
struct RoleViews {
    /// The roles of this node, or an empty list if they are not known.
    let own: [String]

    /// For each known role that this node lacks, the roles of the first node or pattern with it, or only the role.
    private let others: [String: [String]]

    /// The combinations of roles that this node, other nodes and patterns have, and each role alone.
    let combinations: [[String]]

    /// The variables, by the roles for which they were read.
    private let variables: [[String]: Variables]

    /// Reads the variables for the roles of this node and for every other known role.
    init(own: [String], known: [String], _ reader: ClusterReader) {
        let inventory = reader.inventory ?? Inventory()
        var others: [String: [String]] = [:]
        var variables = [own: reader.readVariables(for: own)]
        for role in known where !own.contains(role) {
            let node = inventory.firstNode(of: role)
            let roles = node?.roles ?? [role]
            others[role] = roles
            let name = reader.facts.hostName
            variables[roles] = variables[roles] ?? reader.readVariables(for: roles, name: name, valuesOf: node?.name)
        }
        let single = (own + known).sorted().map { [$0] }
        combinations = (single + [own] + (inventory.entries + inventory.patterns).map(\.roles)).unique()
        (self.own, self.others, self.variables) = (own, others, variables)
    }

    /// Returns the roles for which a task with the given roles is read; `nil` stands for a task of every role.
    func roles(for roles: [String]?) -> [String] {
        guard let roles, let first = roles.first, !own.contains(where: roles.contains) else { return own }
        return others[first] ?? [first]
    }

    /// Returns the variables with which a task with the given roles is read; `nil` stands for a task of every role.
    func variables(for roles: [String]?) -> Variables {
        variables[self.roles(for: roles)] ?? variables[own] ?? Variables()
    }

    /// For each role, the roles that occur on the same node, including the role itself.
    var companions: [String: Set<String>] {
        var companions: [String: Set<String>] = [:]
        for roles in combinations {
            for role in roles { companions[role, default: []].formUnion(roles) }
        }
        return companions
    }
}
