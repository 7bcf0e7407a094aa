import Base

/// The combinations of roles, with their variables, for which tasks and servers are read.
///
/// A task for a role of this node is read with the variables of this node. A task for another role is read with the
/// variables of a node that has the role.
struct RoleViews {
    /// The roles of this node, empty if they are not known.
    let own: [String]

    /// The roles of the first node with each role that this node lacks, or that role alone if no node has it.
    private let others: [String: [String]]

    /// The combinations of roles that nodes have, and each single role, without duplicates.
    let combinations: [[String]]

    /// The variables for each combination of roles.
    private let variables: [[String]: Variables]

    /// Reads the variables of this node and of a node with each other role.
    ///
    /// - Parameters:
    ///   - own: The roles of this node.
    ///   - known: The roles that tasks may name.
    ///   - reader: The reader of the variables.
    init(own: [String], known: [String], _ reader: ClusterReader) {
        let inventory = reader.inventory ?? Inventory()
        var others: [String: [String]] = [:]
        var variables = [own: reader.readVariables(for: own)]
        for role in known where !own.contains(role) {
            let node = inventory.firstNode(of: role)
            let roles = node?.roles ?? [role]
            others[role] = roles
            // Tasks of other roles are checked with another node's values, but this node's name.
            let name = reader.facts.hostName
            variables[roles] = variables[roles] ?? reader.readVariables(for: roles, name: name, valuesOf: node?.name)
        }
        let single = (own + known).sorted().map { [$0] }
        combinations = (single + [own] + (inventory.entries + inventory.patterns).map(\.roles)).unique()
        (self.own, self.others, self.variables) = (own, others, variables)
    }

    /// Returns the roles of the node for which a task or server with the given `roles` is read; `nil` means every role.
    func roles(for roles: [String]?) -> [String] {
        guard let roles, let first = roles.first, !own.contains(where: roles.contains) else { return own }
        return others[first] ?? [first]
    }

    /// Returns the variables with which a task or server with the given `roles` is read; `nil` means every role.
    func variables(for roles: [String]?) -> Variables {
        variables[self.roles(for: roles)] ?? variables[own] ?? Variables()
    }

    /// The roles that occur on a node together with each role, including the role itself.
    var companions: [String: Set<String>] {
        var companions: [String: Set<String>] = [:]
        for roles in combinations {
            for role in roles { companions[role, default: []].formUnion(roles) }
        }
        return companions
    }
}
